"""Rows of a Parquet file in order, in tables of bounded size."""

import sys
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

# Nothing tells how long the next rows are. Long ones among many short ones are met with this many at most, which takes
# a tenth of a second more for 200,000 rows than reading them in steps of 1,024.
_LONGEST_STEP = 64
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
    groups = _groups(file)
    end, mean = next(groups)
    pending: list[pa.Table] = []
    known, read, rows, size, pace = Dictionaries(), 0, 0, 0, 1
    batches = file.reader.iter_batches(
        pace, row_groups=range(file.num_row_groups), column_indices=leaves(file, columns), use_threads=False
    )
    for batch in batches:
        table, held = known.share(pa.Table.from_batches([batch]))
        if pa.types.is_dictionary(table.schema.field(text).type):
            held += decoded(table, text).nbytes
        pending.append(table)
        read, rows, size = read + len(table), rows + len(table), size + held
        if rows >= limits.rows or size >= limits.size:
            yield pa.concat_tables(pending)
            pending, rows, size = [], 0, 0
        while read >= end:
            end, mean = next(groups)
        share = limits.size // _STEPS
        pace = max(1, min(2 * pace, share * len(table) // max(1, held), _LONGEST_STEP))
        # The reader asks for its batch size anew at every step.
        file.reader.set_batch_size(max(1, min(pace, share // mean, end - read, limits.rows - rows)))
    if pending:
        yield pa.concat_tables(pending)


def _groups(file: pq.ParquetFile) -> Iterator[tuple[int, int]]:
    """Yield the row that ends each row group, and how many bytes its rows have on average; then no end.

    What a dictionary page spares is not told, nor how much the rows differ. The sizes of single columns are not asked
    for: on some broken footers that ends the process.
    """
    end = 0
    for place in range(file.num_row_groups):
        group = file.metadata.row_group(place)
        end += group.num_rows
        yield end, max(1, group.total_byte_size // max(1, group.num_rows))
    yield sys.maxsize, 1


def leaves(file: pq.ParquetFile, columns: Sequence[str]) -> list[int]:
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
