"""JSON Lines as a table: text and label are read of each line, the rest travels as it stands."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from data.jsonlines.lines import LongNumber, rows
from data.jsonlines.shapes import Shape
from data.jsonlines.splice import cut
from data.table import Batch, Format, Limits, OnRejected, Read, Rejected, Survey
from sentiment_core.errors import TableError

LINE = "line"
_MOST_COLUMNS = 4096
# More distinct values than this are no labels.
_MOST_LABELS = 1000
_NAMES = {
    bool: "true and false",
    int: "numbers",
    float: "numbers",
    LongNumber: "numbers",
    list: "lists",
    dict: "objects",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLinesTable:
    """A file of JSON Lines. Its columns are the keys of its objects, with the kinds of values that each has.

    A key that a line lacks is null there. A text is a string: any other value in the text column is no text.
    """

    path: Path
    kinds: dict[str, set[type]]
    format: Format = Format.JSON_LINES
    described: str = ""
    doubt: str = ""
    _shapes: dict[tuple[str, ...], list[Shape]] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> Sequence[str]:
        return list(self.kinds)

    def check_text(self, column: str) -> None:
        found = self.kinds[column] - {type(None)}
        if found and str not in found:
            names = " and ".join(sorted({_NAMES[kind] for kind in found}))
            raise TableError(
                f"{self.path}: column {column!r}: wanted text, found {names}; name another with --text-column"
            )

    def schema(self, read: Read) -> pa.Schema:
        if not read.typed:
            return pa.schema([(LINE, pa.binary())])
        names = self._names(read)
        return pa.schema([(name, shape.type) for name, shape in zip(names, self._shapes_of(names), strict=True)])

    def survey(self, read: Read, *, on_rejected: OnRejected | None = None) -> Survey:
        found, labels = 0, Counter[object]()
        are_labels = read.label is not None
        for _, row in rows(self.path, on_rejected):
            found += 1
            if are_labels:
                value = _label(row, read.label)
                are_labels = not isinstance(value, (list, dict))
                if are_labels:
                    labels[value] += 1
                    are_labels = len(labels) <= _MOST_LABELS
        return Survey(rows=found, labels=dict(labels) if are_labels else None)

    def batches(self, read: Read, limits: Limits, *, on_rejected: OnRejected | None = None) -> Iterator[Batch]:
        pending = _Pending(self, read)
        for line, row in rows(self.path, on_rejected):
            pending.add(line, row)
            if len(pending.texts) >= limits.rows or pending.size >= limits.size:
                yield pending.batch()
                pending = _Pending(self, read)
        if pending.texts:
            yield pending.batch()

    def _names(self, read: Read) -> tuple[str, ...]:
        return tuple(self.kinds) if read.kept is None else read.kept

    def _shapes_of(self, names: tuple[str, ...]) -> list[Shape]:
        """Return the shapes of these columns, found in one pass over the file."""
        if names not in self._shapes:
            shapes = [Shape() for _ in names]
            for _, row in rows(self.path, _ignore):
                for name, shape in zip(names, shapes, strict=True):
                    shape.see(row.get(name))
            self._shapes[names] = shapes
        return self._shapes[names]


class _Pending:
    """Rows that will be one batch."""

    def __init__(self, table: JsonLinesTable, read: Read) -> None:
        self._path, self._read, self._schema = table.path, read, table.schema(read)
        self._names = table._names(read)
        self._shapes = table._shapes_of(self._names) if read.typed else []
        self._kept = None if read.kept is None else frozenset(read.kept)
        self.texts: list[str | None] = []
        self.size = 0
        self._labels: list[object] = []
        self._columns: list[list[Any]] = [[] for _ in self._schema]

    def add(self, line: bytes, row: dict[str, Any]) -> None:
        text = row.get(self._read.text)
        self.texts.append(text if type(text) is str else None)
        if self._read.label is not None:
            self._labels.append(_label(row, self._read.label))
        self.size += len(line)
        if not self._read.typed:
            self._columns[0].append(line if self._kept is None else cut(line, self._kept))
            return
        try:
            for column, name, shape in zip(self._columns, self._names, self._shapes, strict=True):
                column.append(shape.fit(row.get(name)))
        except (LookupError, TypeError, AttributeError) as error:
            raise self._changed() from error

    def batch(self) -> Batch:
        try:
            arrays = [pa.array(column, of.type) for column, of in zip(self._columns, self._schema, strict=True)]
        except (pa.ArrowException, OverflowError) as error:
            raise self._changed() from error
        return Batch(texts=self.texts, labels=self._labels, rows=pa.table(arrays, schema=self._schema))

    def _changed(self) -> TableError:
        return TableError(f"{self._path}: changed while it was read; score it again when nobody writes to it")


def open_json_lines(path: Path) -> JsonLinesTable:
    """Open a file of JSON Lines and find its columns in one pass. Raises TableError where no line is an object."""
    kinds: dict[str, set[type]] = {}
    rejected: list[Rejected] = []
    any_row = False
    for _, row in rows(path, lambda each: None if rejected else rejected.append(each)):
        any_row = True
        for key, value in row.items():
            if key not in kinds:
                kinds[key] = set()
            kinds[key].add(type(value))
        if len(kinds) > _MOST_COLUMNS:
            raise TableError(
                f"{path}: wanted columns, found more than {_MOST_COLUMNS:,} different keys; "
                "write what they hold as values"
            )
    if not any_row:
        found = f"none (line {rejected[0].line}: {rejected[0].reason})" if rejected else "an empty file"
        raise TableError(f"{path}: wanted lines of JSON objects, found {found}; check what writes it")
    return JsonLinesTable(path=path, kinds=kinds)


def _ignore(rejected: Rejected) -> None:
    """Let a line go: it is told of in the pass that reads the rows."""


def _label(row: dict[str, Any], column: str | None) -> object:
    value: object = row.get(column or "")
    return None if isinstance(value, float) and math.isnan(value) else value
