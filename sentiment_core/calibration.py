"""Temperature and threshold, fitted on validation logits."""

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from sentiment_core.labels import Label
from sentiment_core.scorer import Decision, Logits

_THRESHOLDS = np.round(np.arange(0.05, 0.951, 0.01), 2)


def fit_decision(logits: Logits, truth: npt.NDArray[np.int64]) -> Decision:
    """Fit (rows, 2) logits to (rows,) labels.

    Temperature: least log loss (Guo et al. 2017), which is a logistic regression on the margin without an
    intercept. Threshold: best macro F1, so that the rare label counts as much as the common one; of equals
    the nearest to 0.5.
    """
    margin = (logits[:, Label.POSITIVE] - logits[:, Label.NEGATIVE]).reshape(-1, 1)
    slope = LogisticRegression(fit_intercept=False, C=np.inf).fit(margin, truth).coef_.item()
    # A slope of 0 or below is a model that knows nothing: probabilities then stay near 0.5.
    temperature = 1.0 / max(slope, 1e-2)
    probability = Decision(temperature=temperature).probability(logits)
    threshold = max(
        _THRESHOLDS,
        key=lambda t: (
            round(f1_score(truth, Decision(threshold=t).decide(probability), average="macro", zero_division=0.0), 4),
            -abs(t - 0.5),
        ),
    )
    return Decision(temperature=temperature, threshold=float(threshold))
