"""How a file is written, decided from its lines: the reading that leaves the fewest of them broken."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from data.delimited.dialect import PROSE_SEPARATORS, USUAL_QUOTE, Dialect
from data.delimited.finding.header import with_header
from data.delimited.layout import Layout
from data.delimited.records import HEADER_AGAIN, Records
from data.table import Rejected
from sentiment_core.errors import TableError

SEPARATORS = (",", ";", "\t", "|", "\x01")
_QUOTED = re.compile(r'"[^"]*"')
_LINE_END = re.compile("\r\n|\r|\n")
_EXCEL = re.compile(r'"?sep=(.)"?\r?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """A dialect, and what becomes of the lines of evidence under it; `error` where they have no header."""

    dialect: Dialect
    rows: int = 0
    broken: int = 0
    proofs: int = 0
    letters: int = 0
    ties: int = 0
    strays: int = 0
    error: TableError | None = None

    @property
    def broken_share(self) -> float:
        """Lower is better; a reading without a header is worst."""
        return 2.0 if self.error is not None else self.broken / max(1, self.rows + self.broken)


def line_end(text: str, layout: Layout) -> str:
    """Return what ends most lines of `text`, line ends in quotes or behind an escape aside; CR where it ends the first.

    Lines that LF ends may end with CRLF too, here and there.
    """
    quote, escape = (
        re.escape(mark or "") for mark in (USUAL_QUOTE if layout.quote is None else layout.quote, layout.escape)
    )
    escaped = f"{escape}." if escape else "(?!)"
    quoted = f"{quote}(?:{escaped}|[^{quote}{escape}])*{quote}" if quote else "(?!)"
    bare = re.sub(f"{quoted}|{escaped}", "", text, flags=re.DOTALL)
    found: list[str] = _LINE_END.findall(bare) or _LINE_END.findall(text) or ["\n"]
    if found[0] == "\r":
        return "\r"
    return "\r\n" if 2 * found.count("\r\n") > len(found) else "\n"


def decide(path: Path, lines: Sequence[str], start: Dialect, layout: Layout, usual_separator: str) -> Dialect:
    """Complete `start` (encoding, line ends, mark) with what `lines`, the file's or its first ones, show.

    Raises TableError where two readings remain, or the header is none.
    """
    skipped = layout.skip_lines or 0
    if len(lines) < skipped or (len(lines) == skipped and layout.columns is None):
        raise TableError(
            f"{path}: wanted a header line, found {f'{len(lines)} lines' if skipped else 'an empty file'}; "
            f"check {'--skip-lines' if skipped else 'what writes it'}"
        )
    excel = _EXCEL.fullmatch(lines[skipped]) if len(lines) > skipped else None
    skipped += excel is not None and len(lines) > skipped + 1
    start = replace(
        start,
        preamble=tuple(line.removesuffix("\r") for line in lines[:skipped]),
        nulls=layout.nulls or ("",),
        escape=layout.escape or "",
        escape_bare=layout.escape is not None,
        quote=USUAL_QUOTE if layout.quote is None else layout.quote,
        strict=bool(layout.quote),
        given=_given(layout),
    )
    rest = lines[skipped:]
    if layout.separator is not None:
        reading = _quoting(path, rest, replace(start, separator=layout.separator), layout)
    elif excel is not None:
        reading = _quoting(path, rest, replace(start, separator=excel[1]), layout)
    else:
        reading = _separator(path, rest, start, layout, usual_separator)
    if reading.error is not None:
        raise reading.error
    return reading.dialect


def _given(layout: Layout) -> tuple[str, ...]:
    named = {
        "--separator": layout.separator,
        "--quote": layout.quote,
        "--escape": layout.escape,
        "--null": layout.nulls,
        "--columns": layout.columns,
        "--skip-lines": layout.skip_lines,
        "--encoding": layout.encoding,
    }
    return tuple(option for option, value in named.items() if value is not None)


def _separator(path: Path, lines: Sequence[str], start: Dialect, layout: Layout, usual: str) -> Reading:
    first = next((line for line in lines if line.strip()), "")
    bare = _QUOTED.sub("", first)
    candidates = [each for each in SEPARATORS if each in bare] or [usual]
    readings = [_quoting(path, lines, replace(start, separator=each), layout) for each in candidates]
    if not any(each.rows for each in readings):
        # A header alone: what stands in it most often.
        readings.sort(key=lambda each: bare.count(each.dialect.separator), reverse=True)
        return readings[0]
    best, *others = sorted(readings, key=lambda each: each.broken_share)
    equal = [each.dialect.separator for each in others if each.broken_share == best.broken_share]
    if equal and best.broken_share < 0.5:
        both = " and ".join(map(repr, [best.dialect.separator, *equal]))
        raise TableError(f"{path}: {both} could each separate its fields; choose with --separator")
    return best


def _quoting(path: Path, lines: Sequence[str], start: Dialect, layout: Layout) -> Reading:
    """Choose how it quotes, and whether a backslash escapes outside quotes too."""
    found = _marks(path, lines, start, layout)
    # In quotes a backslash before a separator may be a letter; where nothing quotes, the lines would not come out even.
    least = 1 if found.dialect.quote else 0
    if layout.escape is not None or found.broken < least or not _escaped(lines, start):
        return found
    nulls = layout.nulls or (("\\N",) if any(_null(line, start.separator) for line in lines) else ("",))
    start = replace(start, escape="\\", escape_bare=True, nulls=nulls)
    quotes = (start.quote,) if layout.quote is not None or start.separator in PROSE_SEPARATORS else (start.quote, "")
    readings = [_read(path, lines, replace(start, quote=quote), layout) for quote in quotes]
    best = min(readings, key=lambda each: (each.broken_share, each.letters, bool(each.dialect.quote)))
    return best if best.error is None and best.broken + least <= found.broken else found


def _escaped(lines: Sequence[str], start: Dialect) -> bool:
    """Whether backslashes stand before a separator or line end, and before nothing else that needs none."""
    kinds = re.compile(
        rf"\\(?:(?P<needed>{re.escape(start.separator)}|\r?$)|(?P<usual>[\\\"'{re.escape(start.quote)}nrt0N]))"
    )
    needed = False
    for line in lines:
        if "\\" not in line:
            continue
        if "\\" in kinds.sub("", line):
            return False
        needed = needed or any(found["needed"] is not None for found in kinds.finditer(line))
    return needed


def _null(line: str, separator: str) -> bool:
    return "\\N" in line and "\\N" in line.removesuffix("\r").split(separator)


def _marks(path: Path, lines: Sequence[str], start: Dialect, layout: Layout) -> Reading:
    """Choose between quotes, none, and escaped ones."""
    mark = start.quote
    if not mark or not any(mark in line for line in lines):
        bare = not mark or (layout.quote is None and start.separator not in PROSE_SEPARATORS)
        return _read(path, lines, replace(start, quote="" if bare else mark), layout)
    quoted = _read(path, lines, start, layout)
    if layout.escape is None and any("\\" + mark in line for line in lines):
        escaped = _read(path, lines, replace(start, escape="\\"), layout)
        quoted = min(quoted, escaped, key=lambda each: (each.broken_share, each.letters))
    quoted = _ties_settled(path, lines, quoted, layout)
    if layout.quote is not None or start.separator in PROSE_SEPARATORS or quoted.dialect.strict:
        return quoted
    plain = _read(path, lines, replace(start, quote=""), layout)
    if plain.broken_share != quoted.broken_share or plain.error is not None:
        return min(plain, quoted, key=lambda each: each.broken_share)
    shown = quoted.proofs or _quoted_column(lines, plain.dialect)
    if shown and quoted.letters:
        raise _either(path, mark)
    # What quotes its cells leaves none bare that holds a quote.
    if shown and quoted.strays and quoted.proofs > quoted.strays:
        raise _either(path, mark)
    return quoted if shown and not quoted.strays else plain


def _ties_settled(path: Path, lines: Sequence[str], quoted: Reading, layout: Layout) -> Reading:
    """Take quotes that could be letters for what the others of the file are, where those are proven.

    Raises TableError where nothing tells; outside prose such quotes are letters then.
    """
    if not quoted.ties:
        return quoted
    prose = quoted.dialect.separator in PROSE_SEPARATORS
    if quoted.proofs:
        dialect = replace(quoted.dialect, proven=True, names=(), header=None, before=0, short_rows=False)
        closed = _read(path, lines, replace(dialect, long_rows=False), layout)
        if closed.broken < quoted.broken or (prose and closed.broken == quoted.broken):
            return closed
    if prose:
        raise _either(path, quoted.dialect.quote)
    return quoted


def _either(path: Path, mark: str) -> TableError:
    return TableError(f"{path}: its quotes could be quotes or letters; choose with --quote '{mark}' or --quote none")


def _quoted_column(lines: Sequence[str], plain: Dialect) -> bool:
    """Whether a column has every cell in quotes, as nobody writes by chance: in two rows at least."""
    rows = list(Records(iter(lines[plain.before - len(plain.preamble) :]), plain, lambda rejected: None))
    columns = zip(*rows, strict=True) if rows else ()
    found = ([cell for cell in column if cell is not None] for column in columns)
    return any(
        len(cells) > 1 and all(len(cell) > 1 and cell[0] == cell[-1] == USUAL_QUOTE for cell in cells)
        for cells in found
    )


def _read(path: Path, lines: Sequence[str], start: Dialect, layout: Layout) -> Reading:
    """Read all lines in a dialect, its header first, and say what becomes of them."""
    try:
        dialect = replace(with_header(path, lines, start, layout), long_rows=True)
    except TableError as error:
        return Reading(start, error=error)
    rejected: list[Rejected] = []
    records = Records(iter(lines[dialect.before - len(dialect.preamble) :]), dialect, rejected.append)
    rows = sum(1 for _ in records)
    broken = sum(each.reason != HEADER_AGAIN for each in rejected)
    # An empty cell after the last in most rows is how the file is written; in a few it is a broken line.
    habit = 2 * records.long > rows
    longer = 0 if habit else records.long
    return Reading(
        replace(dialect, long_rows=habit),
        rows=rows - longer,
        broken=broken + longer,
        proofs=records.proofs,
        letters=records.letters,
        ties=records.ties,
        strays=records.strays,
    )
