"""How a text file is written: compression, encoding, line ends, separator. Found by reading, never asked for."""

import codecs
import gzip
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError, ZstdFile
else:
    from backports.zstd import ZstdError, ZstdFile

COMPRESSIONS = (".gz", ".zst")
_LONGEST_LINE = 1 << 26


class LineTooLong(ValueError):
    """A line that no table has: what is read is none."""


# What reading a text file may raise beside OSError.
CORRUPT = (EOFError, UnicodeError, zlib.error, ZstdError, LineTooLong)
SEPARATORS = (",", ";", "\t", "|")
_BLOCK = 1 << 20
_QUOTED = re.compile(r'"[^"]*"')
_LINE_END = re.compile("\r\n|\r|\n")
_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ESCAPED = re.compile("[\udc80-\udcff]")
_BEYOND_ASCII = re.compile("[^\x00-\x7f\udc80-\udcff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the lines of one text file are cut and decoded."""

    encoding: str
    newline: str
    separator: str


@contextmanager
def open_text(path: Path) -> Iterator[IO[bytes]]:
    """Open the plain bytes of a text file, whatever its compression."""
    with path.open("rb") as raw:
        if path.suffix == ".gz":
            yield cast(IO[bytes], gzip.GzipFile(fileobj=raw))
        elif path.suffix == ".zst":
            yield cast(IO[bytes], ZstdFile(raw))
        else:
            yield raw


def find_dialect(path: Path, usual_separator: str) -> Dialect:
    """Read `path` once and tell its dialect; a header without any separator leaves `usual_separator`.

    UTF-16 is known by its mark or its NULs. A file is UTF-8 if more of it is valid than not: single broken
    rows are then set aside. The rest is Windows-1252, or Mac Roman where CR ends lines, as Excel for the Mac
    writes; both give every byte, or nearly, a letter.
    """
    with open_text(path) as file:
        first = file.read(_BLOCK)
        encoding = next((name for mark, name in _BOMS.items() if first.startswith(mark)), None) or _by_nuls(first)
        decoder = codecs.getincrementaldecoder(encoding or "utf-8")("surrogateescape" if not encoding else "replace")
        valid = broken = 0
        block, header = first, ""
        while block:
            text = decoder.decode(block)
            header = header or text[:65_536].lstrip("\ufeff")
            if not encoding and not text.isascii():
                broken += len(_ESCAPED.findall(text))
                valid += len(_BEYOND_ASCII.findall(text))
            block = file.read(_BLOCK)
    unquoted = _QUOTED.sub("", header)
    end = _LINE_END.search(unquoted)
    newline = end[0] if end else "\n"
    if encoding is None:
        single = "mac_roman" if newline == "\r" else "cp1252"
        encoding = single if broken > valid else "utf-8"
    line = unquoted[: end.start()] if end else unquoted
    best = max(SEPARATORS, key=lambda each: (line.count(each), each == usual_separator))
    return Dialect(encoding=encoding, newline=newline, separator=best if best in line else usual_separator)


def _by_nuls(block: bytes) -> str | None:
    """Tell UTF-16 without a mark: every other byte of mostly Latin text is then NUL."""
    head = block[:4096]
    even, odd, half = head[::2].count(0), head[1::2].count(0), len(head) / 2
    if odd > 0.7 * half > 10 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half > 10 * odd else None


def lines(file: IO[bytes], dialect: Dialect) -> Iterator[str]:
    """Yield the lines of `file` without the character that ends them (CR stays before LF).

    A byte that is none of the encoding's becomes a lone surrogate, so that the line can be written back as it was.
    """
    wide = dialect.encoding.startswith("utf-16")
    # UTF-16's own lone surrogates pass, to be told and set aside as broken bytes are.
    decoder = codecs.getincrementaldecoder(dialect.encoding)("surrogatepass" if wide else "surrogateescape")
    end = "\r" if dialect.newline == "\r" else "\n"
    started, rest = False, ""
    while block := file.read(_BLOCK):
        text = decoder.decode(block)
        if not started and text:
            text, started = text.removeprefix("\ufeff"), True
        first, *others = text.split(end)
        rest += first
        if len(rest) > _LONGEST_LINE:
            raise LineTooLong(f"a line of more than {_LONGEST_LINE >> 20} MB")
        if others:
            yield rest
            yield from others[:-1]
            rest = others[-1]
    rest += decoder.decode(b"", True)
    if rest.removeprefix("\n"):  # the rest of a last CRLF is no line
        yield rest
