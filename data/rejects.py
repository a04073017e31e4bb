"""Lines that are no rows, kept as they stood in a file beside the output."""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from data.outputs import whole_file, writing
from data.table import Rejected


class RejectedWriter:
    """Writes rejected lines, each as `spell` says, after `head`, to a file that is whole or absent.

    The file appears when the block ends well and a line was rejected; an earlier run's goes if none was.
    """

    def __init__(self, path: Path, spell: Callable[[Rejected], bytes], head: bytes = b"") -> None:
        self.path, self.reasons = path, Counter[str]()
        self._spell, self._head = spell, head
        self._publishing = ExitStack()
        self._file: IO[bytes] | None = None

    @property
    def count(self) -> int:
        """Lines, or records, rejected so far."""
        return self.reasons.total()

    def add(self, rejected: Rejected) -> None:
        """Write one. Raises OutputError."""
        self.reasons[rejected.reason] += 1
        with writing(self.path):
            if self._file is None:
                part = self._publishing.enter_context(whole_file(self.path))
                self._file = self._publishing.enter_context(part.open("wb"))
                self._file.write(self._head)
            self._file.write(self._spell(rejected))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with writing(self.path):
            if kind is None and self._file is None:
                self.path.unlink(missing_ok=True)
            self._publishing.__exit__(kind, error, trace)
