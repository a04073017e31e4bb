"""Rejected lines, kept as they stood."""

import csv
import io
import os
from collections import Counter
from pathlib import Path
from typing import IO

from data.dialect import Dialect
from data.outputs import writing
from data.records import Rejected


class RejectedWriter:
    """Writes rejected lines byte for byte, with line number and reason, to a file that is whole or absent.

    The file appears when the block ends well and a line was rejected; an earlier run's goes if none was.
    """

    def __init__(self, path: Path, dialect: Dialect | None) -> None:
        self.path, self.reasons = path, Counter[str]()
        self._part = path.with_name(f".{path.name}.part")
        self._file: IO[bytes] | None = None
        # UTF-16 beside our own ASCII would be no text file at all.
        wide = dialect is None or dialect.encoding.startswith("utf-16")
        self._encoding = (
            ("utf-8", "surrogatepass") if wide or dialect is None else (dialect.encoding, "surrogateescape")
        )

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
                self._file = self._part.open("wb")
                self._file.write(b"line,reason,text\n")
            self._file.write(line.getvalue().encode(*self._encoding))

    def __enter__(self) -> "RejectedWriter":
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                with writing(self.path):
                    self._publish()
        finally:
            if self._file is not None:
                self._file.close()
            self._part.unlink(missing_ok=True)

    def _publish(self) -> None:
        if self._file is None:
            self.path.unlink(missing_ok=True)
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        self._part.replace(self.path)
