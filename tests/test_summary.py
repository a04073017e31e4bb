"""A summary: adds up over batches, agrees with scikit-learn on the rows themselves."""

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
    gaps = [abs((truth - found.probability)[places == place].sum()) for place in range(15)]
    assert evaluation["calibration_error"]["value"] == pytest.approx(sum(gaps) / len(truth), abs=1e-3)


def test_intervals_cover_what_they_should() -> None:
    rng = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        truth = (rng.random(150) < 0.7).astype(int)
        right = rng.random(150) < 0.8
        found = made(list(np.where(right, truth, 1 - truth) * 0.8 + 0.1))
        accuracy = Tally.of(found, Truth(labels=truth.tolist())).summarise()["evaluation"]["accuracy"]
        covered += accuracy["low"] <= 0.8 <= accuracy["high"]
    assert 0.90 <= covered / 200 <= 0.99


def test_one_class_alone_leaves_undefined_metrics_null() -> None:
    evaluation = Tally.of(made([0.9, 0.8]), Truth(labels=[1, 1])).summarise()["evaluation"]
    assert evaluation["accuracy"]["value"] == 1.0
    assert evaluation["roc_auc"] is None
    assert evaluation["by_class"]["negative"]["recall"] is None


def test_no_labels_no_evaluation() -> None:
    assert Tally.of(made([0.9])).summarise()["evaluation"] is None
    assert Tally().summarise()["positive_share"] is None
