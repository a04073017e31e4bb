"""Temperature and threshold, fitted on validation logits, and figures that do not come from the rows of the fit."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit

from sentiment_core.errors import QualityError
from sentiment_core.labels import Label, Truth
from sentiment_core.scorer import Decision, Logits, Outputs
from sentiment_core.summary import Tally

Labels = npt.NDArray[np.int64]
FOLDS = 10
_SLOPES = (1e-2, 1e6)
_THRESHOLDS = np.round(np.arange(0.05, 0.951, 0.01), 2)


def fit_decision(logits: Logits, truth: Labels) -> Decision:
    """Fit (rows, 2) logits to (rows,) labels; without rows, take logits as they are. Raises QualityError of NaN.

    Temperature: least log loss (Guo et al. 2017), which is a logistic regression on the margin without an
    intercept. Its targets are Platt's (1999), as if of each label one more review had said the contrary: few
    rows, and rows that a line can part, would make it sure of everything else. Threshold: best macro F1, so that
    the rare label counts as much as the common one; of equals the nearest to 0.5.
    """
    broken = len(logits) - int(np.isfinite(logits).all(axis=1).sum())
    if broken:
        raise QualityError(
            f"validation: wanted finite logits, found others for {broken:,} of {len(logits):,} reviews: the training "
            "diverged or the graph is broken; train at a lower --learning-rate"
        )
    if not len(logits):
        return Decision()
    positives = int(truth.sum())
    believed = np.where(truth == Label.POSITIVE, (positives + 1) / (positives + 2), 1 / (len(truth) - positives + 2))
    margin = (logits[:, Label.POSITIVE] - logits[:, Label.NEGATIVE]).astype(np.float64)

    def pull(slope: float) -> float:
        return float(margin @ (believed - expit(slope * margin)))

    # A slope of 0 or below is a model that knows nothing: probabilities then stay near 0.5.
    shallow, steep = _SLOPES
    slope = shallow if pull(shallow) <= 0 else steep if pull(steep) >= 0 else brentq(pull, shallow, steep)
    temperature = 1.0 / slope
    return Decision(
        temperature=temperature,
        threshold=_best_threshold(Decision(temperature=temperature).probability(logits), truth),
    )


def _best_threshold(probability: npt.NDArray[np.float32], truth: Labels) -> float:
    negative, positive = (np.sort(probability[truth == label]) for label in Label)
    cuts = _THRESHOLDS.astype(np.float32)
    missed, spared = np.searchsorted(positive, cuts), np.searchsorted(negative, cuts)
    wrong = missed + len(negative) - spared
    f1s = [2 * hits / np.maximum(2 * hits + wrong, 1) for hits in (spared, len(positive) - missed)]
    best = max(zip(np.round(sum(f1s) / 2, 4), -np.abs(_THRESHOLDS - 0.5), _THRESHOLDS, strict=True))
    return float(best[-1])


def cross_fitted(outputs: Outputs, texts: Sequence[str], labels: Sequence[int]) -> Tally:
    """Count `outputs` of labelled texts, each read by a decision that was fitted without it.

    A decision looks best on the rows it was fitted to. So a tenth of the texts, by a hash of each, is read by the
    decision that the others give; what ships is fitted to all and as good as this says, or a little better.
    """
    truth = np.array(labels, dtype=np.int64)
    fold = np.array([_fold(text) for text in texts], dtype=np.int64)
    tally = Tally()
    for number in range(FOLDS):
        held = fold == number
        part = Outputs(logits=outputs.logits[held], token_count=outputs.token_count[held], status=outputs.status[held])
        decision = fit_decision(outputs.logits[~held], truth[~held])
        tally += Tally.of(part.read(decision), Truth(labels=truth[held].tolist()))
    return tally


def _fold(text: str) -> int:
    # Another hash than the split's: its validation side has but the lowest of that.
    return int.from_bytes(blake2b(text.encode(), digest_size=8, person=b"fold").digest(), "big") % FOLDS
