"""Where the cells of a line end, and what their text means."""

import re
from collections.abc import Sequence

from data.delimited.dialect import Dialect

_NAMED = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
_FIGURE = re.compile(r"[-+\d.,:/ TZ%]*\d[-+\d.,:/ TZ%]*")


class Cut:
    """Finds the ends of cells in a dialect."""

    def __init__(self, dialect: Dialect, single: bool) -> None:
        self._dialect, self._single = dialect, single
        escape, quote = re.escape(dialect.escape), re.escape(dialect.quote)
        self._bare = re.compile(f"{escape}|{re.escape(dialect.separator)}" if dialect.escape_bare else "(?!)")
        self._quoted = re.compile(f"{escape}|{quote}" if escape else quote or "(?!)")

    def bare_end(self, line: str, start: int, stop: int) -> int:
        """Return where the bare cell from `start` ends, at the line's end before `stop` at the latest."""
        if not self._dialect.escape_bare:
            # With one column alone, a separator can only be text.
            end = -1 if self._single else line.find(self._dialect.separator, start, stop)
            return stop if end < 0 else end
        while found := self._bare.search(line, start, stop):
            if found[0] == self._dialect.escape:
                start = found.end() + 1
            elif self._single:
                start = found.end()
            else:
                return found.start()
        return stop

    def quoted_end(self, line: str, start: int) -> int:
        """Return where the quote stands that closes the cell whose text goes on at `start`; -1 if not on this line."""
        quote, escape = self._dialect.quote, self._dialect.escape
        while found := self._quoted.search(line, start):
            end = found.start()
            if found[0] == escape or line.startswith(quote, end + 1):
                start = end + 2
            else:
                return end
        return -1


class Unescape:
    """Turns the text of a cell as it stands into what it means."""

    def __init__(self, dialect: Dialect) -> None:
        quote, escape = dialect.quote, re.escape(dialect.escape)
        self._doubled, self._quote, self._escape = quote * 2, quote, dialect.escape
        # Found rather than given, an escape is one only where nothing else can be meant.
        others = re.escape(dialect.separator[:1]) + "\r\n" if dialect.escape_bare else ""
        special = f"{escape}([{re.escape(quote)}{escape}{others}])|{re.escape(self._doubled)}"
        self._in_quotes = re.compile(special if escape else "(?!)")
        self._in_bare = re.compile(f"{escape}(.)", re.DOTALL) if dialect.escape_bare else None
        # Without quotes it also names the characters that cannot stand in a line.
        self._names = {} if quote else _NAMED

    def quoted(self, text: str) -> str:
        """Return what the text between two quotes means."""
        if self._escape and self._escape in text:
            return self._in_quotes.sub(lambda found: found[1] or self._quote, text)
        return text.replace(self._doubled, self._quote)

    def bare(self, text: str) -> str:
        """Return what the text of a bare cell means."""
        if self._in_bare is None:
            return text
        return self._in_bare.sub(lambda found: self._names.get(found[1], found[1]), text)


def simple_cells(line: str, dialect: Dialect, width: int) -> tuple[list[str | None], bool] | None:
    """Read a line whose quotes all open and close cells and hold no other; None where it is not so simple.

    Also says whether a quoted cell holds a separator.
    """
    separator, quote, nulls = dialect.separator, dialect.quote, dialect.nulls
    if quote * 2 in line or dialect.escape or width == 1 or not line.isascii():
        return None
    first, *parts = (line[:-1] if dialect.line_end == "\n" and line.endswith("\r") else line).split(quote)
    if len(parts) % 2 or (first and not first.endswith(separator)) or line[0] == "\n":
        return None
    bare = first.split(separator)[:-1]
    cells: list[str | None] = [None if text in nulls else text for text in bare]
    for place in range(0, len(parts), 2):
        cells.append(parts[place])
        between = parts[place + 1]
        last = place + 2 == len(parts)
        if (between and not between.startswith(separator)) or (not last and not between.endswith(separator)):
            return None
        bare = between.split(separator)[1:] if last else between.split(separator)[1:-1]
        cells += [None if text in nulls else text for text in bare]
    return (cells, any(separator in inside for inside in parts[::2])) if len(cells) == width else None


def alike(row: Sequence[str | None], other: Sequence[str | None], least: int) -> bool:
    """Whether figures stand in the same cells of two rows: in `least` at least, and in more cells than not."""
    same = other_kind = 0
    for a, b in zip(row, other, strict=True):
        if a and b:
            figures = (_FIGURE.fullmatch(a) is not None) + (_FIGURE.fullmatch(b) is not None)
            same += figures == 2
            other_kind += figures == 1
    return same >= least and (same > other_kind or same == other_kind == 0)
