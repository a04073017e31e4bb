"""One way to open a review file and to write one, whatever its format."""

from contextlib import AbstractContextManager
from pathlib import Path

from data.delimited.dialect import usual_dialect
from data.delimited.layout import Layout
from data.delimited.rejects import HEAD, spelled
from data.delimited.table import DelimitedTable, open_delimited
from data.delimited.writer import open_delimited_writer
from data.jsonlines.lines import rejected_line
from data.jsonlines.table import open_json_lines
from data.jsonlines.writer import write_json_lines
from data.parquet.table import open_parquet
from data.parquet.writer import open_parquet_writer
from data.places.content import kind_of
from data.predictions import fields
from data.rejects import RejectedWriter
from data.table import Format, Read, Table, Writer


def open_table(path: Path, layout: Layout | None = None) -> Table:
    """Open the table in a file; its content says of which format it is.

    `layout` is what the user says of how a delimited file is written. Raises TableError.
    """
    layout = layout or Layout()
    kind = kind_of(path, encoding=layout.encoding)
    match kind.format:
        case Format.PARQUET:
            return open_parquet(path)
        case Format.JSON_LINES:
            return open_json_lines(path)
        case _:
            return open_delimited(path, layout, kind.separator)


def open_writer(path: Path, kind: Format, table: Table, read: Read, prefix: str) -> AbstractContextManager[Writer]:
    """Return a writer of the batches of `table`, read as `read` says; they become `path` when the block ends well.

    A delimited file stays in its dialect, unless another format is asked for. Raises OutputError.
    """
    if kind is Format.PARQUET:
        source = table.path if table.format is Format.PARQUET else None
        return open_parquet_writer(path, table.schema(read), prefix, source)
    if kind is Format.JSON_LINES:
        return write_json_lines(path)
    columns = tuple(table.columns if read.kept is None else read.kept)
    if isinstance(table, DelimitedTable) and kind is table.format:
        dialect = table.dialect
    else:
        dialect = usual_dialect(kind, columns)
    return open_delimited_writer(path, dialect, [*columns, *fields(prefix).names])


def open_rejected(path: Path, table: Table) -> RejectedWriter:
    """Return what keeps the lines of `table` that are no rows."""
    if isinstance(table, DelimitedTable):
        dialect = table.dialect
        return RejectedWriter(path, lambda rejected: spelled(rejected, dialect), HEAD)
    return RejectedWriter(path, rejected_line)
