"""Lines of JSON written on: the fields of the predictions come before the closing brace."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa

from data.jsonlines.splice import put_in
from data.outputs import whole_file, writing
from data.places.plain import compressing, open_plain
from data.table import Batch
from sentiment_core.errors import OutputError

_BLOCK = 1 << 20


class JsonLinesWriter:
    """Writes lines, each with its predictions put in."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file, self.rows = path, file, 0

    def add(self, batch: Batch, predictions: pa.Table) -> None:
        """Write the lines of `batch`, which was read untyped, after the others. Raises OutputError."""
        (lines,) = batch.rows.columns
        written = b"".join(map(put_in, lines.to_pylist(), _fields(predictions)))
        with writing(self._path):
            self._file.write(written)
        self.rows += len(batch)


@contextmanager
def write_json_lines(path: Path) -> Iterator[JsonLinesWriter]:
    """Give a writer whose lines become `path` when the block ends well, else nothing stays; compressed by its ending.

    The rows are counted in what was written before it is published. Raises OutputError.
    """
    with whole_file(path) as part:
        # Closing a compressed file writes its end, also where a write before it failed.
        with writing(path), ExitStack() as opened:
            file = opened.enter_context(part.open("wb"))
            writer = JsonLinesWriter(path, opened.enter_context(compressing(file, path)))
            yield writer
        with writing(path):
            found = _count(part)
        if found != writer.rows:
            raise OutputError(
                f"{path}: wanted {writer.rows:,} rows, found {found:,} in what was written; "
                "check the disk and run the same command again"
            )


def _fields(predictions: pa.Table) -> Iterator[bytes]:
    """Yield the fields of each row as they stand in an object, with the shortest digits that give each number."""
    columns = [
        [f"{json.dumps(name)}:{value}" for value in _tokens(predictions.column(name))]
        for name in predictions.column_names
    ]
    return (",".join(row).encode("utf-8") for row in zip(*columns, strict=True))


def _tokens(values: pa.ChunkedArray) -> Iterator[str]:
    is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    for value in values.cast(pa.string()).to_pylist():
        yield "null" if value is None else value if is_number else json.dumps(value)


def _count(path: Path) -> int:
    rows, last = 0, b"\n"
    with open_plain(path) as file:
        while block := file.read(_BLOCK):
            rows += block.count(b"\n")
            last = block[-1:]
    return rows + (last != b"\n")
