"""A Parquet file as a table of reviews."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow as pa

from data.parquet.faults import reading
from data.parquet.rows import opened, read_rows
from data.parquet.values import is_bytes, is_label, is_text, labels, texts
from data.table import Batch, Format, Limits, OnRejected, Read, Survey
from sentiment_core.errors import TableError

# More distinct values than this are no labels (stars in tenths have 41), nor are letters by the million.
_MOST_DISTINCT = 1000
_MOST_LETTERS = 1 << 20
# Rows that tell whether bytes are text.
_SAMPLE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetTable:
    """A Parquet file; `arrow` is its schema and `rows` how many rows its footer says it has."""

    path: Path
    arrow: pa.Schema
    rows: int
    format: Format = Format.PARQUET
    described: str = ""
    doubt: str = ""

    @property
    def columns(self) -> list[str]:
        found: list[str] = self.arrow.names
        return found

    def check_text(self, column: str) -> None:
        kind = self._field(column).type
        found = str(kind) if not is_text(kind) else "bytes that are no UTF-8" if self._is_binary(column) else ""
        if found:
            raise TableError(
                f"{self.path}: column {column!r}: wanted text, found {found}; name another with --text-column"
            )

    def check_label(self, column: str) -> None:
        """Raise TableError unless `column` can hold labels: a list or a struct cannot."""
        kind = self._field(column).type
        if not is_label(kind):
            raise TableError(
                f"{self.path}: column {column!r}: wanted labels, found {kind}; name another with --label-column"
            )

    def schema(self, read: Read) -> pa.Schema:
        kept = self.columns if read.kept is None else read.kept
        return pa.schema([self._field(name) for name in kept], self.arrow.metadata)

    def survey(self, read: Read, *, on_rejected: OnRejected | None = None) -> Survey:
        """Return the rows that the footer counts; no labels for a column that `check_label` refuses."""
        if read.label is None or not is_label(self._field(read.label).type):
            return Survey(rows=self.rows)
        counts: Counter[object] = Counter()
        for table in read_rows(self.path, [read.label], read.label, Limits()):
            counts.update(labels(table.column(0)))
            letters = sum(len(value) for value in counts if isinstance(value, str))
            if len(counts) > _MOST_DISTINCT or letters > _MOST_LETTERS:
                return Survey(rows=self.rows)
        return Survey(rows=self.rows, labels=counts)

    def batches(self, read: Read, limits: Limits, *, on_rejected: OnRejected | None = None) -> Iterator[Batch]:
        """Yield the rows; a text whose bytes are no UTF-8 is None. No labels where `check_label` refuses them."""
        kept = self.schema(read).names
        label = read.label if read.label is not None and is_label(self._field(read.label).type) else None
        wanted = {*kept, self._field(read.text).name} | ({label} if label is not None else set())
        columns = [name for name in self.columns if name in wanted]
        for table in read_rows(self.path, columns, read.text, limits):
            yield Batch(
                texts=texts(table.column(read.text)),
                labels=labels(table.column(label)) if label is not None else [],
                rows=table.select(kept),
            )

    def _field(self, column: str) -> pa.Field:
        if column not in self.columns:
            raise TableError(f"{self.path}: wanted a column {column!r}, found {', '.join(self.columns) or 'none'}")
        return self.arrow.field(column)

    def _is_binary(self, column: str) -> bool:
        """Tell from the first rows whether most of them are bytes of another kind."""
        if not is_bytes(self._field(column).type):
            return False
        with_bytes = without_text = 0
        for table in islice(read_rows(self.path, [column], column, Limits(rows=_SAMPLE)), 1):
            with_bytes = len(table) - table.column(0).null_count
            without_text = texts(table.column(0)).count(None) - table.column(0).null_count
        return 2 * without_text > with_bytes


def open_parquet(path: Path) -> ParquetTable:
    """Open a file by its footer, without reading its rows. Raises TableError."""
    with reading(path), opened(path) as file:
        # What an ARROW:schema says hides the metadata beside it, and is written anew.
        beside = {key: value for key, value in (file.metadata.metadata or {}).items() if key != b"ARROW:schema"}
        schema = file.schema_arrow.with_metadata({**(file.schema_arrow.metadata or {}), **beside})
        rows = file.metadata.num_rows
        twice = sorted({name for name in schema.names if schema.names.count(name) > 1})
    if twice:
        raise TableError(
            f"{path}: wanted columns of different names, found {', '.join(map(repr, twice))} twice or more; rename them"
        )
    return ParquetTable(path=path, arrow=schema, rows=rows)
