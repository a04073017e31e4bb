"""Standard streams that cost no run: where they are closed, full or gone, what is said is lost and nothing else."""

import errno
import io
import os
import sys
from typing import TextIO

from sentiment_core.errors import OutputError

_STANDARD = (0, 1, 2)


class _Steady(io.RawIOBase):
    """The bytes of a descriptor; `lost` is the first error that writing met, if any."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.lost: OSError | None = None

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def write(self, content: object) -> int:
        assert isinstance(content, (bytes, bytearray, memoryview))
        try:
            return os.write(self._descriptor, content)
        except OSError as error:
            self.lost = self.lost or error
            return len(content)


class Streams:
    """Standard output and error of this process, made steady.

    Letters that the encoding lacks are written as escapes.
    """

    def __init__(self) -> None:
        # A closed descriptor is given to the next file that is opened, and what a library prints would land in it.
        for descriptor in _STANDARD:
            try:
                os.fstat(descriptor)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this one
        self._out = _Steady(1)
        sys.stdout = _text(self._out, sys.stdout)
        sys.stderr = _text(_Steady(2), sys.stderr)

    def check_output(self) -> None:
        """Raise OutputError where standard output was lost; a reader that had enough (`| head`) is no reason."""
        sys.stdout.flush()
        lost = self._out.lost
        if lost is not None and lost.errno != errno.EPIPE:
            raise OutputError(f"standard output: cannot be written: {lost.strerror}; choose another place for it")


def _text(raw: _Steady, old: TextIO | None) -> TextIO:
    encoding = getattr(old, "encoding", None) or "utf-8"
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=encoding,
        errors="backslashreplace",
        line_buffering=raw.fileno() == 2 or raw.isatty(),
    )
