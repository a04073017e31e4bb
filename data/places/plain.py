"""Plain bytes in and out, whatever compresses them: told by the content when read, by the ending when written."""

import bz2
import gzip
import io
import lzma
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import IO, cast

from sentiment_core.errors import TableError

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError, ZstdFile
else:
    from backports.zstd import ZstdError, ZstdFile

# What reading a compressed file may raise beside OSError.
CORRUPT = (EOFError, zlib.error, lzma.LZMAError, ZstdError)
_BLOCK = 1 << 20


class Compression(Enum):
    """Ways to compress a whole file, by their usual ending."""

    GZIP = ".gz"
    ZSTD = ".zst"
    BZIP2 = ".bz2"
    XZ = ".xz"


ENDINGS = {each.value: each for each in Compression} | {".gzip": Compression.GZIP, ".zstd": Compression.ZSTD}
_MAGIC = {
    Compression.GZIP: re.compile(rb"\x1f\x8b\x08"),
    Compression.ZSTD: re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"),
    # Letters and a digit alone could begin a text: the first block's number, or an empty file's, must follow.
    Compression.BZIP2: re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"),
    Compression.XZ: re.compile(rb"\xfd7zXZ\x00"),
}


def compression_of(head: bytes) -> Compression | None:
    """Tell from its first bytes how a file is compressed."""
    return next((each for each, magic in _MAGIC.items() if magic.match(head)), None)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what the system and broken compression raise while `path` is read into one TableError that names it."""
    try:
        yield
    except (OSError, *CORRUPT) as error:
        found = " ".join(str(error).split())[:300] or type(error).__name__
        raise TableError(f"{path}: cannot be read as a table: {found}; check that the file is whole") from error


@contextmanager
def open_plain(path: Path) -> Iterator[IO[bytes]]:
    """Open the plain bytes of a file, whatever its compression and its ending."""
    with path.open("rb") as raw:
        compression = compression_of(raw.peek(16))
        if compression is None:
            yield raw
            return
        with _decompressing(raw, compression) as file:
            yield file


def _decompressing(raw: IO[bytes], compression: Compression) -> IO[bytes]:
    file: object
    match compression:
        case Compression.GZIP:
            file = gzip.GzipFile(fileobj=raw)
        case Compression.ZSTD:
            file = ZstdFile(raw)
        case Compression.BZIP2:
            file = bz2.BZ2File(raw)
        case Compression.XZ:
            file = lzma.LZMAFile(raw)  # noqa: SIM115 (closed by the reader around it)
    return io.BufferedReader(cast(io.RawIOBase, file), _BLOCK)


@contextmanager
def compressing(file: IO[bytes], path: Path) -> Iterator[IO[bytes]]:
    """Give what compresses into `file` as the ending of `path` says; the same content gives the same bytes."""
    match ENDINGS.get(path.suffix.lower()):
        case Compression.GZIP:
            # Without name and time, so that a second run writes the same bytes.
            with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                yield cast(IO[bytes], packed)
        case Compression.ZSTD:
            with ZstdFile(file, "wb") as zstd:
                yield cast(IO[bytes], zstd)
        case Compression.BZIP2:
            with bz2.BZ2File(file, "wb") as bzip2:
                yield cast(IO[bytes], bzip2)
        case Compression.XZ:
            with lzma.LZMAFile(file, "wb") as xz:
                yield cast(IO[bytes], xz)
        case None:
            yield file
