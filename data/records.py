"""Records of a delimited text file, one by one, so that a broken one costs no other.

Polars' reader fails a whole file over one stray quote or broken byte; here such a line is set aside as it
stands and reading goes on at the next. Quoting is RFC 4180's: a field is quoted if it begins with a quote,
a quote inside is doubled, a quoted field may hold line breaks.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from data.dialect import Dialect

# A quote that is never closed must not take the rest of a large file for one field.
_LONGEST_RECORD = 1 << 24


@dataclass(frozen=True, slots=True)
class Rejected:
    """Lines set aside: the number of the first (1 is the header's), why, and the text as it stood."""

    line: int
    reason: str
    text: str


class _BrokenRecord(Exception):
    """A record whose quotes are in order, and that is none all the same."""


class _BrokenQuotes(Exception):
    """A quote in a wrong place: where the record ends nobody knows, so only its first line is given up."""


class Records:
    """Iterates over the records after the header: a list of cells (None where nothing was written), or Rejected.

    `header` is None for an empty file. Lines that hold nothing are no records, unless there is one column alone.
    """

    def __init__(self, lines: Iterator[str], dialect: Dialect) -> None:
        self._lines, self._dialect = lines, dialect
        self._pending: deque[str] = deque()
        self._taken: list[str] = []
        self._number = 0
        self._width = 0
        first = next(self._read(), None)
        self.header: list[str] | Rejected | None = (
            first if first is None or isinstance(first, Rejected) else [cell or "" for cell in first]
        )
        self._width = len(self.header) if isinstance(self.header, list) else 0

    def __iter__(self) -> Iterator[list[str | None] | Rejected]:
        return self._read()

    def _read(self) -> Iterator[list[str | None] | Rejected]:
        while (line := self._next()) is not None:
            number = self._number
            # Where CR ends lines, some end with CRLF all the same: the LF stands before the next.
            line = line.removeprefix("\n")
            if self._width != 1 and line in ("", "\r"):
                continue
            self._taken = [line]
            try:
                cells = self._cells(line)
                self._check(cells)
                yield cells
            except _BrokenRecord as broken:
                yield Rejected(number, str(broken), self._join(self._taken))
            except _BrokenQuotes as broken:
                self._pending.extendleft(reversed(self._taken[1:]))
                self._number = number
                yield Rejected(number, str(broken), self._join(self._taken[:1]))

    def _next(self) -> str | None:
        line = self._pending.popleft() if self._pending else next(self._lines, None)
        self._number += line is not None
        return line

    def _join(self, taken: list[str]) -> str:
        return ("\r" if self._dialect.newline == "\r" else "\n").join(taken).removesuffix("\r")

    def _stop(self, line: str) -> int:
        """Where a line's text ends: before the CR of a CRLF."""
        return len(line) - (self._dialect.newline == "\r\n" and line.endswith("\r"))

    def _cells(self, line: str) -> list[str | None]:
        separator, stop = self._dialect.separator, self._stop(line)
        if '"' not in line and self._width != 1:
            return [cell or None for cell in line[:stop].split(separator)]
        cells: list[str | None] = []
        at = 0
        while True:
            if line.startswith('"', at):
                quoted, line, at = self._quoted(line, at + 1)
                stop = self._stop(line)
                cells.append(quoted)
            else:
                # With one column alone, a separator can only be text.
                end = -1 if self._width == 1 else line.find(separator, at, stop)
                end = stop if end < 0 else end
                cells.append(line[at:end] or None)
                at = end
            if at == stop:
                return cells
            if not line.startswith(separator, at):
                raise _BrokenQuotes("text after a closing quote")
            at += 1

    def _quoted(self, line: str, start: int) -> tuple[str, str, int]:
        """Read a quoted field from `start`; return it, the line it ends on, and the place after its closing quote."""
        parts: list[str] = []
        size = 0
        while True:
            end = line.find('"', start)
            if end < 0:
                parts.append(line[start:])
                size += len(parts[-1])
                following = self._next() if size < _LONGEST_RECORD else None
                if following is None:
                    raise _BrokenQuotes("a quote is opened and never closed")
                parts.append("\r" if self._dialect.newline == "\r" else "\n")
                self._taken.append(following)
                line, start = following, 0
            elif line.startswith('"', end + 1):
                parts.append(line[start : end + 1])
                start = end + 2
            else:
                parts.append(line[start:end])
                return "".join(parts), line, end + 1

    def _check(self, cells: list[str | None]) -> None:
        try:
            for line in self._taken:
                if not line.isascii():
                    line.encode("utf-8")
        except UnicodeEncodeError as error:
            found = ord(error.object[error.start])
            what = f"byte 0x{found - 0xDC00:02x}" if 0xDC80 <= found <= 0xDCFF else f"lone surrogate U+{found:04X}"
            raise _BrokenRecord(f"not {self._dialect.encoding}: {what}") from error
        if self._width and len(cells) != self._width:
            raise _BrokenRecord(f"wanted {self._width} fields, found {len(cells)}")
