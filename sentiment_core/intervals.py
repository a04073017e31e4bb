"""95 % intervals of metrics, in closed form: right for few rows and near 0 and 1 too, see tests/test_intervals.py."""

import numpy as np
import numpy.typing as npt

Figure = dict[str, float]
Counts = npt.NDArray[np.int64]
Shares = npt.NDArray[np.float64]
_Z = 1.959964
# Lower 95 % limits, one-sided, of a Poisson mean of which 0, 1, 2 or 3 were counted.
_FEW = np.array([0.0, 0.051293, 0.355362, 0.817691])
# Of the magnitude of a standard normal number: mean, spread, and how many spreads 97.5 % lie below the mean.
_FOLDED_MEAN, _FOLDED_SPREAD, _FOLDED_Z = 0.797885, 0.602810, 2.394625


def figure(value: float, low: float, high: float) -> Figure:
    """A metric and its interval, which holds the metric and stays within [0, 1]."""
    value = float(value)
    return {"value": value, "low": max(0.0, min(float(low), value)), "high": min(1.0, max(float(high), value))}


def proportion(hits: int, rows: int) -> Figure | None:
    """Share of hits, with Wilson's score interval as Brown, Cai and DasGupta 2001 mend it. None of no rows."""
    return figure(hits / rows, *map(float, _wilson(np.array(hits), np.array(rows)))) if rows else None


def _wilson(hits: Counts, rows: Counts) -> tuple[Shares, Shares]:
    return _low(hits, rows), 1.0 - _low(rows - hits, rows)


def _low(hits: Counts, rows: Counts) -> Shares:
    share, z2 = hits / rows, _Z * _Z
    half = _Z * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows * rows))
    low = (share + z2 / (2 * rows) - half) / (1 + z2 / rows)
    # A handful of hits is Poisson, and Wilson's limit too high for it: a true share just below it is missed.
    return np.where(hits < len(_FEW), np.minimum(low, _FEW[np.minimum(hits, len(_FEW) - 1)] / rows), low)


def f1(hits: int, wrong: int) -> Figure | None:
    """F1 of a class that is found `hits` times, and `wrong` times missed or taken for another. None of neither.

    Of the rows that have the class or are given it, hits are a share j, and F1 is 2j / (1 + j): so are its limits.
    """
    found = proportion(hits, hits + wrong)
    return found and {name: 2 * share / (1 + share) for name, share in found.items()}


def mean(first: Figure | None, second: Figure | None, correlation: float = 0.0) -> Figure | None:
    """Mean of two figures, its limits from theirs (Zou and Donner 2008, "MOVER"). None where one is undefined."""
    if first is None or second is None:
        return None

    def half(end: str) -> float:
        one, other = (abs(each[end] - each["value"]) for each in (first, second))
        return 0.5 * float(np.sqrt(one * one + other * other + 2 * correlation * one * other))

    value = (first["value"] + second["value"]) / 2
    return figure(value, value - half("low"), value + half("high"))


def roc_auc(negatives: Counts, positives: Counts) -> Figure | None:
    """Area under the ROC curve of counts by ascending bins of score, ties counted half. None where one is empty.

    The areas from which the measured one is no further than 1.96 of their own spreads (Newcombe 2006, method 5),
    which is Hanley and McNeil's, but DeLong's where that is more: scores may lie otherwise than the first suppose.
    """
    n, p = int(negatives.sum()), int(positives.sum())
    if not n or not p:
        return None
    below = (np.cumsum(negatives) - negatives / 2) / n
    above = 1.0 - (np.cumsum(positives) - positives / 2) / p
    value = float(positives @ below) / p
    measured = float(positives @ (below - value) ** 2) / max(p - 1, 1) / p
    measured += float(negatives @ (above - value) ** 2) / max(n - 1, 1) / n

    def supposed(area: float) -> float:
        more = (n + p) / 2 - 1
        return area * (1 - area) * (1 + more * (1 - area) / (2 - area) + more * area / (1 + area)) / (n * p)

    wider = max(1.0, measured / supposed(value)) if 0 < value < 1 else 1.0

    def limit(outside: float) -> float:
        inside = value
        for _ in range(40):
            area = (inside + outside) / 2
            if (area - value) ** 2 <= _Z * _Z * wider * supposed(area):
                inside = area
            else:
                outside = area
        return inside

    return figure(value, limit(0.0), limit(1.0))


def calibration_error(positives: Counts, rows: Counts, stated: Shares) -> Figure:
    """Expected calibration error over bins: `positives` of `rows`, where `stated` is the mean probability given.

    Chance alone opens a gap in every bin. Value: the gaps with chance's variance taken from their squares, as Kumar
    et al. 2019 do. Limits: by the triangle inequality the sum of the gaps as they are is above the truth by no more
    than chance's own gaps, and below it by no more than one sum of chance's errors, signs and all.
    """
    some = rows > 0
    positives, rows, stated = positives[some], rows[some], stated[some]
    share, weight = positives / rows, rows / rows.sum()
    gap = weight * np.abs(share - stated)
    # Few rows may all be alike: then what the model states tells more of the variance.
    chance = weight * np.sqrt(np.maximum(share * (1 - share), stated * (1 - stated)) / rows)
    widest = weight * np.maximum(*(np.abs(limit - share) for limit in _wilson(positives, rows)))
    noise = _FOLDED_MEAN * chance.sum() + _FOLDED_Z * _FOLDED_SPREAD * np.sqrt((chance**2).sum())
    value = np.sqrt(np.maximum(gap**2 - chance**2, 0.0)).sum()
    return figure(value, gap.sum() - noise, gap.sum() + np.sqrt((widest**2).sum()))
