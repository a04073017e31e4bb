"""One run at a time for an output folder."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from data.outputs import writing
from sentiment_core.errors import LockedError


@contextmanager
def locked(path: Path, output: Path) -> Iterator[None]:
    """Hold the lock file `path` of `output`. Raises LockedError naming the process that holds it.

    The kernel keeps the lock and lets go of it with the process, however that dies.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(
                f"{output}: wanted this output for one run alone, found {_holder(descriptor)} at work on it; "
                "wait for its end or choose another --output"
            ) from error
        holder = {
            "process": os.getpid(),
            "host": os.uname().nodename,
            "since": datetime.now(UTC).isoformat(" ", "seconds"),
        }
        with writing(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    for _ in range(20):
        try:
            holder = json.loads(os.pread(descriptor, 4096, 0))
            return f"process {holder['process']} on {holder['host']} (since {holder['since']})"
        except (ValueError, KeyError, TypeError):
            time.sleep(0.05)  # it has the lock and is about to write its name
    return "another process"
