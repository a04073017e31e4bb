"""Inputs as users name them, files, folders and patterns, to the files they mean."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from data.dialect import COMPRESSIONS
from data.tables import Format, format_of
from sentiment_core.errors import SentimentError, TableError


@dataclass(frozen=True, slots=True)
class Source:
    """A file to score and its place below the output folder, which keeps Hive partitions as they are."""

    path: Path
    place: Path


@dataclass(frozen=True, slots=True)
class Unusable:
    """An input, or a part of one, that gives no file to score."""

    path: Path
    error: SentimentError


def find_sources(inputs: Sequence[str], output: Path, kind: Format | None) -> tuple[list[Source], list[Unusable]]:
    """Return the review files that `inputs` mean, in order, each once, and what gives none, with the reason.

    A folder means every review file below it, but hidden ones and those in `output`, which an earlier run
    wrote; links out of it are not followed. `kind` is the format of the outputs, None for the input's. Of two
    files that would be written to the same place the second is unusable.
    """
    by_path: dict[Path, Source] = {}
    unusable: list[Unusable] = []
    by_place: dict[Path, Path] = {}
    for found in (found for text in inputs for found in _expand(text, output.resolve())):
        if isinstance(found, Unusable):
            unusable.append(found)
            continue
        source = Source(found.path, _as(kind, found.place))
        if by_path.setdefault(source.path.resolve(), source) is not source:
            continue
        other = by_place.setdefault(source.place, source.path)
        if other != source.path:
            del by_path[source.path.resolve()]
            unusable.append(
                _unusable(
                    source.path, f"would be written to the same {source.place} as {other}; score them in two runs"
                )
            )
    return list(by_path.values()), unusable


def _unusable(path: Path, reason: str) -> Unusable:
    return Unusable(path, TableError(f"{path}: {reason}"))


def _expand(text: str, output: Path) -> Iterator[Source | Unusable]:
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
            yield _unusable(path, "wanted review files (.parquet, .csv, .tsv), found no match; check the pattern")
        yield from (Source(match, match.relative_to(fixed)) for match in files)
    else:
        yield _unusable(path, "no such file or folder; check the path")


def _below(folder: Path, output: Path) -> Iterator[Source | Unusable]:
    refused: list[OSError] = []
    inside = folder.resolve()
    empty = True
    for place, folders, names in os.walk(folder, onerror=refused.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(place, name) for name in sorted([*names, *folders])):
            is_link_to_folder = path.is_symlink() and path.is_dir()
            if path.name.startswith(".") or not (
                is_link_to_folder or (format_of(path) is not None and not path.is_dir())
            ):
                continue
            if output in path.resolve().parents:
                continue
            empty = False
            if is_link_to_folder or inside not in path.resolve().parents:
                yield _unusable(path, f"a link out of {folder} is not followed; name what it points to as an input")
            else:
                yield Source(path, path.relative_to(folder))
    for error in refused:
        empty = False
        yield _unusable(Path(error.filename), f"cannot be listed: {error.strerror}; ask for permission")
    if empty:
        yield _unusable(folder, "wanted review files (.parquet, .csv, .tsv) in this folder, found none")


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
