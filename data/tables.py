"""Review files as tables: opened, checked, and read in batches of bounded memory."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Protocol

import polars as pl

from data.dialect import COMPRESSIONS, CORRUPT, Dialect, find_dialect, lines, open_text
from data.records import Records, Rejected
from sentiment_core.errors import TableError

_MANY_ROWS = 4096
_MANY_BYTES = 1 << 24

OnRejected = Callable[[Rejected], None]


class Format(Enum):
    """File formats, by their ending."""

    PARQUET = ".parquet"
    CSV = ".csv"
    TSV = ".tsv"

    @property
    def separator(self) -> str:
        """The usual field separator of a text format."""
        return "\t" if self is Format.TSV else ","


class Table(Protocol):
    """One readable file and its columns. Text formats hold strings only: a value stays as it was written."""

    @property
    def path(self) -> Path:
        """Where the file lies."""

    @property
    def format(self) -> Format:
        """Its format, told by its ending."""

    @property
    def schema(self) -> pl.Schema:
        """Its columns and their types."""

    @property
    def dialect(self) -> Dialect | None:
        """How a text file is written; None for Parquet."""

    @property
    def columns(self) -> list[str]:
        """The column names, in order."""

    def count(self, *, on_rejected: OnRejected | None = None) -> int:
        """Count the rows. A Parquet file answers from its footer, a text file is read once."""

    def distinct(self, column: str, most: int) -> list[object]:
        """Return the distinct values of `column` but at most `most`; rejected lines have none."""

    def batches(
        self, rows: int = _MANY_ROWS, most_bytes: int = _MANY_BYTES, *, on_rejected: OnRejected | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield the whole table in order, at most `rows` rows and about `most_bytes` bytes at a time.

        The same file and limits give the same batches; an empty table is one empty batch. `on_rejected` hears
        of lines that are no rows; without it the first of them raises TableError.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class ParquetTable:
    """A Parquet file."""

    path: Path
    frame: pl.LazyFrame
    schema: pl.Schema
    format: Format = Format.PARQUET
    dialect: None = None

    @property
    def columns(self) -> list[str]:
        return self.schema.names()

    def count(self, *, on_rejected: OnRejected | None = None) -> int:
        with reading(self.path):
            return int(self.frame.select(pl.len()).collect(engine="streaming").item())

    def distinct(self, column: str, most: int) -> list[object]:
        with reading(self.path):
            unique = self.frame.select(pl.col(column).unique()).head(most)
            return unique.collect(engine="streaming").to_series().to_list()

    def batches(
        self, rows: int = _MANY_ROWS, most_bytes: int = _MANY_BYTES, *, on_rejected: OnRejected | None = None
    ) -> Iterator[pl.DataFrame]:
        with reading(self.path):
            total, offset, step = self.count(), 0, min(rows, 16)
            while offset < total:
                # Slices, because a streamed Parquet scan reads far ahead of a slow consumer.
                frame = self.frame.slice(offset, step).collect()
                if frame.is_empty():
                    raise TableError(
                        f"{self.path}: wanted {total:,} rows, found {offset:,}; check that the file is whole"
                    )
                fit = max(1, int(most_bytes / max(1.0, frame.estimated_size() / len(frame))))
                yield from frame.iter_slices(min(rows, fit))
                offset += len(frame)
                # Twice at most, so that long reviews after short ones are met with small steps.
                step = min(rows, fit, 2 * step)
            if not total:
                yield pl.DataFrame(schema=self.schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextTable:
    """A delimited text file."""

    path: Path
    format: Format
    dialect: Dialect
    schema: pl.Schema

    @property
    def columns(self) -> list[str]:
        return self.schema.names()

    def count(self, *, on_rejected: OnRejected | None = None) -> int:
        with reading(self.path), open_text(self.path) as file:
            return sum(1 for _ in self._records(file, on_rejected))

    def distinct(self, column: str, most: int) -> list[object]:
        place = self.columns.index(column)
        found: set[str | None] = set()
        with reading(self.path), open_text(self.path) as file:
            for record in self._records(file, lambda rejected: None):
                found.add(record[place])
                if len(found) == most:
                    break
        return list(found)

    def batches(
        self, rows: int = _MANY_ROWS, most_bytes: int = _MANY_BYTES, *, on_rejected: OnRejected | None = None
    ) -> Iterator[pl.DataFrame]:
        with reading(self.path), open_text(self.path) as file:
            pending: list[list[str | None]] = []
            size, empty = 0, True
            for record in self._records(file, on_rejected):
                pending.append(record)
                size += sum(map(len, filter(None, record)))
                if len(pending) == rows or size >= most_bytes:
                    yield self._frame(pending)
                    pending, size, empty = [], 0, False
            if pending or empty:
                yield self._frame(pending)

    def _records(self, file: IO[bytes], on_rejected: OnRejected | None) -> Iterator[list[str | None]]:
        for record in Records(lines(file, self.dialect), self.dialect):
            if not isinstance(record, Rejected):
                yield record
            elif on_rejected:
                on_rejected(record)
            else:
                raise TableError(
                    f"{self.path}: line {record.line}: {record.reason}; "
                    "mend the line, or set it aside with --on-bad-rows quarantine"
                )

    def _frame(self, records: list[list[str | None]]) -> pl.DataFrame:
        cells = zip(*records, strict=True) if records else ([] for _ in self.schema)
        return pl.DataFrame(
            [pl.Series(name, column, dtype=pl.String) for name, column in zip(self.schema, cells, strict=True)]
        )


def ahead(frames: Iterator[pl.DataFrame], files: ThreadPoolExecutor) -> Iterator[pl.DataFrame]:
    """Yield `frames`, each read by `files` while the one before is in use."""
    following = files.submit(next, frames, None)
    while (frame := following.result()) is not None:
        following = files.submit(next, frames, None)
        yield frame


class reading:
    """Turn what Polars and the system raise while `path` is read into one TableError that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        # A Parquet file with broken sizes makes Polars panic, which is no Exception.
        if isinstance(error, (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, *CORRUPT)):
            found = " ".join(str(error).split())[:300] or type(error).__name__
            raise TableError(
                f"{self.path}: cannot be read as a table: {found}; check that the file is whole"
            ) from error


