"""What pyarrow and the system say of a Parquet file that cannot be read, turned into one line with its true cause."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from sentiment_core.errors import TableError

# What pyarrow raises on files that are damaged in every way that was tried; names of columns may be no UTF-8.
FAULTS = (pa.ArrowException, OSError, MemoryError, UnicodeDecodeError, OverflowError)
_LONGEST = 200


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what is raised while `path` is read into one TableError that names it."""
    try:
        yield
    except FAULTS as error:
        raise TableError(f"{path}: {cause(error)}") from error


def cause(error: BaseException) -> str:
    """Return what was wanted, what was found and what to do."""
    said = str(error).splitlines()[0][:_LONGEST] if str(error).strip() else type(error).__name__
    if isinstance(error, OSError) and error.errno:
        return f"cannot be read: {os.strerror(error.errno)}; check the file, its folder and who may read them"
    if isinstance(error, MemoryError):
        return "cannot be read: not enough memory; free some, or write the file in smaller rows and pages"
    if "crypt" in said.lower():
        return "wanted a Parquet file that is not encrypted, found an encrypted one; decrypt it first"
    if isinstance(error, pa.ArrowNotImplementedError):
        return (
            f"wanted Parquet that pyarrow {pa.__version__} can read, found what it cannot: {said}; "
            "write it in another type or codec, or leave the column out with --keep"
        )
    return f"cannot be read as Parquet: {said}; check that the file is whole, or write it again"
