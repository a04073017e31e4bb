"""Rows of a Parquet file in order, in tables of bounded size."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.parquet.dictionaries import Dictionaries
from data.parquet.faults import FAULTS, cause, reading
from data.parquet.values import decoded
from data.table import Limits
from sentiment_core.errors import TableError

# Nothing tells how long the rows to come are. A stretch of long ones after short ones is met with this many at most;
# 64 rows a step read half as fast, 1,024 a tenth faster.
_LONGEST_STEP = 128
# No step should hold more than this share of a batch.
_STEPS = 8
# Of a column that is being read; without it pyarrow takes whole column chunks into memory.
_BUFFER = 1 << 16


@contextmanager
def opened(path: Path) -> Iterator[pq.ParquetFile]:
    """Open a file as every reader here does. INT96 comes as microseconds, which hold the years that others write."""
    # By a handle: pyarrow takes some names for addresses or patterns.
    with (
        pa.OSFile(str(path)) as source,
        pq.ParquetFile(source, coerce_int96_timestamp_unit="us", pre_buffer=False, buffer_size=_BUFFER) as file,
    ):
        yield file


def read_rows(path: Path, columns: Sequence[str], text: str, limits: Limits) -> Iterator[pa.Table]:
    """Yield the rows of `columns`, at most `limits.rows` and about `limits.size` bytes at a time.

    The size counts `text` as it is spelt out, whatever dictionary it has. Raises TableError.
    """
    with reading(path), opened(path) as file:
        read = 0
        try:
            for table in _gathered(file, columns, text, limits):
                read += len(table)
                yield table
        except FAULTS as error:
            raise TableError(f"{path}: {_broken(path, columns, text)}{cause(error)}") from error
        if read != file.metadata.num_rows:
            raise TableError(
                f"{path}: wanted {file.metadata.num_rows:,} rows, found {read:,}; write or copy the file again"
            )


def _gathered(file: pq.ParquetFile, columns: Sequence[str], text: str, limits: Limits) -> Iterator[pa.Table]:
    """Join steps to tables. A step is twice the one before at most, and smaller where rows are long."""
    pending: list[pa.Table] = []
    known, rows, size, step = Dictionaries(), 0, 0, 1
    batches = file.reader.iter_batches(
        step, row_groups=range(file.num_row_groups), column_indices=_leaves(file, columns), use_threads=False
    )
    for batch in batches:
        table, held = known.share(pa.Table.from_batches([batch]))
        if pa.types.is_dictionary(table.schema.field(text).type):
            held += decoded(table, text).nbytes
        pending.append(table)
        rows, size = rows + len(table), size + held
        if rows >= limits.rows or size >= limits.size:
            yield pa.concat_tables(pending)
            pending, rows, size = [], 0, 0
        fit = limits.size * len(table) // max(1, held * _STEPS)
        step = max(1, min(2 * step, fit, _LONGEST_STEP))
        # The reader asks for its batch size anew at every step.
        file.reader.set_batch_size(min(step, limits.rows - rows))
    if pending:
        yield pa.concat_tables(pending)


def _leaves(file: pq.ParquetFile, columns: Sequence[str]) -> list[int]:
    """Return the places of the columns' leaves. By counting, as paths of leaves do not tell a.b from b within a."""
    wanted: list[int] = []
    place = 0
    for field in file.schema_arrow:
        width = _width(field.type)
        if field.name in columns:
            wanted += range(place, place + width)
        place += width
    return wanted


def _width(kind: pa.DataType) -> int:
    """Count the leaves that a column of this type is stored in."""
    if isinstance(kind, pa.BaseExtensionType):
        return _width(kind.storage_type)
    fields = [kind.field(place) for place in range(kind.num_fields)]
    return sum(_width(field.type) for field in fields) if fields or pa.types.is_struct(kind) else 1


def _broken(path: Path, columns: Sequence[str], text: str) -> str:
    """Say which column of a file cannot be read, by reading each alone."""
    for column in columns:
        with opened(path) as file:
            try:
                for _ in _gathered(file, [column], column, Limits()):
                    pass
            except FAULTS:
                return f"column {column!r}: "
    return ""
