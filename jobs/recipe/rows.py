"""Reviews as the trainings of the recipe hold them. No tables: where they learn there may be no Polars."""

import bz2
import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Cleaned texts, their labels, and the set that each is of."""

    texts: list[str]
    labels: npt.NDArray[np.int64]
    sets: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.texts)

    def without(self, sets: Collection[str]) -> "Rows":
        """Return the rows of all other sets."""
        kept = np.flatnonzero(~np.isin(self.sets, list(sets)))
        return Rows(texts=[self.texts[row] for row in kept], labels=self.labels[kept], sets=self.sets[kept])


def read_rows(path: Path) -> Rows:
    """Read one side of the recipe, compressed JSON Lines of text, label and set."""
    with bz2.open(path, "rt", encoding="utf-8") as file:
        found = [json.loads(line) for line in file]
    return Rows(
        texts=[row["text"] for row in found],
        labels=np.array([row["label"] for row in found], dtype=np.int64),
        sets=np.array([row["set"] for row in found], dtype=np.str_),
    )
