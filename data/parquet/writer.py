"""Scored tables as Parquet, in one pass."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.outputs import whole_file, writing
from data.parquet.dictionaries import Dictionaries, groups
from data.predictions import fields
from data.table import Batch
from sentiment_core.errors import OutputError

# Row groups of this size read well elsewhere; batches are gathered up to the first of both.
_GROUP_ROWS = 65_536
_GROUP_BYTES = 1 << 24


@contextmanager
def open_parquet_writer(path: Path, rows: pa.Schema, prefix: str) -> Iterator["ParquetWriter"]:
    """Give a writer whose batches become `path` when the block ends well; else nothing stays.

    `rows` is the schema of `Batch.rows`, `prefix` that of the predictions' columns. Raises OutputError, also where the
    file has other rows than were added.
    """
    schema = rows
    for field in fields(prefix):
        schema = schema.append(field)
    with whole_file(path) as part, _open(path, part) as sink:
        with writing(path):
            # The codec and level that outputs have had from Polars. Decimals as integers where they fit, as most write
            # them.
            file = pq.ParquetWriter(
                sink, schema, compression="zstd", compression_level=3, store_decimal_as_integer=True
            )
        writer = ParquetWriter(path, file)
        try:
            yield writer
            writer.flush()
        except BaseException:
            # Else pyarrow ends the file when it is forgotten, and complains of a sink that is closed.
            with suppress(OSError, pa.ArrowException):
                file.close()
            raise
        with writing(path):
            file.close()
            sink.close()
            with pa.OSFile(str(part)) as source:
                written = pq.read_metadata(source).num_rows
        if written != writer.rows:
            raise OutputError(f"{path}: wanted {writer.rows:,} rows, found {written:,} in what was written; run again")


@contextmanager
def _open(path: Path, part: Path) -> Iterator[pa.NativeFile]:
    with writing(path):
        sink = pa.OSFile(str(part), "wb")
    try:
        yield sink
    finally:
        with writing(path):
            sink.close()


class ParquetWriter:
    """Gathers batches to row groups; a stretch of long rows makes small groups of its own rows alone."""

    def __init__(self, path: Path, file: pq.ParquetWriter) -> None:
        self._path, self._file = path, file
        self._pending, self._dictionaries = list[pa.Table](), Dictionaries()
        self._held = self._held_rows = self.rows = 0

    def add(self, batch: Batch, predictions: pa.Table) -> None:
        """Write `batch` after the others, with its predictions. Raises OutputError."""
        columns = [*batch.rows.columns, *predictions.columns]
        table, size = self._dictionaries.share(pa.Table.from_arrays(columns, schema=self._file.schema))
        self._pending.append(table)
        self.rows += len(table)
        self._held_rows += len(table)
        self._held += size
        if self._held_rows >= _GROUP_ROWS or self._held >= _GROUP_BYTES:
            self.flush()

    def flush(self) -> None:
        """Write what is pending. Raises OutputError."""
        if self._pending:
            with writing(self._path):
                for group in groups(pa.concat_tables(self._pending)):
                    self._file.write_table(group, _GROUP_ROWS)
        self._pending, self._held, self._held_rows = [], 0, 0
