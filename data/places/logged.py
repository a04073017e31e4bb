"""Folders that are tables with a log, which alone knows which of their files and rows are live."""
# ruff: noqa: PTH100, PTH112, PTH118, PTH120 (strings, because a folder may hold 100,000 files)

import os
from dataclasses import dataclass
from functools import cache

# Names that a folder with a log holds, to look no closer at others.
MARKS = frozenset(("_delta_log", ".hoodie", "metadata"))


@dataclass(frozen=True, slots=True)
class LoggedTable:
    """A table's folder and the kind of its log."""

    folder: str
    kind: str

    @property
    def refusal(self) -> str:
        """One line that says why none of its files is scored."""
        return (
            f"{self.folder}: wanted files that stand for themselves, found {self.kind}, of which only the log knows "
            "the live rows; export them to Parquet, and score that"
        )


def logged_table(folder: str) -> LoggedTable | None:
    """Tell whether `folder` itself is a table with a log."""
    if os.path.isdir(os.path.join(folder, "_delta_log")):
        return LoggedTable(folder, "a Delta table (_delta_log)")
    if os.path.isdir(os.path.join(folder, ".hoodie")):
        return LoggedTable(folder, "a Hudi table (.hoodie)")
    try:
        with os.scandir(os.path.join(folder, "metadata")) as entries:
            if any(entry.name.removesuffix(".gz").endswith(".metadata.json") for entry in entries):
                return LoggedTable(folder, "an Iceberg table (metadata)")
    except OSError:
        pass  # no such folder, or none of ours
    return None


class TablesAbove:
    """Finds the table that a folder is part of, at any level above it; each folder is looked at once."""

    def __init__(self) -> None:
        self.find = cache(self._find)
        self._at = cache(self._look)

    def _find(self, folder: str) -> LoggedTable | None:
        """Return the table whose folder is `folder` or above it, by its name or by what links lead to."""
        return self._at(os.path.abspath(folder)) or self._at(os.path.realpath(folder))

    def _look(self, folder: str) -> LoggedTable | None:
        above = os.path.dirname(folder)
        return logged_table(folder) or (None if above == folder else self._at(above))
