"""How a file is written, found from its first megabytes, and from all of it once a pass has seen it."""

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from data.delimited.dialect import BOM, USUAL_QUOTE, Dialect
from data.delimited.finding.encoding import certain_encoding, guess, utf8_evidence
from data.delimited.finding.evidence import decide, line_end
from data.delimited.layout import Layout
from data.delimited.lines import decoder
from sentiment_core.errors import TableError

# Files up to this size are judged whole before they are read; of larger ones the pass that counts sees the rest.
HEAD = 1 << 21
_SAMPLE, _BLOCK_SAMPLE = 1 << 17, 1 << 15
# ISO 2022's escape sequences, ASCII before other letters.
_SWITCH = re.compile(r"\x1b\$[@AB()]")
# Broken bytes in so few lines cost those lines; in more the encoding is another.
_STRAY_SHARE = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is known of how a file is written; `certain` where its encoding is no guess, `whole` where all was seen."""

    dialect: Dialect
    lines: Sequence[str]
    doubt: str
    certain: bool
    whole: bool


class Witness:
    """Sees a file's text block by block, and keeps what tells its encoding and its quotes."""

    def __init__(self, dialect: Dialect, *, quotes: bool) -> None:
        self._dialect, self._quotes = dialect, quotes
        self.valid = self.broken = self.lines = self.broken_lines = 0
        self.switches = False
        self.sample = bytearray()
        self.quoted: list[str] = []
        self._quoted_size = 0

    def see(self, text: str) -> None:
        """Take note of a block."""
        self.lines += text.count(self._dialect.line_end)
        self.switches = self.switches or _SWITCH.search(text) is not None
        if self._quotes and self._quoted_size < _SAMPLE and USUAL_QUOTE in text:
            self.keep(line for line in text.split(self._dialect.line_end)[1:-1] if USUAL_QUOTE in line)
        if text.isascii():
            return
        utf8 = self._dialect.encoding == "utf-8"
        valid, broken = utf8_evidence(text) if utf8 else (0, 1)
        self.valid, self.broken = self.valid + valid, self.broken + broken
        if not broken:
            return
        taken = 0
        for line in text.split(self._dialect.line_end):
            if line.isascii() or (utf8 and not utf8_evidence(line)[1]):
                continue
            self.broken_lines += 1
            if taken < _BLOCK_SAMPLE and len(self.sample) < _SAMPLE:
                taken += len(line)
                self.sample += line[:_BLOCK_SAMPLE].encode(self._dialect.encoding, "surrogateescape") + b"\n"

    def keep(self, lines: Iterator[str]) -> None:
        """Keep lines that may tell of quotes, as many as there is room for."""
        for line in lines:
            if self._quoted_size >= _SAMPLE:
                return
            self.quoted.append(line[:_SAMPLE])
            self._quoted_size += len(line)

    def encoding(self, path: Path) -> tuple[str, str]:
        """Return the encoding of what was seen, and why it was a guess. Raises TableError where nothing settles it."""
        utf8 = self._dialect.encoding == "utf-8"
        if self.switches and not self.valid:
            reason: str = "escape sequences switch its character set"
        elif utf8 and self.broken <= self.valid:
            return "utf-8", ""
        else:
            found = guess(bytes(self.sample), self._dialect.line_end)
            if found.encoding is not None:
                return found.encoding, (
                    f"its encoding was taken for {found.encoding}, a guess: {found.reason}; "
                    "name it with --encoding where texts look wrong"
                )
            reason = found.reason
            if utf8 and self.broken_lines <= _STRAY_SHARE * self.lines:
                return "utf-8", ""
        raise TableError(
            f"{path}: wanted UTF-8 or an encoding that its letters tell, found neither: {reason}; "
            "name it with --encoding"
        )


def find(path: Path, file: IO[bytes], layout: Layout, usual_separator: str) -> Finding:
    """Find how `file` is written from its first bytes. Raises TableError where they leave two readings."""
    head = _read_full(file)
    return _judge(path, head, layout, usual_separator)


def find_again(path: Path, file: IO[bytes], layout: Layout, before: Finding, seen: Witness) -> Finding:
    """Find it once more after a pass that saw the whole file. Raises TableError where the columns would be others."""
    encoding, doubt = (before.dialect.encoding, before.doubt) if before.certain else seen.encoding(path)
    if encoding != before.dialect.encoding and before.doubt:
        raise TableError(
            f"{path}: {before.dialect.encoding} by its first lines, {encoding} by the others; name it with --encoding"
        )
    changed = encoding != before.dialect.encoding
    dialect, lines = replace(before.dialect, encoding=encoding), before.lines
    if changed:
        found = _judge(path, _read_full(file), replace(layout, encoding=encoding), "")
        dialect, lines = replace(found.dialect, given=before.dialect.given), found.lines
    if seen.quoted:
        start = Dialect(encoding=encoding, newline=dialect.newline, bom=dialect.bom)
        with_separator = replace(layout, separator=dialect.separator)
        dialect = replace(
            decide(path, [*lines, *seen.quoted], start, with_separator, dialect.separator), given=dialect.given
        )
    if dialect.names != before.dialect.names:
        raise TableError(
            f"{path}: its first lines show other columns than the whole file; say how it is written, "
            "with --separator, --quote and --encoding"
        )
    return Finding(dialect=dialect, lines=lines, doubt=doubt, certain=before.certain, whole=True)


def _judge(path: Path, head: bytes, layout: Layout, usual_separator: str) -> Finding:
    whole = len(head) < HEAD
    encoding, certain = _named(layout.encoding, head), True
    doubt = ""
    if encoding is None:
        first = Dialect()
        text = decoder(first).decode(head, whole)
        witness = Witness(replace(first, newline=line_end(text[:65_536], layout)), quotes=False)
        witness.see(text)
        (encoding, doubt), certain = witness.encoding(path), False
    start = Dialect(encoding=encoding)
    text = decoder(start).decode(head, whole)
    start = replace(start, newline=line_end(text[:65_536], layout), bom=text.startswith(BOM))
    lines = text.lstrip(BOM).split(start.line_end)
    if len(lines) > 1 and (not whole or not lines[-1].removeprefix("\n")):
        lines.pop()
    dialect = decide(path, [] if lines == [""] else lines, start, layout, usual_separator)
    return Finding(dialect=dialect, lines=lines, doubt=doubt, certain=certain, whole=whole)


def _named(given: str | None, head: bytes) -> str | None:
    """Return the encoding that the user or the file names."""
    marked = certain_encoding(head)
    if given is None:
        return None if marked is None else marked
    name = codecs.lookup(given).name
    if name in ("utf-16", "utf-32"):
        return marked if marked is not None and marked.startswith(name) else f"{name}-le"
    return "utf-8" if name == "utf-8-sig" else name


def _read_full(file: IO[bytes]) -> bytes:
    parts: list[bytes] = []
    missing = HEAD
    while missing and (block := file.read(missing)):
        parts.append(block)
        missing -= len(block)
    return b"".join(parts)
