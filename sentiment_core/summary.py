"""Tally, which adds up over batches, and the Summary it becomes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment_core.intervals import calibration_error, f1, mean, proportion, roc_auc
from sentiment_core.labels import Label, Truth
from sentiment_core.scorer import SCORED, Predictions, Status

# Version of the summaries' and the run's JSON.
FORMAT = 2
Counts = npt.NDArray[np.int64]
_CALIBRATION_BINS = 15
_HISTOGRAM_BINS = 20
_LONGEST = 8192
# Bins of probability, by their inner edges. None is wider than 1/1500, so that a fifteenth and a twentieth are made up
# of them exactly, nor than 1/32 of log-odds (1/4 in the last hundred-millionth), so that ROC-AUC tells apart what
# crowds at 0 and 1. A float32 has no more to tell above log-odds of 17 and below -104.
_MARGINS = np.concatenate([np.arange(-104, -17, 1 / 4), np.arange(-17, 17, 1 / 32)])
_EDGES = np.unique(np.concatenate([np.arange(1, 1500) / 1500, 1 / (1 + np.exp(-_MARGINS))]))
_BINS = len(_EDGES) + 1
_MIDDLES = (np.append(0.0, _EDGES) + np.append(_EDGES, 1.0)) / 2


def _merged(counts: Any, parts: int) -> Any:
    """Add up counts by bin, the last axis, to `parts` bins of equal width."""
    starts = np.searchsorted(_EDGES, np.arange(1, parts) / parts) + 1
    return np.add.reduceat(counts, np.append(0, starts), axis=-1)


def _zeros(*shape: int) -> Any:
    return field(default_factory=lambda: np.zeros(shape, dtype=np.int64))


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Counts of scored rows. Fixed in size whatever the number of rows, and `Tally + Tally` is exact.

    `cells` counts evaluated rows by status (ok, truncated), true label, predicted label and probability bin.
    """

    status: Counts = _zeros(len(Status))
    predicted: Counts = _zeros(len(Label))
    bins: Counts = _zeros(_BINS)
    tokens: Counts = _zeros(_LONGEST + 1)
    token_sum: int = 0
    token_max: int = 0
    neutral: int = 0
    unreadable: int = 0
    cells: Counts = _zeros(len(SCORED), len(Label), len(Label), _BINS)

    @classmethod
    def of(cls, rows: Predictions, truth: Truth | None = None) -> "Tally":
        """Count one batch, with the labels of its rows where there are any."""
        scored = rows.scored
        bins = np.searchsorted(_EDGES, rows.probability, side="right")
        status = np.select([rows.status == name for name in Status], range(len(Status)))
        tally = cls(
            status=np.bincount(status, minlength=len(Status)),
            predicted=np.bincount(rows.label[scored], minlength=len(Label)),
            bins=np.bincount(bins[scored], minlength=_BINS),
            tokens=np.bincount(np.minimum(rows.token_count[scored], _LONGEST), minlength=_LONGEST + 1),
            token_sum=int(rows.token_count[scored].sum(dtype=np.int64)),
            token_max=int(rows.token_count.max(initial=0)),
            neutral=truth.neutral if truth else 0,
            unreadable=truth.unreadable if truth else 0,
        )
        if truth is not None:
            label = np.array([-1 if value is None else value for value in truth.labels], dtype=np.int64)
            known = scored & (label >= 0)
            np.add.at(tally.cells, (status[known], label[known], rows.label[known], bins[known]), 1)
        return tally

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            **{
                name: max(mine, theirs) if name == "token_max" else mine + theirs
                for name in self.__dataclass_fields__
                for mine, theirs in [(getattr(self, name), getattr(other, name))]
            }
        )

    @property
    def rows(self) -> int:
        """Rows in, scored or not."""
        return int(self.status.sum())

    def summarise(self) -> dict[str, Any]:
        """Return the part of a summary that counts give: rows, predictions, tokens and, with labels, evaluation."""
        scored = int(self.predicted.sum())
        summary: dict[str, Any] = {
            "rows": self.rows,
            "rows_by_status": {str(name): int(n) for name, n in zip(Status, self.status, strict=True)},
            "predicted": {label.name.lower(): int(self.predicted[label]) for label in Label},
            "positive_share": int(self.predicted[Label.POSITIVE]) / scored if scored else None,
            "probability_histogram": _merged(self.bins, _HISTOGRAM_BINS).tolist(),
            "tokens": {
                "sum": self.token_sum,
                "mean": self.token_sum / scored if scored else None,
                "median": _quantile(self.tokens, 0.5),
                "p95": _quantile(self.tokens, 0.95),
                "max": self.token_max,
            },
            "labels_left_out": {"neutral": self.neutral, "unreadable": self.unreadable},
            "evaluation": evaluate(self.cells.sum(axis=0)),
        }
        if summary["evaluation"] is not None:
            by_status = {str(name): evaluate(self.cells[place]) for place, name in enumerate(SCORED)}
            summary["evaluation_by_status"] = {name: found for name, found in by_status.items() if found}
        return summary


def _quantile(histogram: Counts, share: float) -> int | None:
    total = histogram.sum()
    return int(np.searchsorted(np.cumsum(histogram), share * total)) if total else None


def evaluate(cells: Counts) -> dict[str, Any] | None:
    """Evaluate (true label, predicted label, probability bin) counts; None without any.

    Every metric is {value, low, high}, a 95 % interval; see `intervals` for each. A metric that a missing class
    leaves undefined is null.
    """
    if not cells.sum():
        return None
    confusion = cells.sum(axis=2)
    predicted, support = confusion.sum(axis=0).tolist(), confusion.sum(axis=1).tolist()
    hits, wrong = confusion.diagonal().tolist(), int(confusion.sum() - np.trace(confusion))
    by_class = {
        label.name.lower(): {
            "precision": proportion(hits[label], predicted[label]),
            "recall": proportion(hits[label], support[label]),
            "f1": f1(hits[label], wrong),
            "rows": support[label],
        }
        for label in Label
    }
    negative, positive = by_class.values()
    # Both classes' F1 lose by the same mistakes: by the delta method they go together as the root of this product.
    shared = np.prod([hit / max(1, hit + wrong) for hit in hits]) ** 0.5
    truth = cells.sum(axis=1)
    stated = _merged(truth.sum(axis=0) * _MIDDLES, _CALIBRATION_BINS)
    rows = _merged(truth, _CALIBRATION_BINS)
    return {
        "rows": sum(support),
        "accuracy": proportion(sum(hits), sum(support)),
        "precision": positive["precision"],
        "recall": positive["recall"],
        "f1": positive["f1"],
        "by_class": by_class,
        "macro": {
            "precision": mean(negative["precision"], positive["precision"]),
            "recall": mean(negative["recall"], positive["recall"]),
            "f1": mean(negative["f1"], positive["f1"], correlation=float(shared)),
        },
        "roc_auc": roc_auc(truth[Label.NEGATIVE], truth[Label.POSITIVE]),
        "calibration_error": calibration_error(
            rows[Label.POSITIVE], rows.sum(axis=0), stated / np.maximum(rows.sum(axis=0), 1)
        ),
        "confusion": dict(
            zip(
                ("true_negative", "false_positive", "false_negative", "true_positive"),
                map(int, confusion.ravel()),
                strict=True,
            )
        ),
    }
