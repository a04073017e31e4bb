"""Scored tables, written as they come."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Literal, Protocol

import polars as pl

from data.outputs import whole_file
from data.tables import Format

_Compression = Literal["uncompressed", "gzip", "zstd"]
_COMPRESSION: dict[str, _Compression] = {".gz": "gzip", ".zst": "zstd"}
# Row groups of this size read well elsewhere; smaller chunks are gathered up to it.
_ROW_GROUP = 65_536


class Writer(Protocol):
    """Takes a table frame by frame."""

    def add(self, frame: pl.DataFrame) -> None: ...


@contextmanager
def open_writer(path: Path, kind: Format) -> Iterator[Writer]:
    """Give a writer whose frames become `path` when the block ends well; else nothing stays.

    Raises OutputError where the place cannot be written.
    """
    with whole_file(path) as part:
        if kind is Format.PARQUET:
            with TemporaryDirectory(prefix=f".{path.name}.", suffix=".groups", dir=path.parent) as groups:
                parquet = _ParquetWriter(Path(groups))
                yield parquet
                parquet.join(part)
        else:
            with part.open("wb") as file:
                yield _TextWriter(file, kind.separator, _COMPRESSION.get(path.suffix, "uncompressed"))


class _TextWriter:
    def __init__(self, file: IO[bytes], separator: str, compression: _Compression) -> None:
        self._file, self._separator, self._compression, self._first = file, separator, compression, True

    def add(self, frame: pl.DataFrame) -> None:
        # gzip and zstd files may be several streams in a row, so each frame is one.
        frame.write_csv(
            self._file,
            include_header=self._first,
            separator=self._separator,
            compression=self._compression,
            check_extension=False,
        )
        self._first = False


class _ParquetWriter:
    """One file a row group, joined at the end: Polars appends to no Parquet file."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._pending, self._rows, self._groups = folder, list[pl.DataFrame](), 0, 0

    def add(self, frame: pl.DataFrame) -> None:
        self._pending.append(frame)
        self._rows += len(frame)
        if self._rows >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        pl.concat(self._pending).write_parquet(self._folder / f"{self._groups:06}.parquet")
        self._pending, self._rows, self._groups = [], 0, self._groups + 1

    def join(self, target: Path) -> None:
        if self._pending:
            self._flush()
        groups = sorted(self._folder.iterdir())
        pl.scan_parquet(groups, hive_partitioning=False).sink_parquet(target, row_group_size=_ROW_GROUP)
