"""Outputs that are whole or absent: written beside their target, synced, renamed."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl

from data.unfinished import unfinished
from sentiment_core.errors import OutputError, SpaceError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system and Polars raise while `path` is written into one OutputError that names it."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        found = getattr(error, "strerror", None) or " ".join(str(error).split())[:200]
        # Polars passes the system's errors on as text alone.
        full = [code for code in _NO_SPACE if getattr(error, "errno", None) == code or f"os error {code}" in str(error)]
        if full:
            found = os.strerror(full[0])
            raise SpaceError(
                f"{path}: cannot be written: {found}; free space and run the same command again"
            ) from error
        raise OutputError(f"{path}: cannot be written: {found}; choose another --output") from error


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a temporary path in the folder of `path`; on success it becomes `path`, else nothing stays."""
    part = path.with_name(f".{path.name}.part")
    make_folder(path.parent)
    try:
        with unfinished(part):
            yield part
            with writing(path):
                _sync(part)
                part.replace(path)
                _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, if it is not there. Raises OutputError."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def require_absent(folder: Path) -> None:
    """Raise OutputError where `folder` exists: a model is never overwritten."""
    if folder.exists():
        raise OutputError(f"{folder}: wanted a folder that does not exist yet, found one; remove it or choose another")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Give an empty folder beside `folder`, which must not exist; on success it becomes `folder`."""
    require_absent(folder)
    building = folder.with_name(f".{folder.name}.building")
    with writing(folder), unfinished(building):
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        try:
            yield building
            for file in building.rglob("*"):
                # safetensors are written for their owner alone; a model is read by the job's user.
                file.chmod(0o666 & ~_UMASK)
                _sync(file)
            building.rename(folder)
            _sync(folder.parent)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write `content` as one whole JSON file."""
    with whole_file(path) as part, writing(path):
        part.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


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
