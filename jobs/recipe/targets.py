"""What a classifier is to say of each text: its label or its teachers' word, and how much that counts."""

import numpy as np
import numpy.typing as npt

from jobs.recipe.descent import Floats
from jobs.recipe.rows import Rows
from sentiment_core.labels import Label


def weighed(rows: Rows) -> Floats:
    """Return (rows, labels) masses: the labels, of each set the rare one weighed up half the way in log-odds.

    All the way, probabilities would say little of sets like these any more. The mean weight in a set is 1.
    """
    masses = np.eye(len(Label), dtype=np.float32)[rows.labels]
    for name in np.unique(rows.sets):
        here = rows.sets == name
        counts = np.bincount(rows.labels[here], minlength=len(Label)).clip(min=1)
        weights = np.sqrt(counts.max() / counts)
        masses[here] *= (weights / (weights * counts).sum() * counts.sum()).astype(np.float32)
    return masses


def softened(masses: Floats, said: Floats, heed: float) -> Floats:
    """Return the targets of passages: of the first, the reviews, `heed` of what was `said` and the rest their label.

    `said` are log-odds; a passage that is no whole review has them alone. Weights are those of `masses`.
    """
    probability = 1 / (1 + np.exp(-said.astype(np.float64)))
    soft: npt.NDArray[np.float64] = np.stack([1 - probability, probability], axis=1)
    weight = masses.sum(axis=1, keepdims=True)
    soft[: len(masses)] = heed * soft[: len(masses)] * weight + (1 - heed) * masses
    return soft.astype(np.float32)
