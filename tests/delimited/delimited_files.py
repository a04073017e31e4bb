"""Delimited files for tests: written as bytes, read and written through the product."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa

from data.delimited.layout import Layout
from data.delimited.table import DelimitedTable, open_delimited
from data.delimited.writer import open_delimited_writer
from data.table import Batch, Limits, Read, Rejected

Row = tuple[str | None, ...]
NEW = ("label_out", "score_out")


def usual(path: Path) -> str:
    return "\t" if ".tsv" in path.name else ","


def opened(path: Path, content: bytes | str, layout: Layout | None = None) -> DelimitedTable:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_delimited(path, layout or Layout(), usual(path))


def batches(table: DelimitedTable, rejected: list[Rejected] | None = None, rows: int = 7) -> list[Batch]:
    heard: list[Rejected] = [] if rejected is None else rejected
    return list(table.batches(Read(text=table.columns[0]), Limits(rows=rows), on_rejected=heard.append))


def rows_of(table: DelimitedTable, rejected: list[Rejected] | None = None, rows: int = 7) -> list[Row]:
    return [tuple(row.values()) for batch in batches(table, rejected, rows) for row in batch.rows.to_pylist()]


def predictions(rows: int) -> pa.Table:
    values = {NEW[0]: pa.array([1] * rows, pa.int8()), NEW[1]: pa.array([None] * rows, pa.float32())}
    return pa.table(values)


def rewritten(table: DelimitedTable, target: Path) -> bytes:
    """Write what `table` holds as it would be scored; return the bytes."""
    with open_delimited_writer(target, table.dialect, [*table.columns, *NEW]) as writer:
        for batch in batches(table):
            writer.add(batch, predictions(len(batch)))
    return target.read_bytes()


def batch_of(columns: dict[str, Iterable[object]] | pa.Table) -> Batch:
    table = (
        columns if isinstance(columns, pa.Table) else pa.table({name: list(cells) for name, cells in columns.items()})
    )
    return Batch(texts=[None] * len(table), labels=(), rows=table)


def read_again(path: Path, layout: Layout, columns: Sequence[str]) -> list[Row]:
    """Read the first columns of an output with the options of its input."""
    table = open_delimited(path, layout, usual(path))
    return [row[: len(columns)] for row in rows_of(table)]
