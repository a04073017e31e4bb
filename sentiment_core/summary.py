"""Tally, which adds up over batches, and the Summary it becomes."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from sentiment_core.intervals import Figure, proportion, rates, resampled, roc_auc
from sentiment_core.labels import Label, Truth
from sentiment_core.scorer import SCORED, Predictions, Status

# Version of the summaries' and the run's JSON.
FORMAT = 1
Counts = npt.NDArray[np.int64]
_CALIBRATION_BINS = 15
# Fine enough that ROC-AUC from bins is off by less than its interval by far; a multiple of 15 and of 20.
_BINS = 3000
_HISTOGRAM_BINS = 20
_LONGEST = 8192


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
        bins = np.minimum((rows.probability * _BINS).astype(np.int64), _BINS - 1)
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
            "probability_histogram": self.bins.reshape(_HISTOGRAM_BINS, -1).sum(axis=1).tolist(),
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

    Every metric is {value, low, high}, a 95 % interval. Proportions: Wilson. F1, macro and calibration
    error: 1,000 multinomial resamples, seeded. ROC-AUC: Hanley and McNeil 1982. A metric that a missing
    class leaves undefined is null.
    """
    from sklearn import metrics  # a second to import, and unlabelled files never need it

    if not cells.sum():
        return None
    truth, predicted, bins = np.nonzero(cells)
    weight = cells[truth, predicted, bins]
    confusion = cells.sum(axis=2)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        truth, predicted, labels=list(Label), sample_weight=weight, zero_division=0.0
    )
    f1_negative, f1_positive, *macro = resampled(
        confusion.ravel(), rates, [*f1, precision.mean(), recall.mean(), f1.mean()]
    )
    by_class = {
        label.name.lower(): {
            "precision": proportion(confusion[label, label], confusion[:, label].sum()),
            "recall": proportion(confusion[label, label], confusion[label].sum()),
            "f1": [f1_negative, f1_positive][label],
            "rows": int(support[label]),
        }
        for label in Label
    }
    auc = float(metrics.roc_auc_score(truth, bins, sample_weight=weight)) if support.all() else None
    positive = by_class[Label.POSITIVE.name.lower()]
    return {
        "rows": int(weight.sum()),
        "accuracy": proportion(int(np.trace(confusion)), int(confusion.sum())),
        "precision": positive["precision"],
        "recall": positive["recall"],
        "f1": positive["f1"],
        "by_class": by_class,
        "macro": dict(zip(("precision", "recall", "f1"), macro, strict=True)),
        "roc_auc": None if auc is None else roc_auc(auc, *map(int, support)),
        "calibration_error": _calibration(cells.sum(axis=1)),
        "confusion": dict(
            zip(
                ("true_negative", "false_positive", "false_negative", "true_positive"),
                map(int, confusion.ravel()),
                strict=True,
            )
        ),
    }


def _calibration(cells: Counts) -> Figure:
    """Expected calibration error of (true label, probability bin) counts over 15 bins of equal width."""
    folded = cells.reshape(len(Label), _CALIBRATION_BINS, -1)
    centre = ((np.arange(_BINS) + 0.5) / _BINS).reshape(_CALIBRATION_BINS, -1)
    rows = folded.sum(axis=(0, 2))
    confidence = (folded.sum(axis=0) * centre).sum(axis=1) / np.maximum(rows, 1)

    def error(samples: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        counts = samples.reshape(-1, len(Label), _CALIBRATION_BINS)
        gap = np.abs(counts[:, Label.POSITIVE] - counts.sum(axis=1) * confidence)
        share: npt.NDArray[np.float64] = gap.sum(axis=1, keepdims=True) / counts.sum(axis=(1, 2))[:, None]
        return share

    observed = folded.sum(axis=2).ravel()
    return resampled(observed, error, error(observed)[0])[0]
