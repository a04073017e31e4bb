"""Outputs that are whole or absent: written beside their target, synced, renamed."""

import errno
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from data.unfinished import unfinished
from sentiment_core.errors import OutputError, SpaceError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
# In bytes; file systems end at 255, and a temporary name is longer than its target's.
_LONGEST_NAME = 200
_TOKEN = 4
# In bytes, more than a summary takes.
_RESERVED = 1 << 15
_STALE = re.compile(rf"\..*\.[0-9a-f]{{{2 * _TOKEN}}}\.part", re.DOTALL)
_ATTEMPT = re.compile(rf"\.[0-9a-f]{{{2 * _TOKEN}}}(?=\.\w+$)")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system, Arrow and Polars raise while `path` is written into one OutputError that names it."""
    try:
        yield
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        number = getattr(error, "errno", None)
        # Arrow and Polars pass some of the system's errors on as text alone.
        full = [
            code for code in _NO_SPACE if number == code or re.search(rf"(?i)\b(os error|errno) {code}\b", str(error))
        ]
        if full:
            raise SpaceError(
                f"{path}: cannot be written: {os.strerror(full[0])}; free space and run the same command again"
            ) from error
        found = os.strerror(number) if number else " ".join(str(error).split())[:200]
        raise OutputError(f"{path}: cannot be written: {found}; choose another --output") from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give an empty temporary file in the folder of `path`; on success it becomes `path`, else nothing stays."""
    make_folder(path.parent)
    with _beside(path, ".part", Path.touch) as part:
        yield part
        with writing(path):
            _sync(part)
            part.replace(path)
            _sync(path.parent)


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, if it is not there. Raises OutputError."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def remove_stale_attempts(folder: Path) -> None:
    """Remove what killed runs left unfinished below `folder`, also of files that nobody writes any more."""
    for place, _, names in os.walk(folder):
        for name in names:
            if _STALE.fullmatch(name):
                _remove_stale(Path(place, name))


def require_absent(folder: Path) -> None:
    """Raise OutputError where `folder` exists: a model is never overwritten."""
    if folder.exists():
        raise OutputError(f"{folder}: wanted a folder that does not exist yet, found one; remove it or choose another")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`, which must not exist; on success it becomes `folder`."""
    require_absent(folder)
    make_folder(folder.parent)
    # The name of what is built is that of the folder, for whatever writes it down.
    with _beside(folder, ".building", Path.mkdir) as place, writing(folder):
        building = place / folder.name
        building.mkdir()
        yield building
        for file in building.rglob("*"):
            # safetensors are written for their owner alone; a model is read by the job's user.
            file.chmod(0o666 & ~_UMASK)
            _sync(file)
        building.rename(folder)
        _sync(folder.parent)


@contextmanager
def reserved(path: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Take the space of a JSON file before its content is known; give what fills it. Raises OutputError.

    A disk that is full is met here, before other files of the same job are published. Unfilled, nothing stays.
    """
    with whole_file(path) as part:
        with writing(path), part.open("wb") as file:
            file.write(b" " * _RESERVED)
            file.flush()
            os.fsync(file.fileno())

        def fill(content: dict[str, Any]) -> None:
            with writing(path), part.open("r+b") as file:
                file.write(_as_json(content))
                file.truncate()

        yield fill


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as one whole JSON file."""
    with whole_file(path) as part, writing(path):
        part.write_bytes(_as_json(content))


def _as_json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "backslashreplace")


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _beside(path: Path, ending: str, make: Callable[[Path], None]) -> Iterator[Path]:
    """Give a path beside `path` that `make` made and no other attempt has; it is gone when the block ends.

    What killed attempts left goes first. A lock tells them from those at work: the kernel lets go of it with the
    process, however that dies.
    """
    with writing(path):
        with os.scandir(path.parent) as entries:
            for entry in entries:
                if _ATTEMPT.sub("", entry.name) == _hidden(path, ending):
                    _remove_stale(path.with_name(entry.name))
        attempt = path.with_name(_hidden(path, f".{secrets.token_hex(_TOKEN)}{ending}"))
        make(attempt)
        descriptor = os.open(attempt, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks has no stale attempts removed, either
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with unfinished(attempt):
            yield attempt
    finally:
        os.close(descriptor)
        _remove(attempt)


def _hidden(path: Path, ending: str) -> str:
    """Return the name of `path`, hidden and with `ending`; a long name is one that only stands for it."""
    name = os.fsencode(path.name)
    short = path.name if len(name) <= _LONGEST_NAME else hashlib.sha256(name).hexdigest()
    return f".{short}{ending}"


def _remove_stale(attempt: Path) -> None:
    with suppress(OSError):
        descriptor = os.open(attempt, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(attempt)
        finally:
            os.close(descriptor)


def _remove(attempt: Path) -> None:
    if attempt.is_dir():
        shutil.rmtree(attempt, ignore_errors=True)
    else:
        attempt.unlink(missing_ok=True)
