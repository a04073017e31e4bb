"""Scored rows as delimited text, in the dialect of their source, so that they read back as they were."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa

from data.delimited.as_text import as_text
from data.delimited.dialect import BOM, Dialect
from data.delimited.lines import lines
from data.delimited.records import Records
from data.delimited.spelling import Spelling
from data.outputs import whole_file, writing
from data.places.plain import compressing, open_plain
from data.table import Batch
from sentiment_core.errors import OutputError


class DelimitedWriter:
    """Writes batches with their predictions as UTF-8 lines in a dialect."""

    def __init__(self, path: Path, file: IO[bytes], dialect: Dialect, columns: Sequence[str]) -> None:
        self._path, self._file, self._columns = path, file, list(columns)
        self._dialect, self._spelling = dialect, Spelling(dialect)
        above = [*dialect.preamble]
        if dialect.header is not None:
            above.append(dialect.separator.join(self._spelling.names(self._columns)))
        head = "".join(line + dialect.newline for line in above)
        self._write((BOM if dialect.bom else "") + head)
        self.rows, self.head_lines = 0, head.count(dialect.line_end)

    def add(self, batch: Batch, predictions: pa.Table) -> None:
        """Write `batch` after the others, with its predictions. Raises OutputError."""
        texts: dict[str, pl.Series] = {}
        for table in (batch.rows, predictions):
            for name in table.column_names:
                texts[name] = pl.Series(pl.from_arrow(as_text(name, table[name], str(self._path))), dtype=pl.String)
        for name in self._columns:
            if self._spelling.broken(texts[name]):
                raise OutputError(
                    f"{self._path}: column {name!r}: a cell cannot be told from others without quotes; "
                    "give --escape, or choose --format parquet"
                )
        frame = pl.DataFrame({name: texts[name] for name in self._columns})
        spelled = [self._spelling.cell(pl.col(name)) for name in self._columns]
        rows = frame.select(pl.concat_str(spelled, separator=self._dialect.separator)).to_series().to_list()
        self._write("".join(row + self._dialect.newline for row in rows))
        self.rows += len(rows)

    def _write(self, text: str) -> None:
        with writing(self._path):
            # Lines above the header may hold bytes that are no text.
            self._file.write(text.encode("utf-8", "replace"))


@contextmanager
def open_delimited_writer(path: Path, dialect: Dialect, columns: Sequence[str]) -> Iterator[DelimitedWriter]:
    """Give a writer whose batches become `path` when the block ends well; else nothing stays.

    `dialect` is the source's, with all its columns, or data.delimited.dialect.usual_dialect's for other sources.
    `columns` are those of the output in their order: the kept ones, then the predictions'. `path` is compressed as
    its ending says. Raises OutputError where it cannot be written, or does not read back with as many rows.
    """
    with whole_file(path) as part:
        # Closing a compressed file writes its end, also where a write before it failed.
        with writing(path), ExitStack() as opened:
            file = opened.enter_context(part.open("wb"))
            writer = DelimitedWriter(path, opened.enter_context(compressing(file, path)), dialect, columns)
            yield writer
        found = _count(part, writer.head_lines, dialect, tuple(columns))
        if found != writer.rows:
            raise OutputError(
                f"{path}: {writer.rows:,} rows were written, {found:,} read back; choose --format parquet"
            )


def _count(part: Path, above: int, dialect: Dialect, columns: tuple[str, ...]) -> int:
    """Count the rows of what was written, as a reader of its dialect does."""
    written = replace(
        dialect, encoding="utf-8", names=columns, header=None, strict=True, short_rows=False, long_rows=False
    )
    with open_plain(part) as file:
        rows = islice(lines(file, written), above, None)
        return sum(1 for _ in Records(rows, written, lambda rejected: None))
