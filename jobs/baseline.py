"""What a model must beat: TF-IDF and logistic regression on the same split."""

from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from data.reviews import Reviews
from sentiment_core.labels import Truth
from sentiment_core.scorer import Decision, Outputs, Status
from sentiment_core.summary import Tally


def baseline(training: Reviews, validation: Reviews) -> dict[str, Any]:
    """Fit words and word pairs on `training`; return the evaluation on `validation`."""
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2 if len(training) >= 1000 else 1, sublinear_tf=True),
        LogisticRegression(C=10.0, max_iter=1000, class_weight="balanced"),
    )
    model.fit(training.texts, training.labels)
    margin = model.decision_function(validation.texts).astype(np.float32)
    outputs = Outputs(
        logits=np.stack([np.zeros_like(margin), margin], axis=1),
        token_count=np.ones(len(margin), dtype=np.uint32),
        status=np.full(len(margin), Status.OK),
    )
    evaluation: dict[str, Any] = Tally.of(outputs.read(Decision()), Truth(labels=validation.labels)).summarise()[
        "evaluation"
    ]
    return evaluation
