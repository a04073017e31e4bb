"""Inputs as users name them, files, folders and patterns, to the files they mean and their places in the output."""
# ruff: noqa: PTH100, PTH110, PTH111, PTH112, PTH114, PTH118, PTH120, PTH207 (pathlib raises where these say no, keeps ..
# in absolute paths, and takes no absolute pattern)

import glob
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from data.places.endings import with_ending
from data.places.logged import LoggedTable, TablesAbove
from data.places.passed_over import PassedOver
from data.places.walk import WANTED, Match, Unusable, Walk, is_hidden, is_partition, unusable
from data.table import Format
from sentiment_core.errors import TableError


@dataclass(frozen=True, slots=True)
class Source:
    """A file to score and its place below the output folder, which keeps Hive partitions as they are."""

    path: Path
    place: Path


@dataclass(slots=True, kw_only=True)
class Found:
    """What inputs mean: files to score, what gives none though it was meant to, and what is nobody's data."""

    sources: list[Source] = field(default_factory=list)
    unusable: list[Unusable] = field(default_factory=list)
    passed_over: PassedOver = field(default_factory=PassedOver)


def find_sources(inputs: Sequence[str], output: Path, kind: Format | None) -> Found:
    """Return the review files that `inputs` mean, in order, each once. `kind` is the outputs' format, None: as it is.

    A folder means every review file below it, a pattern what it matches, but for hidden names, what earlier runs
    wrote and all in `output`; links out of a folder are not followed. A file named by itself is taken whatever its
    name. No file of a table with a log is taken.

    Places are distinct and do not depend on the order of `inputs`: those below a folder or after the first part
    of a pattern that varies are kept; a file named by itself keeps the key=value folders it lies in, and where two
    of one name remain, all that lies below the folder they share. Of files that would still be written to the same
    place the first by name is taken, the others are unusable.
    """
    found = Found()
    matches: dict[str, Match] = {}
    inputs_of = _Inputs(os.path.realpath(output))
    for text in inputs:
        passed_over = PassedOver()
        for each in inputs_of.expand(text, passed_over):
            if isinstance(each, Unusable):
                found.unusable.append(each)
            else:
                matches[each.real] = max(each, matches.get(each.real, each), key=_telling)
        found.passed_over.include(passed_over)
    places = _places(list(matches.values()), kind)
    by_place: dict[Path, Path] = {}
    for match in sorted(matches.values(), key=lambda match: os.path.abspath(match.path)):
        by_place.setdefault(places[match.real], match.path)
    for match in matches.values():
        place = places[match.real]
        if by_place[place] == match.path:
            found.sources.append(Source(match.path, place))
        else:
            why = f"would be written to the same {place} as {by_place[place]}; give them two --output folders"
            found.unusable.append(unusable(match.path, why))
    return found


def _telling(match: Match) -> tuple[int, str, str]:
    """Rank the ways in which one file was named: the place that tells most comes first."""
    return len(match.place.parts) if match.place else 0, str(match.place), str(match.path)


def _places(matches: Sequence[Match], kind: Format | None) -> dict[str, Path]:
    """Return the place of every file by its real name."""
    places: dict[str, Path] = {}
    alike: dict[Path, list[Match]] = defaultdict(list)
    for match in matches:
        place = _partitioned(match.path) if match.place is None else match.place
        places[match.real] = with_ending(kind, _visible(place))
        if match.place is None:
            alike[places[match.real]].append(match)
    for several in alike.values():
        if len(several) > 1:
            full = {match.real: os.path.abspath(match.path) for match in several}
            shared = os.path.commonpath([os.path.dirname(path) for path in full.values()])
            for real, path in full.items():
                places[real] = with_ending(kind, _visible(Path(path).relative_to(shared)))
    return places


def _partitioned(path: Path) -> Path:
    """Return a file's name with the key=value folders right above it: they are columns of its rows."""
    parts = Path(os.path.abspath(path)).parts
    first = len(parts) - 1
    while first > 1 and is_partition(parts[first - 1]):
        first -= 1
    return Path(*parts[first:])


