"""What is being written right now, so that a process that must end at once can remove it first."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_UNFINISHED: set[Path] = set()


@contextmanager
def unfinished(path: Path) -> Iterator[None]:
    """Count the file or folder `path` as unfinished within the block; the block itself removes it."""
    _UNFINISHED.add(path)
    try:
        yield
    finally:
        _UNFINISHED.discard(path)


def remove_unfinished() -> None:
    """Remove whatever is unfinished: the process ends, and no block of its own will."""
    for path in list(_UNFINISHED):
        try:
            path.unlink(missing_ok=True)
        except OSError:  # a folder
            shutil.rmtree(path, ignore_errors=True)
