"""What every kind of review file offers: its columns, a survey of its rows, and its rows in batches."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol

import pyarrow as pa


class Format(Enum):
    """Kinds of review files, with their usual endings."""

    PARQUET = ".parquet"
    CSV = ".csv"
    TSV = ".tsv"
    JSON_LINES = ".jsonl"


@dataclass(frozen=True, slots=True)
class Rejected:
    """Lines that are no rows: the number of the first (from 1, as an editor counts), why, and the text as it stood."""

    line: int
    reason: str
    text: str


OnRejected = Callable[[Rejected], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What is read of a table: text and label for scoring, and the columns that are written on.

    `kept` None is all columns. JSON Lines that are written as JSON Lines are not `typed`: their lines travel as they
    stand, in one binary column.
    """

    text: str
    label: str | None = None
    kept: tuple[str, ...] | None = None
    typed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The most of a table that is held at a time: rows, and bytes as they stand in memory."""

    rows: int = 4096
    size: int = 1 << 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some rows in their order: what scoring reads of them, and `rows`, the kept columns as they are written on.

    `texts` holds None for a null; `labels` is empty where no label column is read. A batch of Parquet's rows has the
    Arrow types of the file; those of delimited files are strings.
    """

    texts: Sequence[str | None]
    labels: Sequence[object]
    rows: pa.Table

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What one pass over a table tells: how many rows, and how often each value of the label column stands there.

    `labels` is None where no label column is read or it has more distinct values than labels have. `broken` counts the
    lines that are no rows where whoever asked has heard of them.
    """

    rows: int
    labels: Mapping[object, int] | None = None
    broken: int = 0


class Table(Protocol):
    """One readable file and its columns."""

    @property
    def path(self) -> Path:
        """Where the file lies."""

    @property
    def format(self) -> Format:
        """Its kind, told by its content."""

    @property
    def columns(self) -> Sequence[str]:
        """The column names, in order."""

    @property
    def described(self) -> str:
        """How a text file is written where that is not the usual way, for the log and the summary; else empty."""

    @property
    def doubt(self) -> str:
        """Why `described` was a guess, for a warning; empty where the file or the user left no doubt."""

    def check_text(self, column: str) -> None:
        """Raise TableError unless `column` can hold text."""

    def schema(self, read: Read) -> pa.Schema:
        """Return the schema of `Batch.rows`, with the metadata that the file has. Raises TableError."""

    def survey(self, read: Read, *, on_rejected: OnRejected | None = None) -> Survey:
        """Count rows and label values, in one pass at most; `on_rejected` as for `batches`."""

    def batches(self, read: Read, limits: Limits, *, on_rejected: OnRejected | None = None) -> Iterator[Batch]:
        """Yield the whole table in order. The same file and limits give the same batches; an empty table gives none.

        `on_rejected` hears of lines that are no rows; without it the first of them raises TableError.
        """


class Writer(Protocol):
    """Takes a table batch by batch, and appends the columns of the predictions."""

    def add(self, batch: Batch, predictions: pa.Table) -> None:
        """Write `batch` after the others, with its predictions as data.predictions makes them. Raises OutputError."""