def scan(path: Path) -> Table:
    """Open a file without reading its rows. Raises TableError for an unknown ending or an unreadable file."""
    kind = format_of(path)
    if kind is None:
        raise TableError(
            f"{path}: wanted .parquet, .csv or .tsv (text also .gz or .zst), found {path.suffix or 'no ending'}"
        )
    if path.exists() and not path.is_file():
        raise TableError(f"{path}: wanted a file, found another kind of thing; name the file itself")
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise TableError(f"{path}: wanted a name in UTF-8, found other bytes; rename the file") from error
    with reading(path):
        if kind is Format.PARQUET:
            frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
            return ParquetTable(path=path, frame=frame, schema=frame.collect_schema())
        return _scan_text(path, kind)


def _scan_text(path: Path, kind: Format) -> TextTable:
    dialect = find_dialect(path, kind.separator)
    with open_text(path) as file:
        header = Records(lines(file, dialect), dialect).header
    if header is None:
        raise TableError(f"{path}: wanted a header line, found an empty file; check what writes it")
    if isinstance(header, Rejected):
        raise TableError(f"{path}: line 1: wanted a header, found {header.reason}; mend the line")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise TableError(
            f"{path}: wanted columns of different names, found {', '.join(map(repr, twice))} twice or more; rename them"
        )
    return TextTable(path=path, format=kind, dialect=dialect, schema=pl.Schema(dict.fromkeys(header, pl.String)))


def format_of(path: Path) -> Format | None:
    """Tell the format from the ending, or None."""
    ending = Path(path.stem).suffix if path.suffix in COMPRESSIONS else path.suffix
    try:
        kind = Format(ending.lower())
    except ValueError:
        return None
    return None if kind is Format.PARQUET and path.suffix in COMPRESSIONS else kind
