"""Delimited text files as tables of strings."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from data.delimited.dialect import Dialect
from data.delimited.finding.opening import Finding, Witness, find, find_again
from data.delimited.layout import Layout
from data.delimited.lines import CORRUPT, lines
from data.delimited.records import Record, Records
from data.places.plain import open_plain
from data.table import Batch, Format, Limits, OnRejected, Read, Rejected, Survey
from sentiment_core.errors import TableError

_MOST_LABELS = 1000
_LONGEST_LABEL = 1000


class DelimitedTable:
    """A delimited text file; every cell is a string as it was written, or null.

    How it is written is found from its first megabytes; `survey` sees the rest, and where that tells otherwise
    `described` and `doubt` are final only after it.
    """

    def __init__(self, path: Path, layout: Layout, usual_separator: str, found: Finding) -> None:
        self._path, self._layout, self._usual, self._found = path, layout, usual_separator, found
        self._surveys: dict[str | None, tuple[Survey, int]] = {}

    @property
    def path(self) -> Path:
        return self._path

    @property
    def format(self) -> Format:
        return Format.TSV if self._usual == "\t" else Format.CSV

    @property
    def dialect(self) -> Dialect:
        """How the file is written."""
        return self._found.dialect

    @property
    def columns(self) -> Sequence[str]:
        return self.dialect.names

    @property
    def described(self) -> str:
        return self.dialect.described(self._usual)

    @property
    def doubt(self) -> str:
        return self._found.doubt

    def check_text(self, column: str) -> None:
        """Every column of a text file can hold text."""

    def schema(self, read: Read) -> pa.Schema:
        return pa.schema([(name, pa.string()) for name in self._kept(read)])

    def survey(self, read: Read, *, on_rejected: OnRejected | None = None) -> Survey:
        """Count rows and label values; a second call for the same label remembers, if no line was rejected.

        Raises TableError where more lines are broken than whole: the file is not what it seems.
        """
        known, broken = self._surveys.get(read.label, (None, 0))
        if known is not None and not broken:
            return known
        with reading(self._path):
            if self._found.whole:
                survey, broken = self._count(read.label, on_rejected, None)
            else:
                survey, broken = self._settle(read.label, on_rejected)
        self._surveys[read.label] = survey, broken
        return survey

    def batches(self, read: Read, limits: Limits, *, on_rejected: OnRejected | None = None) -> Iterator[Batch]:
        if not self._found.whole:
            self.survey(read, on_rejected=on_rejected and (lambda rejected: None))
        pending: list[Record] = []
        size = 0
        with reading(self._path):
            for record in self._records(None, on_rejected or self._refuse):
                pending.append(record)
                size += sum(map(len, filter(None, record)))
                if len(pending) == limits.rows or size >= limits.size:
                    yield self._batch(pending, read)
                    pending, size = [], 0
            if pending:
                yield self._batch(pending, read)

    def _settle(self, label: str | None, on_rejected: OnRejected | None) -> tuple[Survey, int]:
        """Count while the whole file tells how it is written; count again where it tells otherwise or a line is broken.

        Only then it is known which lines are: nobody hears of a line before, or twice.
        """
        before = self._found
        witness = Witness(before.dialect, quotes=not before.dialect.quote and self._layout.quote is None)

        def keep(rejected: Rejected) -> None:
            witness.keep(iter(rejected.text.split(before.dialect.line_end)))

        survey, broken = self._count(label, keep, witness)
        with open_plain(self._path) as file:
            self._found = find_again(self._path, file, self._layout, before, witness)
        if broken or self._found.dialect != before.dialect:
            return self._count(label, on_rejected, None)
        return survey, broken

    def _kept(self, read: Read) -> tuple[str, ...]:
        return tuple(self.columns) if read.kept is None else read.kept

    def _batch(self, records: list[Record], read: Read) -> Batch:
        cells = dict(zip(self.columns, zip(*records, strict=True), strict=True))
        return Batch(
            texts=cells[read.text],
            labels=() if read.label is None else cells[read.label],
            rows=pa.table({name: pa.array(cells[name], pa.string()) for name in self._kept(read)}),
        )

    def _count(self, label: str | None, on_rejected: OnRejected | None, witness: Witness | None) -> tuple[Survey, int]:
        """Count rows, label values and broken lines; with a witness, more broken lines than whole are no error yet."""
        first: list[Rejected] = []
        broken = 0

        def note(each: Rejected) -> None:
            nonlocal broken
            broken += 1
            if not first:
                first.append(each)
            (on_rejected or self._refuse)(each)

        values: Counter[object] | None = None if label is None else Counter()
        place = 0 if label is None else self.dialect.names.index(label)
        rows = 0
        for record in self._records(witness, note):
            rows += 1
            if values is not None:
                value = record[place]
                values[value] += 1
                if len(values) > _MOST_LABELS or (value and len(value) > _LONGEST_LABEL):
                    values = None
        if broken > rows and witness is None:
            raise TableError(
                f"{self._path}: wanted rows of {len(self.columns)} fields, found {broken:,} of {rows + broken:,} "
                f"lines broken (first: line {first[0].line}, {first[0].reason}); check its separator and quotes "
                "(--separator, --quote, --encoding)"
            )
        return Survey(rows=rows, labels=values), broken

    def _records(self, witness: Witness | None, on_rejected: OnRejected) -> Iterator[Record]:
        dialect = self.dialect
        with open_plain(self._path) as file:
            found = lines(file, dialect, None if witness is None else witness.see)
            for _ in range(dialect.before):
                next(found, None)
            yield from Records(found, dialect, on_rejected, dialect.before + 1)

    def _refuse(self, rejected: Rejected) -> None:
        raise TableError(
            f"{self._path}: line {rejected.line}: {rejected.reason}; "
            "mend the line, or set it aside with --on-bad-rows quarantine"
        )


class reading:
    """Turn what the system and decoders raise while `path` is read into one TableError that names it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (OSError, *CORRUPT)):
            found = " ".join(str(error).split())[:300] or type(error).__name__
            raise TableError(
                f"{self.path}: cannot be read as a table: {found}; check that the file is whole"
            ) from error


def open_delimited(path: Path, layout: Layout, usual_separator: str) -> DelimitedTable:
    """Open a delimited text file: its first megabytes are read. Raises TableError where they are no such file."""
    with reading(path), open_plain(path) as file:
        return DelimitedTable(path, layout, usual_separator, find(path, file, layout, usual_separator))
