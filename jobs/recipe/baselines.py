"""What the bundled model must beat: the linear baselines, on the same sides and calibrated the same way."""

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from data.outputs import write_json
from jobs.baseline import nb_svm, tfidf
from jobs.recipe.rows import Rows, read_rows
from sentiment_core.calibration import fit_decision
from sentiment_core.labels import Label, Truth
from sentiment_core.scorer import Decision, Logits, Outputs, Status
from sentiment_core.summary import Tally

BASELINES = "baselines.json"


def write_baselines(work: Path) -> None:
    """Fit each on the training side, its decision on validation; write its figures of every test set."""
    training, validation, test = (read_rows(work / f"{side}.jsonl.bz2") for side in ("training", "validation", "test"))
    found = {}
    for name, pipeline in (("tfidf", tfidf(len(training))), ("nb_svm", nb_svm(len(training)))):
        pipeline.fit(training.texts, training.labels)
        decision = fit_decision(_logits(pipeline, validation.texts), validation.labels)
        found[name] = measured(test, _logits(pipeline, test.texts), decision)
    write_json(work / BASELINES, found)


def measured(rows: Rows, logits: Logits, decision: Decision) -> dict[str, Any]:
    """Return the figures of each set of `rows`."""
    figures = {}
    for name in np.unique(rows.sets):
        here = np.flatnonzero(rows.sets == name)
        outputs = Outputs(
            logits=logits[here],
            token_count=np.ones(len(here), dtype=np.uint32),
            status=np.full(len(here), Status.OK),
        )
        summary = Tally.of(outputs.read(decision), Truth(labels=rows.labels[here].tolist())).summarise()
        figures[str(name)] = brief(summary["evaluation"])
    return figures


def brief(evaluation: Any) -> dict[str, float]:
    """Return of an evaluation what the card holds."""
    return {
        "rows": evaluation["rows"],
        **{name: round(evaluation[name]["value"], 4) for name in ("accuracy", "f1", "calibration_error")},
        **{f"recall_{name}": round(of["recall"]["value"], 4) for name, of in evaluation["by_class"].items()},
    }


def _logits(pipeline: Pipeline, texts: list[str]) -> Logits:
    margin = pipeline.decision_function(texts).astype(np.float32)
    return np.stack([np.zeros_like(margin), margin], axis=len(Label) - 1)
