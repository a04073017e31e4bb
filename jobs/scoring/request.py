"""What a scoring run is asked to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from data.delimited.layout import Layout
from data.table import Format
from jobs.scoring.folder import OutputFolder
from sentiment_core.naming import Naming


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """What to score, where to, and how the columns are named. None means: find it, or as it is."""

    inputs: tuple[str, ...]
    output: Path
    bundle: Path
    reports: Path | None = None
    text_column: str | None = None
    label_column: str | None = None
    naming: Naming | None = None
    layout: Layout = field(default_factory=Layout)
    keep: tuple[str, ...] | None = None
    prefix: str = ""
    format: Format | None = None
    quarantine: bool = True
    force: bool = False
    dry_run: bool = False
    floors: Mapping[str, float] = field(default_factory=dict)

    @property
    def folder(self) -> OutputFolder:
        """Where outputs and reports lie."""
        return OutputFolder(data=self.output, reports=self.reports or self.output)
