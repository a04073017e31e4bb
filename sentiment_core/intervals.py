"""95 % intervals of metrics."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

Figure = dict[str, float]
_Z = 1.959964
_RESAMPLES = 1000


def figure(value: float, low: float, high: float) -> Figure:
    """A metric and its interval, which holds the metric and stays within [0, 1]."""
    value = float(value)
    return {"value": value, "low": max(0.0, min(float(low), value)), "high": min(1.0, max(float(high), value))}


def proportion(hits: int, rows: int) -> Figure | None:
    """Share of hits with Wilson's score interval, right even at 0 and 1. None of no rows."""
    if rows == 0:
        return None
    share, z2 = hits / rows, _Z * _Z
    centre = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = _Z * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows)) / (1 + z2 / rows)
    return figure(share, centre - half, centre + half)


def resampled(
    counts: npt.NDArray[np.int64],
    statistic: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float64]],
    value: npt.ArrayLike,
) -> list[Figure]:
    """Figures of a statistic of `counts`, (cells,): 1,000 multinomial resamples under one seed.

    `statistic` takes (resamples, cells) to (resamples, metrics); `value` holds the (metrics,) measured ones.
    """
    total = counts.sum()
    samples = np.random.default_rng(0).multinomial(total, counts / total, size=_RESAMPLES)
    low, high = np.percentile(statistic(samples), [2.5, 97.5], axis=0)
    return [figure(*found) for found in zip(np.atleast_1d(value), low, high, strict=True)]


def roc_auc(value: float, negatives: int, positives: int) -> Figure:
    """Interval of an area under the ROC curve, after Hanley and McNeil 1982."""
    q1, q2 = value / (2 - value), 2 * value * value / (1 + value)
    spread = value * (1 - value) + (positives - 1) * (q1 - value**2) + (negatives - 1) * (q2 - value**2)
    half = _Z * np.sqrt(max(0.0, spread) / (negatives * positives))
    return figure(value, value - half, value + half)


def rates(confusion: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """(n, 4) flattened confusion matrices to (n, 5): F1 of each class, macro precision, recall and F1."""
    matrix = confusion.reshape(-1, 2, 2).astype(np.float64)
    hits = np.diagonal(matrix, axis1=1, axis2=2)

    def share(part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)

    true, predicted = matrix.sum(axis=2), matrix.sum(axis=1)
    precision, recall, f1 = share(hits, predicted), share(hits, true), share(2 * hits, true + predicted)
    macro = np.stack([each.mean(axis=1) for each in (precision, recall, f1)], axis=1)
    return np.concatenate([f1, macro], axis=1)
