"""Where the files of a run lie: data that other readers open, and reports under names that they pass over.

Spark, Hive and pyarrow skip what begins with a dot, DuckDB and Polars follow the pattern they are given. So a report
is named after its file's place with a dot before it: `.day=1/part-0.parquet.summary.json` speaks of
`day=1/part-0.parquet`, and no partition holds anything but data.
"""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

# Of one part of a path, in bytes.
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFolder:
    """The outputs in `data`, and what is said of them in `reports`, the same folder unless somebody asks otherwise."""

    data: Path
    reports: Path

    def target(self, place: Path) -> Path:
        """Where the scored file of `place` is written."""
        return self.data / place

    def summary(self, place: Path) -> Path:
        """Where its summary is written."""
        return self._report(place, ".summary.json")

    def rejected(self, place: Path, ending: str) -> Path:
        """Where its lines that are no rows are written."""
        return self._report(place, f".rejected{ending}")

    @property
    def traces(self) -> Path:
        """Where tracebacks of our own faults are written."""
        return self._state

    @property
    def run(self) -> Path:
        """The report of the last run that came to its end."""
        return self._state / "run.json"

    @property
    def lock(self) -> Path:
        """Held by the one run that may write here."""
        return self._state / "lock"

    @property
    def chunks(self) -> Path:
        """Finished chunks of outputs that are not published yet."""
        return self._state / "chunks"

    @property
    def _state(self) -> Path:
        return self.reports / ".sentiment"

    def _report(self, place: Path, ending: str) -> Path:
        path = self.reports / f".{place}{ending}"
        size = len(path.name.encode())
        if size <= _LONGEST_NAME:
            return path
        # A name that only just fits has no room for more: its beginning and a digest tell it apart.
        mark = blake2b(path.name.encode(), digest_size=8).hexdigest()
        kept = path.name.encode()[: _LONGEST_NAME - len(mark) - len(ending) - 1].decode(errors="ignore")
        return path.with_name(f"{kept}-{mark}{ending}")
