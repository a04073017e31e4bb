"""Rejected lines, kept as they stood."""

import csv
import io
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO

from data.delimited.dialect import Dialect
from data.outputs import whole_file, writing
from data.table import Rejected


class RejectedWriter:
    """Writes rejected lines byte for byte, with line number and reason, to a CSV file that is whole or absent.

    The file appears when the block ends well and a line was rejected; an earlier run's goes if none was.
    """

    def __init__(self, path: Path, dialect: Dialect) -> None:
        self.path, self.reasons = path, Counter[str]()
        self._publishing = ExitStack()
        self._file: IO[bytes] | None = None
        # UTF-16 beside our own ASCII would be no text file at all.
        self._encoding = ("utf-8", "surrogatepass") if dialect.wide else (dialect.encoding, "surrogateescape")

    @property
    def count(self) -> int:
        """Lines, or records, rejected so far."""
        return self.reasons.total()

    def add(self, rejected: Rejected) -> None:
        """Write one. Raises OutputError."""
        self.reasons[rejected.reason] += 1
        line = io.StringIO(newline="")
        csv.writer(line, lineterminator="\n").writerow([rejected.line, rejected.reason, rejected.text])
        with writing(self.path):
            if self._file is None:
                part = self._publishing.enter_context(whole_file(self.path))
                self._file = self._publishing.enter_context(part.open("wb"))
                self._file.write(b"line,reason,text\n")
            self._file.write(line.getvalue().encode(*self._encoding))

    def __enter__(self) -> "RejectedWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with writing(self.path):
            if kind is None and self._file is None:
                self.path.unlink(missing_ok=True)
            self._publishing.__exit__(kind, error, trace)
