"""Scored tables as Parquet, in one pass."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.outputs import whole_file, writing
from data.parquet.annotations import keep_annotations
from data.parquet.dictionaries import Dictionaries, groups
from data.predictions import PROBABILITY, fields
from data.table import Batch
from sentiment_core.errors import OutputError

# Row groups of this size read well elsewhere; batches are gathered up to the first of both.
_GROUP_ROWS = 65_536
_GROUP_BYTES = 1 << 24


@contextmanager
def open_parquet_writer(
    path: Path, rows: pa.Schema, prefix: str, source: Path | None = None
) -> Iterator["ParquetWriter"]:
    """Give a writer whose batches become `path` when the block ends well; else nothing stays.

    `rows` is the schema of `Batch.rows`, `prefix` stands before the names of the predictions, `source` is the Parquet
    file that the rows are from, if it is one. Raises OutputError, also where the file has other rows than were added.
    """
    schema = rows
    for field in fields(prefix):
        schema = schema.append(field)
    with whole_file(path) as part, _open(path, part) as sink:
        with writing(path):
            file = pq.ParquetWriter(
                sink,
                schema,
                # The codec and level that outputs have had from Polars.
                compression="zstd",
                compression_level=3,
                # As most write them, where they fit.
                store_decimal_as_integer=True,
                # Items of lists keep the names that they have.
                use_compliant_nested_type=False,
                # Probabilities are hardly ever the same, and a dictionary of them takes half as much again.
                use_dictionary=[leaf for leaf in _leaves(schema) if leaf != prefix + PROBABILITY],
                # How many rows are looked at before a page ends; with the usual 1,024 long rows make pages of a GB.
                write_batch_size=64,
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
            if source is not None:
                keep_annotations(source, rows.names, part)
            with pa.OSFile(str(part)) as copy:
                written = pq.read_metadata(copy).num_rows
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


def _leaves(schema: pa.Schema) -> list[str]:
    """Return the paths that the leaves of a schema are stored under."""
    stored = BytesIO()
    pq.write_metadata(schema, stored)
    found = pq.ParquetFile(stored).schema
    return [found.column(place).path for place in range(len(found))]


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
        if self._held_rows:
            with writing(self._path):
                for group in groups(pa.concat_tables(self._pending)):
                    self._file.write_table(group, len(group))
        self._pending, self._held, self._held_rows = [], 0, 0
