"""The lines of a text file, decoded block by block."""

import codecs
from collections.abc import Callable, Iterator
from typing import IO

from data.delimited.dialect import BOM, Dialect
from data.places.plain import CORRUPT as BROKEN_COMPRESSION

BLOCK = 1 << 20
_LONGEST_LINE = 1 << 26


class LineTooLong(ValueError):
    """A line that no table has: what is read is none."""


# What reading a text file may raise beside OSError.
CORRUPT = (*BROKEN_COMPRESSION, UnicodeError, LineTooLong)


def decoder(dialect: Dialect) -> codecs.IncrementalDecoder:
    """Return what decodes a file block by block; a byte that is none of the encoding's becomes a lone surrogate."""
    # UTF-16's own lone surrogates pass, to be told and set aside as broken bytes are.
    return codecs.getincrementaldecoder(dialect.encoding)("surrogatepass" if dialect.wide else "surrogateescape")


def lines(file: IO[bytes], dialect: Dialect, witness: Callable[[str], None] | None = None) -> Iterator[str]:
    """Yield the lines of `file` without the character that ends them (CR stays before LF).

    `witness` sees every block of text. Raises LineTooLong beyond 64 M characters.
    """
    decode, end = decoder(dialect).decode, dialect.line_end
    started, size, parts = False, 0, list[str]()
    while block := file.read(BLOCK):
        text = decode(block)
        if witness is not None:
            witness(text)
        if not started:
            text = text.lstrip(BOM)
            started = bool(text)
        first, *others = text.split(end)
        parts.append(first)
        size += len(first)
        if size > _LONGEST_LINE:
            raise LineTooLong(f"a line of more than {_LONGEST_LINE >> 20} MB")
        if others:
            yield "".join(parts)
            yield from others[:-1]
            parts, size = [others[-1]], len(others[-1])
    rest = "".join([*parts, decode(b"", True)])
    if rest.removeprefix("\n"):  # the rest of a last CRLF is no line
        yield rest
