"""What a model must beat: linear classifiers over words and word pairs, on the same sides."""

from typing import Any, Self

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from data.reviews import Reviews
from jobs.training_data import Sides
from sentiment_core.calibration import fit_decision
from sentiment_core.labels import Truth
from sentiment_core.scorer import Decision, Outputs, Status
from sentiment_core.summary import Tally

_ENOUGH_FOR_PAIRS_SEEN_TWICE = 1000


def tfidf(rows: int) -> Pipeline:
    """TF-IDF of words and word pairs, and logistic regression; `rows` are those it will be fitted to."""
    return make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=_fewest(rows), sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced"),
    )


def nb_svm(rows: int) -> Pipeline:
    """Words and word pairs weighed by their naive Bayes log-count ratio, and a linear classifier.

    Wang and Manning 2012, "Baselines and Bigrams", with logistic loss for the sake of probabilities.
    """
    return make_pipeline(
        CountVectorizer(ngram_range=(1, 2), min_df=_fewest(rows), binary=True),
        _LogCountRatio(),
        LogisticRegression(C=4.0, max_iter=1000),
    )


def _fewest(rows: int) -> int:
    return 2 if rows >= _ENOUGH_FOR_PAIRS_SEEN_TWICE else 1


class _LogCountRatio(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    def fit(self, counts: csr_matrix, labels: Any) -> Self:
        positive = np.asarray(labels, dtype=bool)
        rates = [1.0 + np.asarray(counts[side].sum(axis=0)).ravel() for side in (positive, ~positive)]
        self.ratio_ = np.log(rates[0] / rates[0].sum()) - np.log(rates[1] / rates[1].sum())
        return self

    def transform(self, counts: csr_matrix) -> csr_matrix:
        return counts.multiply(self.ratio_).tocsr()


def baseline(model: Pipeline, sides: Sides) -> dict[str, Any] | None:
    """Fit `model` on the training side and its decision on the validation side; return the evaluation on the test."""
    model.fit(sides.training.texts, sides.training.labels)
    decision = fit_decision(_outputs(model, sides.validation).logits, np.array(sides.validation.labels))
    found: dict[str, Any] | None = evaluated(_outputs(model, sides.test), decision, sides.test)["evaluation"]
    return found


def _outputs(model: Pipeline, reviews: Reviews) -> Outputs:
    rows = len(reviews)
    margin = (model.decision_function(reviews.texts) if rows else np.zeros(0)).astype(np.float32)
    return Outputs(
        logits=np.stack([np.zeros_like(margin), margin], axis=1),
        token_count=np.ones(rows, dtype=np.uint32),
        status=np.full(rows, Status.OK),
    )


def evaluated(outputs: Outputs, decision: Decision, reviews: Reviews) -> dict[str, Any]:
    """Return the summary of what a model says of `reviews`; its evaluation is None of none."""
    return Tally.of(outputs.read(decision), Truth(labels=reviews.labels)).summarise()