def _visible(place: Path) -> Path:
    """Take away what would make readers of the output pass the file over."""
    *folders, name = place.parts
    shown = [_shown(part) if is_hidden(part, folder=True) else part for part in folders]
    return Path(*shown, _shown(name) if is_hidden(name, folder=False) else name)


def _shown(name: str) -> str:
    return name.lstrip("_.") or "unnamed"


class _Inputs:
    """Expands inputs one by one; a table with a log is refused once, however many of its files are meant."""

    def __init__(self, output: str) -> None:
        self._output = output
        self._tables = TablesAbove()
        self._refused: set[str] = set()
        self._real = cache(os.path.realpath)

    def expand(self, text: str, passed_over: PassedOver) -> Iterator[Match | Unusable]:
        """Yield what one input means."""
        walk = Walk(self._output, passed_over)
        path = Path(text if os.path.lexists(text) else os.path.expanduser(text))
        any_match = False
        for each in self._meant(path, text, walk):
            any_match = True
            table = self._table_of(each)
            if table is None:
                yield each
            elif (real := self._real(table.folder)) not in self._refused:
                self._refused.add(real)
                yield Unusable(Path(table.folder), TableError(table.refusal))
        if not any_match:
            passed = f"; passed over: {passed_over}" if passed_over else ""
            yield unusable(path, f"wanted {WANTED} there, found none{passed}; check the path")

    def _table_of(self, each: Match | Unusable) -> LoggedTable | None:
        if isinstance(each, Unusable):
            return self._tables.find(str(each.path))
        return self._tables.find(os.path.dirname(each.path)) or self._tables.find(os.path.dirname(each.real))

    def _meant(self, path: Path, text: str, walk: Walk) -> Iterator[Match | Unusable]:
        if not text:
            yield unusable(path, "wanted a file, folder or pattern, found an empty name; check what gives it")
        elif os.path.isdir(path):
            yield from walk.below(path)
        elif os.path.exists(path):
            yield Match(path, os.path.realpath(path))
        elif glob.has_magic(str(path)):
            yield from self._matching(path, walk)
        else:
            yield unusable(path, "no such file or folder; check the path")

    def _matching(self, path: Path, walk: Walk) -> Iterator[Match | Unusable]:
        """Yield what a pattern matches; as in a shell, a folder that it matches stands for all below it."""
        fixed, pattern = _until_magic(path)
        if "**" in pattern.parts:
            # Unlike glob, a walk follows no links, two of which to a folder above would keep it for ever.
            if os.path.isdir(fixed):
                yield from replace(walk, wanted=lambda place: _is_meant(place.parts, pattern.parts)).below(fixed)
            return
        names = sorted(map(Path, glob.glob(str(pattern), root_dir=fixed, recursive=True)))
        if not names:
            yield unusable(path, f"wanted {WANTED}, found no match; check the pattern")
        above: Path | None = None
        for name in names:
            if above is not None and name.is_relative_to(above):
                continue
            match, above = fixed / name, name
            real = os.path.join(self._real(match.parent), match.name)
            # No place leads out of the output folder.
            place = Path(*(part for part in Path(os.path.normpath(name)).parts if part != ".."))
            yield from walk.matching(
                Match(match, os.path.realpath(real) if os.path.islink(real) else real, place), place
            )


def _is_meant(place: Sequence[str], pattern: Sequence[str]) -> bool:
    """Tell whether a recursive pattern matches a place or a folder above it."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_is_meant(place[first:], pattern[1:]) for first in range(len(place) + 1))
    return bool(place) and fnmatchcase(place[0], pattern[0]) and _is_meant(place[1:], pattern[1:])


def _until_magic(path: Path) -> tuple[Path, Path]:
    """Part a pattern before its first part that varies; one that exists as it is written does not."""
    parts = path.parts
    for place, part in enumerate(parts[:-1]):
        if glob.has_magic(part) and not os.path.lexists(Path(*parts[: place + 1])):
            return Path(*parts[:place]), Path(*parts[place:])
    return Path(*parts[:-1]), Path(parts[-1])
