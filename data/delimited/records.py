"""Records of a delimited text file, one by one, so that a broken one costs no other.

A C reader fails a whole file over one stray quote or broken byte; here such a line is set aside as it stands and
reading goes on at the next. A quote that is opened and swallows rows is a letter: see Records.
"""

import re
from collections import deque
from collections.abc import Iterator
from itertools import islice

from data.delimited.cells import Cut, Unescape, alike, simple_cells
from data.delimited.dialect import BOM, PROSE_SEPARATORS, Dialect
from data.table import OnRejected, Rejected

# A quote that is never closed must not take the rest of a large file for one field.
_LONGEST_RECORD = 1 << 24
_JUDGED_LINES = 100
_SURROGATE = re.compile("[\ud800-\udfff]")
HEADER_AGAIN = "the header again"
_NEVER_CLOSED = "a quote is opened and never closed"
Record = list[str | None]


class _BrokenRecord(Exception):
    """A record whose quotes are in order, and that is none all the same."""


class _BrokenQuotes(Exception):
    """A quote in a wrong place: where the record ends nobody knows, so only its first line is given up."""


class Records:
    """Iterates over the records of `lines`, the first of which has number `start`; `on_rejected` hears of the others.

    A null cell is None. Lines that hold nothing are no records, unless there is one column alone. Where the dialect
    is not strict, a quote that swallows lines most of which are rows by themselves, alike to the one it stands in,
    is a letter. `proofs` counts quoted cells that only quoting explains, `letters` quotes that were letters, `ties`
    those of them that could as well be quotes, `strays` bare cells that hold one, `long` rows with an empty cell too
    many.
    """

    def __init__(self, lines: Iterator[str], dialect: Dialect, on_rejected: OnRejected, start: int = 1) -> None:
        self._lines, self._dialect, self._on_rejected, self._number = lines, dialect, on_rejected, start - 1
        self._width = len(dialect.names)
        self._pending: deque[str] = deque()
        self._taken: list[str] = []
        self._alone = False
        self._cut, self._unescape = Cut(dialect, self._width == 1), Unescape(dialect)
        self.proofs = self.letters = self.ties = self.strays = self.long = 0

    @property
    def number(self) -> int:
        """The number of the last line read."""
        return self._number

    def __iter__(self) -> Iterator[Record]:
        separator, crlf, width = self._dialect.separator, self._dialect.line_end == "\n", self._width
        nulls, lines, pending = frozenset(self._dialect.nulls), self._lines, self._pending
        empty_alone = nulls == {""}
        # What only the slow way can read; where there is nothing of the kind, what no line holds.
        quote = self._dialect.quote or "\n\n"
        escape = self._dialect.escape if self._dialect.escape_bare and self._dialect.escape else "\n\n"
        firsts = self._first_names() if self._dialect.header is not None and width > 1 else frozenset()
        while True:
            line = pending.popleft() if pending else next(lines, None)
            if line is None:
                return
            self._number += 1
            if quote in line or escape in line or width == 1:
                record = self._quick(line) or self._slow(line)
            else:
                cells = (line[:-1] if crlf and line.endswith("\r") else line).split(separator)
                if len(cells) != width or line[0] == "\n" or (not line.isascii() and _SURROGATE.search(line)):
                    record = self._slow(line)
                elif empty_alone:
                    record = [cell or None for cell in cells]
                else:
                    record = [None if cell in nulls else cell for cell in cells]
            if record is None:
                continue
            if (record[0] or "") in firsts and self._again(record):
                self._on_rejected(Rejected(self._number, HEADER_AGAIN, self._join([line])))
            else:
                yield record

    def _quick(self, line: str) -> Record | None:
        cells, proof = simple_cells(line, self._dialect, self._width) or (None, False)
        self.proofs += proof
        return cells

    def _again(self, record: Record) -> bool:
        """Whether a record is the header, as files put together have it."""
        return [(cell or "").strip() for cell in record[1:]] == list(self._dialect.names[1:])

    def _first_names(self) -> frozenset[str]:
        """The first name as it may stand again: behind the byte order mark of a file put behind another."""
        name, quote = self._dialect.names[0], self._dialect.quote
        return frozenset({name, BOM + name, f"{BOM}{quote}{name}{quote}"})

    def _slow(self, line: str) -> Record | None:
        number, proofs = self._number, self.proofs
        # Where CR ends lines, some end with CRLF all the same: the LF stands before the next.
        line = line.removeprefix("\n")
        if self._width != 1 and line in ("", "\r"):
            return None
        self._taken = [line]
        try:
            cells = self._cells(line)
            if len(self._taken) > 1 and not self._closes(cells) and self._swallows(closed=True):
                self.proofs = proofs
                self.ties += len(cells) == self._width
                return self._letter(number)
            return self._checked(cells)
        except _BrokenRecord as broken:
            self._on_rejected(Rejected(number, str(broken), self._join(self._taken)))
        except _BrokenQuotes as broken:
            self.proofs = proofs
            if len(self._taken) > 1 and self._swallows(closed=False):
                return self._letter(number)
            self._give_back(number)
            self._on_rejected(Rejected(number, str(broken), self._join(self._taken[:1])))
        return None

    def _next(self) -> str | None:
        line = self._pending.popleft() if self._pending else next(self._lines, None)
        self._number += line is not None
        return line

    def _give_back(self, number: int) -> None:
        self._pending.extendleft(reversed(self._taken[1:]))
        self._number = number

    def _letter(self, number: int) -> Record | None:
        """Read the first line taken by itself, its open quote as a letter; the others come again."""
        self._give_back(number)
        self.letters += 1
        first = self._taken[0]
        self._taken = [first]
        cells = self._by_itself(first)
        try:
            if cells is not None and len(cells) == self._width:
                return self._checked(cells)
            reason = _NEVER_CLOSED
        except _BrokenRecord as broken:
            reason = str(broken)
        self._on_rejected(Rejected(number, reason, self._join([first])))
        return None

    def _by_itself(self, line: str) -> Record | None:
        """Return the cells of one line in which an open quote is a letter; None where its quotes are broken."""
        self._alone, proofs = True, self.proofs
        try:
            return self._cells(line)
        except _BrokenQuotes:
            return None
        finally:
            self._alone, self.proofs = False, proofs

    def _closes(self, cells: Record) -> bool:
        """Whether a record over several lines is whole, and its first and last line are none by themselves.

        In prose one of them is enough. Elsewhere nobody expects quotes, and a broken line may hold a stray one.
        """
        if len(cells) != self._width:
            return False
        if self._dialect.proven:
            return True
        alone = [self._by_itself(self._taken[place]) for place in (0, -1)]
        torn = [each is None or len(each) != self._width for each in alone]
        return any(torn) if self._dialect.separator in PROSE_SEPARATORS else all(torn)

    def _swallows(self, *, closed: bool) -> bool:
        """Whether most lines that the open quote took are rows by themselves, like the one it stands in."""
        if self._dialect.strict or not self._dialect.quote or self._width == 1:
            return False
        first = self._by_itself(self._taken[0])
        whole = first is not None and len(first) == self._width
        # The line that closes a cell of the first column holds the other columns, as if it were a row.
        last = len(self._taken) if whole or not closed else -1
        judged = islice(self._taken[1:last], _JUDGED_LINES)
        others = [self._by_itself(line) for line in judged if line not in ("", "\r")]
        rows = [each for each in others if each is not None and len(each) == self._width]
        # Lines of prose have commas too: there, cells of figures must stand where the first line has them.
        least = (2 if closed else 1) if self._dialect.separator in PROSE_SEPARATORS else 0
        model = first if whole and first is not None else next(iter(rows), [])
        return 2 * sum(alike(model, each, least) for each in rows) > len(others)

    def _join(self, taken: list[str]) -> str:
        return self._dialect.line_end.join(taken).removesuffix("\r")

    def _stop(self, line: str) -> int:
        """Where a line's text ends: before the CR of a CRLF."""
        return len(line) - (self._dialect.line_end == "\n" and line.endswith("\r"))

    def _cells(self, line: str) -> Record:
        line = self._continued(line)
        quote, separator, stop = self._dialect.quote, self._dialect.separator, self._stop(line)
        cells: Record = []
        at = 0
        while True:
            closed = None
            if quote and line.startswith(quote, at):
                closed = self._quoted(line, at + 1)
            if closed is not None:
                cell, line, at = closed
                stop = self._stop(line)
                cells.append(cell)
            else:
                end = self._cut.bare_end(line, at, stop)
                text = line[at:end]
                self.strays += bool(quote) and not self._alone and quote in text
                cells.append(None if text in self._dialect.nulls else self._unescape.bare(text))
                at = end
            if at == stop:
                return cells
            if not line.startswith(separator, at) or self._width == 1:
                raise _BrokenQuotes("text after a closing quote")
            at += len(separator)

    def _continued(self, line: str) -> str:
        """Add to a line those that follow it behind an escaped line end."""
        escape, parts, size = self._dialect.escape, [line], 0
        while escape and self._dialect.escape_bare and not self._alone and size < _LONGEST_RECORD:
            text = parts[-1][: self._stop(parts[-1])]
            following = self._next() if (len(text) - len(text.rstrip(escape))) % 2 else None
            if following is None:
                break
            parts.append(following)
            self._taken.append(following)
            size += len(following)
        return self._dialect.line_end.join(parts)

    def _quoted(self, line: str, start: int) -> tuple[str, str, int] | None:
        """Read a quoted cell from `start`; return it, the line it ends on, and the place after its closing quote.

        None where the quote is a letter: a line read by itself does not close it.
        """
        parts: list[str] = []
        size, plain = 0, True
        while (end := self._cut.quoted_end(line, start)) < 0:
            if self._alone:
                return None
            parts += [line[start:], self._dialect.line_end]
            size += len(parts[-2])
            following = self._next() if size < _LONGEST_RECORD else None
            if following is None:
                raise _BrokenQuotes(_NEVER_CLOSED)
            self._taken.append(following)
            line, start, plain = self._continued(following), 0, False
        parts.append(line[start:end])
        text = "".join(parts)
        if not plain or self._dialect.separator in text or self._dialect.quote in text:
            self.proofs += 1
        return self._unescape.quoted(text), line, end + 1

    def _checked(self, cells: Record) -> Record:
        for line in self._taken:
            found = None if line.isascii() else _SURROGATE.search(line)
            if found:
                code = ord(found[0])
                what = f"byte 0x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"lone surrogate U+{code:04X}"
                raise _BrokenRecord(f"not {self._dialect.encoding}: {what}")
        short = len(cells) - self._width
        if self._dialect.long_rows and short == 1 and cells[-1] in (None, ""):
            cells.pop()
            self.long += 1
        elif self._dialect.short_rows and short == -1:
            cells.append(None)
        elif self._width and short:
            raise _BrokenRecord(f"wanted {self._width} fields, found {len(cells)}")
        return cells
