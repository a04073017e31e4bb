"""What is done already: the predictions of finished chunks, so that a run that was cut goes on where it stopped.

Only predictions are kept, a few bytes a row. The same command reads its input again, takes finished chunks
from here and scores the rest, so a resumed output is made in the one way that an uninterrupted one is.
"""

import hashlib
import io
import json
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import polars as pl

from data.outputs import writing
from data.predictions import as_frame, from_frame
from sentiment_core.scorer import Predictions

_SUFFIX = ".arrow"
CHUNKS = "chunks"
_STALE_SECONDS = 30 * 24 * 3600


class Ledger:
    """The finished chunks of one input under one `fingerprint`, in `folder`.

    A chunk is a file named by its first row and the SHA-256 of its content: one that a crash or a power loss
    left incomplete does not match its name and counts as not there, so nothing waits for the disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._chunks: dict[int, Path] = {}
        for path in folder.glob(f"*{_SUFFIX}"):
            self._chunks[int(path.name.split("-")[0])] = path

    def __len__(self) -> int:
        return len(self._chunks)

    def find(self, start: int, rows: int) -> Predictions | None:
        """Return the predictions of the chunk of `rows` rows from row `start` on, or None if it must be scored."""
        path = self._chunks.get(start)
        if path is None:
            return None
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if path.stem.split("-")[1] != hashlib.sha256(content).hexdigest():
            return None
        frame = pl.read_ipc(io.BytesIO(content))
        return from_frame(frame) if len(frame) == rows else None

    def add(self, start: int, predictions: Predictions) -> None:
        """Record a finished chunk. Raises OutputError."""
        buffer = io.BytesIO()
        as_frame(predictions).write_ipc(buffer)
        content = buffer.getvalue()
        name = f"{start:012}-{hashlib.sha256(content).hexdigest()}{_SUFFIX}"
        with writing(self._folder / name):
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / name).write_bytes(content)

    def drop(self) -> None:
        """Forget everything: the output is published."""
        shutil.rmtree(self._folder, ignore_errors=True)


def sweep(chunks: Path) -> None:
    """Remove the ledgers in `chunks` that nobody went on with for a month, and the folder if none is left."""
    for folder in chunks.glob("*"):
        if time.time() - folder.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        chunks.rmdir()


def fingerprint(**settings: Any) -> str:
    """Return what stands for an input, a bundle and the settings that a score depends on."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
