"""Scored tables, written as they come."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, Protocol

import polars as pl

from data.outputs import whole_file, writing
from data.tables import Format

_Compression = Literal["uncompressed", "gzip", "zstd"]
_COMPRESSION: dict[str, _Compression] = {".gz": "gzip", ".zst": "zstd"}
# Row groups of this size read well elsewhere; smaller chunks are gathered up to it.
_ROW_GROUP = 65_536
_GROUP_BYTES = 1 << 24


class Writer(Protocol):
    """Takes a table frame by frame."""

    def add(self, frame: pl.DataFrame) -> None:
        """Write `frame` after the others. Raises OutputError."""


@contextmanager
def open_writer(path: Path, kind: Format, separator: str | None = None) -> Iterator[Writer]:
    """Give a writer whose frames become `path` when the block ends well; else nothing stays.

    `separator` is that of a text format, its usual one if None. Raises OutputError where the place cannot be
    written.
    """
    with whole_file(path) as part:
        if kind is Format.PARQUET:
            with _ParquetWriter(path, part) as parquet:
                yield parquet
        else:
            with writing(path):
                file = part.open("wb")
            with file:
                yield _TextWriter(path, file, separator or kind.separator)
                with writing(path):
                    file.flush()


class _TextWriter:
    def __init__(self, path: Path, file: IO[bytes], separator: str) -> None:
        self._path, self._file, self._separator, self._first = path, file, separator, True
        self._compression = _COMPRESSION.get(path.suffix, "uncompressed")

    def add(self, frame: pl.DataFrame) -> None:
        # gzip and zstd files may be several streams in a row, so each frame is one.
        with writing(self._path):
            frame.write_csv(
                self._file,
                include_header=self._first,
                separator=self._separator,
                compression=self._compression,
                check_extension=False,
            )
        self._first = False


class _ParquetWriter:
    """One file a row group, joined into `part` at the end: Polars appends to no Parquet file."""

    def __init__(self, path: Path, part: Path) -> None:
        self._path, self._part = path, part
        self._folder = path.with_name(f".{path.name}.groups")
        self._pending, self._rows, self._bytes, self._groups = list[pl.DataFrame](), 0, 0, 0
        self._group_rows = _ROW_GROUP

    def __enter__(self) -> "_ParquetWriter":
        with writing(self._path):
            shutil.rmtree(self._folder, ignore_errors=True)  # a killed run's
            self._folder.mkdir()
        return self

    def add(self, frame: pl.DataFrame) -> None:
        self._pending.append(frame)
        self._rows += len(frame)
        self._bytes += int(frame.estimated_size())
        if self._rows >= _ROW_GROUP or self._bytes >= _GROUP_BYTES:
            # The joined file is cut by rows alone, so the fewest rows that fill a group bound them all.
            self._group_rows = min(self._group_rows, self._rows)
            self._flush()

    def _flush(self) -> None:
        with writing(self._path):
            pl.concat(self._pending).write_parquet(self._folder / f"{self._groups:06}.parquet")
        self._pending, self._rows, self._bytes, self._groups = [], 0, 0, self._groups + 1

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if kind is None:
                if self._pending:
                    self._flush()
                with writing(self._path):
                    groups = sorted(self._folder.iterdir())
                    pl.scan_parquet(groups, hive_partitioning=False).sink_parquet(
                        self._part, row_group_size=self._group_rows
                    )
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)
