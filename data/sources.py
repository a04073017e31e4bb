"""Inputs as users name them, files, folders and patterns, to the files they mean."""

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.tables import COMPRESSIONS, Format, format_of
from sentiment_core.errors import TableError


@dataclass(frozen=True, slots=True)
class Source:
    """A file to score and its place below the output folder, which keeps Hive partitions as they are."""

    path: Path
    place: Path


def find_sources(inputs: Sequence[str], output: Path, kind: Format | None) -> list[Source]:
    """Return the review files that `inputs` mean, in order, each once, with their places below `output`.

    A folder means every review file below it, but hidden ones and those in `output`, which an earlier run
    wrote. `kind` is the format of the outputs, None for the input's. Raises TableError for an input that
    means nothing, and for two files that would be written to the same place.
    """
    by_path = {
        source.path.resolve(): Source(source.path, _as(kind, source.place))
        for text in inputs
        for source in _expand(text, output.resolve())
    }
    by_place: dict[Path, Path] = {}
    for source in by_path.values():
        other = by_place.setdefault(source.place, source.path)
        if other != source.path:
            raise TableError(
                f"{source.path}: would be written to the same {source.place} as {other}; score them in two runs"
            )
    return list(by_path.values())


def _expand(text: str, output: Path) -> Iterator[Source]:
    path = Path(text)
    if path.is_dir():
        yield from _below(path, output)
    elif path.exists():
        yield Source(path, Path(path.name))
    elif glob.has_magic(text):
        # Places are kept from the first part of the pattern on that varies.
        fixed = Path(*_until_magic(path.parts))
        found = sorted(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207 (Path.glob takes no absolute pattern)
        files = [match for match in found if match.is_file() and format_of(match) is not None]
        if not files:
            raise TableError(f"{text}: wanted review files (.parquet, .csv, .tsv), found no match; check the pattern")
        yield from (Source(match, match.relative_to(fixed)) for match in files)
    else:
        raise TableError(f"{text}: no such file or folder; check the path")


def _below(folder: Path, output: Path) -> Iterator[Source]:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and format_of(path) is not None
        and output not in path.resolve().parents
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not files:
        raise TableError(f"{folder}: wanted review files (.parquet, .csv, .tsv) in this folder, found none")
    yield from (Source(path, path.relative_to(folder)) for path in files)


def _until_magic(parts: Sequence[str]) -> Iterator[str]:
    for part in parts[:-1]:
        if glob.has_magic(part):
            return
        yield part


def _as(kind: Format | None, place: Path) -> Path:
    """Give `place` the ending of `kind`, unless it is of that format already."""
    if kind is None or format_of(place) is kind:
        return place
    stem = place.with_suffix("") if place.suffix in COMPRESSIONS else place
    return stem.with_suffix(kind.value)
