"""Plain bytes behind any compression: told by content when read, by the ending when written."""

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

if sys.version_info >= (3, 14):
    from compression.zstd import ZstdError, ZstdFile
else:
    from backports.zstd import ZstdError, ZstdFile

# What reading compressed bytes may raise beside OSError.
CORRUPT = (EOFError, zlib.error, ZstdError, lzma.LZMAError)
_MAGIC: dict[bytes, Callable[[IO[bytes]], object]] = {
    b"\x1f\x8b": lambda raw: gzip.GzipFile(fileobj=raw),
    b"\x28\xb5\x2f\xfd": ZstdFile,
    b"\xfd7zXZ\x00": lzma.LZMAFile,
    **{b"BZh%d1AY&SY" % level: bz2.BZ2File for level in range(1, 10)},
}


@contextmanager
def open_plain(path: Path) -> Iterator[IO[bytes]]:
    """Open the plain bytes of a file, whatever its compression; several members in a row are one text."""
    with path.open("rb") as raw:
        head = raw.read(16)
        raw.seek(0)
        opened = next((opening for magic, opening in _MAGIC.items() if head.startswith(magic)), None)
        yield raw if opened is None else cast(IO[bytes], opened(raw))


def compressing(file: IO[bytes], path: Path) -> IO[bytes]:
    """Return what compresses into `file` as the ending of `path` says; the same bytes give the same file."""
    match path.suffix.lower():
        case ".gz":
            return cast(IO[bytes], gzip.GzipFile("", "wb", 6, file, 0))
        case ".zst":
            return cast(IO[bytes], ZstdFile(file, "wb"))
        case ".bz2":
            return cast(IO[bytes], bz2.BZ2File(file, "wb"))
        case ".xz":
            return cast(IO[bytes], lzma.LZMAFile(file, "wb", preset=2))
        case _:
            return file
