"""A summary: adds up over batches, agrees with scikit-learn on the rows themselves."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from sentiment_core.labels import Truth
from sentiment_core.scorer import Decision, Outputs, Predictions, Status
from sentiment_core.summary import Tally


def made(probability: list[float], statuses: list[Status] | None = None) -> Predictions:
    p = np.array(probability, dtype=np.float64)
    rows = len(p)
    return Outputs(
        logits=np.stack([np.zeros(rows), np.log(p / (1 - p))], axis=1).astype(np.float32).reshape(rows, 2),
        token_count=np.arange(rows, dtype=np.uint32),
        status=np.array(statuses or [Status.OK] * rows, dtype=str),
    ).read(Decision())


rows = st.lists(
    st.tuples(st.floats(0.001, 0.999), st.sampled_from(list(Status)), st.sampled_from([0, 1, None])), max_size=40
)


@settings(deadline=None)
@given(rows=rows, cut=st.integers(0, 40))
def test_batches_add_up(rows: list[tuple[float, Status, int | None]], cut: int) -> None:
    def tally(part: list[tuple[float, Status, int | None]]) -> Tally:
        return Tally.of(
            made([p for p, _, _ in part], [s for _, s, _ in part]),
            Truth(labels=[y for _, _, y in part], neutral=len(part)),
        )

    whole = tally(rows).summarise()
    parts = (tally(rows[:cut]) + tally(rows[cut:])).summarise()
    del whole["tokens"], parts["tokens"]  # made up by place
    assert parts == whole
    assert sum(whole["rows_by_status"].values()) == whole["rows"] == len(rows)


@pytest.mark.parametrize("positives", [0.5, 0.98])
def test_metrics_are_those_of_the_rows(positives: float) -> None:
    rng = np.random.default_rng(1)
    truth = (rng.random(3000) < positives).astype(int)
    probability = np.clip(rng.normal(0.35 + 0.3 * truth, 0.25), 0.001, 0.999)
    found = made(list(probability))
    evaluation = Tally.of(found, Truth(labels=truth.tolist())).summarise()["evaluation"]
    exact = {
        "accuracy": metrics.accuracy_score(truth, found.label),
        "precision": metrics.precision_score(truth, found.label),
        "recall": metrics.recall_score(truth, found.label),
        "f1": metrics.f1_score(truth, found.label),
    }
    for name, value in exact.items():
        assert evaluation[name]["value"] == pytest.approx(value)
        assert evaluation[name]["low"] < value < evaluation[name]["high"]
    assert evaluation["roc_auc"]["value"] == pytest.approx(metrics.roc_auc_score(truth, probability), abs=1e-3)
    assert evaluation["macro"]["f1"]["value"] == pytest.approx(metrics.f1_score(truth, found.label, average="macro"))
    assert list(evaluation["confusion"].values()) == metrics.confusion_matrix(truth, found.label).ravel().tolist()
    places = np.minimum((found.probability * 15).astype(int), 14)
    error = 0.0
    for place in set(places):
        here = places == place
        stated, share = found.probability[here].mean(), truth[here].mean()
        chance = max(stated * (1 - stated), share * (1 - share)) / here.sum()
        error += here.mean() * max(0.0, (stated - share) ** 2 - chance) ** 0.5
    assert evaluation["calibration_error"]["value"] == pytest.approx(error, abs=1e-3)


@settings(deadline=None)
@given(
    centre=st.floats(-12, 12),
    spread=st.sampled_from([0.3, 3, 30]),
    rare=st.sampled_from([0.5, 0.05]),
    seed=st.integers(0, 99),
)
def test_the_area_under_the_curve_is_that_of_the_written_probabilities_however_they_crowd(
    centre: float, spread: float, rare: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    truth = (rng.random(2000) < rare).astype(int)
    margin = centre + spread * (truth + rng.normal(size=2000))
    found = Outputs(
        logits=np.stack([np.zeros(2000), margin], axis=1).astype(np.float32),
        token_count=np.ones(2000, dtype=np.uint32),
        status=np.full(2000, Status.OK),
    ).read(Decision())
    evaluation = Tally.of(found, Truth(labels=truth.tolist())).summarise()["evaluation"]
    assert evaluation["roc_auc"]["value"] == pytest.approx(metrics.roc_auc_score(truth, found.probability), abs=4e-3)


@given(probability=st.lists(st.floats(0, 1, width=32) | st.sampled_from([0.05, 0.35, 0.5, 0.95]), max_size=40))
def test_the_histogram_is_exact(probability: list[float]) -> None:
    found = np.array(probability, dtype=np.float32)
    tally = Tally.of(
        Predictions(
            label=np.zeros(len(found), dtype=np.int8),
            probability=found,
            token_count=np.ones(len(found), dtype=np.uint32),
            status=np.full(len(found), Status.OK, dtype=object).astype(str),
        )
    )
    edges = np.arange(21) / 20
    assert tally.summarise()["probability_histogram"] == np.histogram(found.astype(np.float64), edges)[0].tolist()


def test_labelled_files_do_not_need_scikit_learn() -> None:
    """It takes a second to import, and a night has thousands of small files."""
    run = "import sys, sentiment_core.summary; sys.exit(any(name in sys.modules for name in ('sklearn', 'scipy')))"
    assert subprocess.run([sys.executable, "-c", run], check=False).returncode == 0


def test_one_class_alone_leaves_undefined_metrics_null() -> None:
    evaluation = Tally.of(made([0.9, 0.8]), Truth(labels=[1, 1])).summarise()["evaluation"]
    assert evaluation["accuracy"]["value"] == 1.0
    assert evaluation["roc_auc"] is None
    assert evaluation["by_class"]["negative"] == {"precision": None, "recall": None, "f1": None, "rows": 0}
    assert evaluation["macro"] == {"precision": None, "recall": None, "f1": None}


def test_no_labels_no_evaluation() -> None:
    assert Tally.of(made([0.9])).summarise()["evaluation"] is None
    assert Tally().summarise()["positive_share"] is None
