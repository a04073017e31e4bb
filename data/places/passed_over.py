"""What lies among review files and is nobody's data: counted by reason, so that nothing is left out in silence."""

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

_SHOWN = 3


class Reason(Enum):
    """Why something is no input."""

    HIDDEN = "named with _ or . in front"
    EARLIER = "in the output folder, or written by an earlier run"
    OTHER = "of an ending that no review file has"
    NO_TABLE = "with no table in it"


@dataclass(slots=True)
class PassedOver:
    """How many were passed over for each reason, and a few of them. A folder that is not entered counts once."""

    counts: Counter[Reason] = field(default_factory=Counter)
    examples: dict[Reason, list[str]] = field(default_factory=dict)

    def add(self, reason: Reason, path: Path | str) -> None:
        """Count one."""
        self.counts[reason] += 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < _SHOWN:
            shown.append(str(path))

    def include(self, other: "PassedOver") -> None:
        """Count those of `other` as well."""
        self.counts.update(other.counts)
        for reason, examples in other.examples.items():
            shown = self.examples.setdefault(reason, [])
            shown.extend(examples[: _SHOWN - len(shown)])

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        return "; ".join(
            f"{self.counts[reason]:,} {reason.value} "
            f"({', '.join(self.examples[reason])}{', ...' if self.counts[reason] > _SHOWN else ''})"
            for reason in Reason
            if self.counts[reason]
        )

    def report(self) -> list[dict[str, Any]]:
        """Return what run.json says of it."""
        return [
            {"reason": reason.value, "count": self.counts[reason], "examples": self.examples[reason]}
            for reason in Reason
            if self.counts[reason]
        ]
