"""The review files below a folder: listed in order, once, without a look at what a name tells."""
# ruff: noqa: PTH112, PTH113 (pathlib raises where these say no)

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data.places.content import NoReviews, kind_of, looks_like_table
from data.places.endings import Said, ending_of
from data.places.logged import MARKS, logged_table
from data.places.passed_over import PassedOver, Reason
from data.table import Format
from sentiment_core.errors import SentimentError, TableError

WANTED = "review files (Parquet, CSV, TSV, JSON Lines)"
_PARTITION = re.compile(r"[^.=][^=]*=")
_OURS = re.compile(r"run\.json$|.*\.(rejected\.(csv|jsonl)|summary\.json)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Unusable:
    """An input, or a part of one, that gives no file to score."""

    path: Path
    error: SentimentError


@dataclass(frozen=True, slots=True)
class Match:
    """A file that an input means: its name without links, and its place, None where it was named by itself."""

    path: Path
    real: str
    place: Path | None = None


def unusable(path: Path, reason: str) -> Unusable:
    """Return `path` as unusable for `reason`."""
    return Unusable(path, TableError(f"{path}: {reason}"))


def is_partition(name: str) -> bool:
    """Tell a folder of Hive's, key=value."""
    return _PARTITION.match(name) is not None


def is_hidden(name: str, *, folder: bool) -> bool:
    """Tell names that begin as nobody's data does, as readers of data sets see it."""
    return name.startswith(("_", ".")) and not (folder and is_partition(name))


@dataclass(frozen=True, slots=True)
class Walk:
    """Lists folders for one input. `output` is where outputs lie, without links; what is passed over is counted.

    Only files whose places are `wanted` are meant. None means all, a table with a log as a whole among them.
    """

    output: str
    passed_over: PassedOver
    wanted: Callable[[Path], bool] | None = None

    def is_output(self, real: str) -> bool:
        """Tell the output folder and what is in it."""
        return real == self.output or real.startswith(self.output + os.sep)

    def below(self, folder: Path, place: Path = Path()) -> Iterator[Match | Unusable]:
        """Yield the files below `folder`, `place` before their places; links out of it are unusable."""
        root = os.path.realpath(folder)
        if self.is_output(root):
            self.passed_over.add(Reason.EARLIER, f"{folder}{os.sep}")
            return
        waiting = [(folder, root, place)]
        while waiting:
            here, real, at = waiting.pop()
            try:
                with os.scandir(here) as listed:
                    entries = sorted(listed, key=lambda entry: entry.name)
            except OSError as error:
                yield unusable(here, f"cannot be listed: {error.strerror}; ask for permission")
                continue
            may_be_table = self.wanted is None and any(entry.name in MARKS for entry in entries)
            if may_be_table and (table := logged_table(str(here))) is not None:
                yield Unusable(here, TableError(table.refusal))
                continue
            folders = []
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    yield from self._file(entry, (folder, root), f"{real}{os.sep}{entry.name}", at)
                elif is_hidden(entry.name, folder=True):
                    self.passed_over.add(Reason.HIDDEN, f"{entry.path}{os.sep}")
                elif self.is_output(f"{real}{os.sep}{entry.name}"):
                    self.passed_over.add(Reason.EARLIER, f"{entry.path}{os.sep}")
                else:
                    folders.append((Path(entry.path), f"{real}{os.sep}{entry.name}", at / entry.name))
            waiting.extend(reversed(folders))

    def _file(
        self, entry: os.DirEntry[str], root: tuple[Path, str], real: str, place: Path
    ) -> Iterator[Match | Unusable]:
        path = Path(entry.path)
        if (self.wanted is not None and not self.wanted(place / entry.name)) or self._by_name(path):
            return
        if entry.is_symlink():
            real = os.path.realpath(real)
            if os.path.isdir(path) or not real.startswith(root[1] + os.sep):
                yield unusable(path, f"a link out of {root[0]} is not followed; name what it points to as an input")
                return
            if self.is_output(real):
                self.passed_over.add(Reason.EARLIER, path)
                return
        yield from self._looked_at(Match(path, real, place / entry.name))

    def _by_name(self, path: Path) -> bool:
        """Pass a file over whose name says enough."""
        if is_hidden(path.name, folder=False):
            self.passed_over.add(Reason.HIDDEN, path)
        elif _OURS.match(path.name):
            self.passed_over.add(Reason.EARLIER, path)
        elif ending_of(path).kind is Said.NO_REVIEWS:
            self.passed_over.add(Reason.OTHER, path)
        else:
            return False
        return True

    def matching(self, match: Match, place: Path) -> Iterator[Match | Unusable]:
        """Yield what a pattern's match means unless it is nobody's data; `place` is what the pattern left open."""
        is_folder = os.path.isdir(match.path)
        if any(is_hidden(name, folder=True) for name in (place.parts if is_folder else place.parts[:-1])):
            self.passed_over.add(Reason.HIDDEN, match.path)
        elif is_folder:
            yield from self.below(match.path, place)
        elif self.is_output(match.real):
            self.passed_over.add(Reason.EARLIER, match.path)
        elif not self._by_name(match.path):
            yield from self._looked_at(match)

    def _looked_at(self, match: Match) -> Iterator[Match | Unusable]:
        """Yield a file whose ending says that it is a review file, and of others those whose content does."""
        if ending_of(match.path).sure:
            yield match
            return
        if not os.path.isfile(match.path):
            self.passed_over.add(Reason.NO_TABLE, match.path)
            return
        try:
            if kind_of(match.path).format in (Format.CSV, Format.TSV) and not looks_like_table(match.path):
                self.passed_over.add(Reason.NO_TABLE, match.path)
                return
        except NoReviews:
            self.passed_over.add(Reason.NO_TABLE, match.path)
        except TableError as error:
            yield Unusable(match.path, error)
        else:
            yield match
