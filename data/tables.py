"""Review files as tables: found, opened, and read in batches of bounded memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import polars as pl

from sentiment_core.errors import TableError

COMPRESSIONS = (".gz", ".zst")


class Format(Enum):
    """File formats, by their ending."""

    PARQUET = ".parquet"
    CSV = ".csv"
    TSV = ".tsv"

    @property
    def separator(self) -> str:
        """The field separator of a text format."""
        return "\t" if self is Format.TSV else ","


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One readable file and its columns. Text formats hold strings only: a value stays as it was written."""

    path: Path
    format: Format
    frame: pl.LazyFrame
    schema: pl.Schema

    @property
    def columns(self) -> list[str]:
        """The column names, in order."""
        return self.schema.names()

    def count(self) -> int:
        """Count the rows. A Parquet file answers from its footer, a text file is read once."""
        with reading(self.path):
            return int(self.frame.select(pl.len()).collect(engine="streaming").item())

    def distinct(self, column: str, most: int) -> list[object]:
        """Return the distinct values of `column` but at most `most`."""
        with reading(self.path):
            unique = self.frame.select(pl.col(column).unique()).head(most)
            return unique.collect(engine="streaming").to_series().to_list()

    def batches(self, rows: int) -> Iterator[pl.DataFrame]:
        """Yield the whole table in order, `rows` rows at a time; an empty table is one empty batch."""
        with reading(self.path):
            empty = True
            for batch in self._slices(rows):
                yield batch
                empty = False
            if empty:
                yield pl.DataFrame(schema=self.schema)

    def _slices(self, rows: int) -> Iterator[pl.DataFrame]:
        if self.format is Format.PARQUET:
            # Slices, because a streamed Parquet scan reads far ahead of a slow consumer.
            return (self.frame.slice(offset, rows).collect() for offset in range(0, self.count(), rows))
        return self.frame.collect_batches(chunk_size=rows, maintain_order=True)


class reading:
    """Turn what Polars and the system raise while `path` is read into one TableError that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (pl.exceptions.PolarsError, OSError, UnicodeDecodeError)):
            found = " ".join(str(error).split())[:300] or type(error).__name__
            raise TableError(
                f"{self.path}: cannot be read as a table: {found}; check that the file is whole and UTF-8"
            ) from error


def scan(path: Path) -> Table:
    """Open a file without reading its rows. Raises TableError for an unknown ending or an unreadable file."""
    kind = format_of(path)
    if kind is None:
        raise TableError(
            f"{path}: wanted .parquet, .csv or .tsv (text also .gz or .zst), found {path.suffix or 'no ending'}"
        )
    with reading(path):
        if kind is Format.PARQUET:
            frame = pl.scan_parquet(path, glob=False, hive_partitioning=False)
        else:
            frame = pl.scan_csv(path, separator=kind.separator, infer_schema=False, glob=False)
        return Table(path=path, format=kind, frame=frame, schema=frame.collect_schema())


def format_of(path: Path) -> Format | None:
    """Tell the format from the ending, or None."""
    ending = Path(path.stem).suffix if path.suffix in COMPRESSIONS else path.suffix
    try:
        kind = Format(ending.lower())
    except ValueError:
        return None
    return None if kind is Format.PARQUET and path.suffix in COMPRESSIONS else kind
