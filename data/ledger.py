"""What is done already: the predictions of finished chunks, so that a run that was cut goes on where it stopped.

Only predictions are kept, a few bytes a row. The same command reads its input again, takes finished chunks
from here and scores the rest, so a resumed output is made in the one way that an uninterrupted one is.
"""

import hashlib
import io
import shutil
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from data.outputs import writing
from data.predictions import columns, from_table
from sentiment_core.scorer import Predictions

_SUFFIX = ".arrow"
_SOURCE = "source"
_STALE_SECONDS = 30 * 24 * 3600


class Ledger:
    """The finished chunks of the input `source` under one provenance, in `folder`.

    A chunk is a file named by its first row and the SHA-256 of its content: one that a crash or a power loss
    left incomplete does not match its name and counts as not there, so nothing waits for the disk.
    """

    def __init__(self, folder: Path, source: Path) -> None:
        self._folder, self._source = folder, source
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
        found = from_table(pa.ipc.open_file(content).read_all())
        return found if len(found.label) == rows else None

    def add(self, start: int, predictions: Predictions) -> None:
        """Record a finished chunk. Raises OutputError."""
        table = columns(predictions, "")
        buffer = io.BytesIO()
        with pa.ipc.new_file(buffer, table.schema) as writer:
            writer.write_table(table)
        content = buffer.getvalue()
        name = f"{start:012}-{hashlib.sha256(content).hexdigest()}{_SUFFIX}"
        with writing(self._folder / name):
            if not self._chunks:
                self._folder.mkdir(parents=True, exist_ok=True)
                (self._folder / _SOURCE).write_bytes(bytes(self._source.absolute()))
            (self._folder / name).write_bytes(content)
        self._chunks[start] = self._folder / name

    def drop(self) -> None:
        """Forget everything: the output is published."""
        shutil.rmtree(self._folder, ignore_errors=True)


def sweep(chunks: Path, published: Collection[Path]) -> None:
    """Remove the ledgers in `chunks` that nobody will go on with, and the folder if none is left.

    Those are of inputs that are gone or `published`, and what a month has passed over.
    """
    done = {path.absolute() for path in published}
    for folder in chunks.glob("*"):
        try:
            source = Path((folder / _SOURCE).read_bytes().decode("utf-8", "surrogateescape"))
            stale = time.time() - folder.stat().st_mtime > _STALE_SECONDS
        except OSError:
            source, stale = Path(), True
        if stale or source in done or not source.exists():
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        chunks.rmdir()
