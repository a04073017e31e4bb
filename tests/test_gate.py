"""Laws of the gate: what cannot be measured fails, and so does what is below its floor."""

from typing import Any

import pytest

from sentiment_core.errors import ConfigError
from sentiment_core.gate import GATED, failures, parse_floor, parse_floors

CLASSES = ("negative", "positive")


def summary(
    predicted: tuple[int, int], recalls: tuple[float | None, float | None] | None, **labels: object
) -> dict[str, Any]:
    """Return a summary of which a class with the recall None has no labelled rows."""
    evaluation = recalls and {
        "rows": sum(predicted),
        "by_class": {
            name: {"rows": 0 if recall is None else 10, "recall": None if recall is None else {"value": recall}}
            for name, recall in zip(CLASSES, recalls, strict=True)
        },
        **{name: {"value": 0.9} for name in GATED},
        "precision": None,
    }
    return {
        "rows_by_status": {"ok": sum(predicted), "failed": 0},
        "predicted": dict(zip(CLASSES, predicted, strict=True)),
        "positive_share": predicted[1] / sum(predicted),
        "labels": {"why_not": None, **dict.fromkeys((*CLASSES, "neutral", "unreadable", "missing"), 10)}
        | {"unreadable": 0}
        | labels,
        "evaluation": evaluation,
    }


@pytest.mark.parametrize(
    ("predicted", "recalls", "collapsed"),
    [
        ((500, 500), None, False),
        ((0, 1000), None, True),
        ((0, 999), None, False),
        ((1, 999), None, False),
        ((0, 100), (0.0, 1.0), True),
        ((0, 100), (None, 1.0), False),
        ((3, 97), (0.8, 1.0), False),
        ((0, 8), (0.0, 1.0), False),
    ],
)
def test_one_label_for_everything_fails(
    predicted: tuple[int, int], recalls: tuple[float | None, float | None] | None, collapsed: bool
) -> None:
    share = predicted[1] / sum(predicted)
    found = [f"nearly all predictions are one label ({share:.1%} positive)"] if collapsed else []
    assert failures(summary(predicted, recalls), {}) == found


@pytest.mark.parametrize(
    ("floor", "found"),
    [
        ({"accuracy": 0.9}, []),
        ({"accuracy": 0.91}, ["accuracy: wanted at least 0.91, found 0.9000"]),
        ({"f1": 0.95, "recall": 0.8}, ["f1: wanted at least 0.95, found 0.9000"]),
        ({"precision": 0.1}, ["precision: wanted at least 0.1, found none"]),
    ],
)
def test_what_is_below_its_floor_fails(floor: dict[str, float], found: list[str]) -> None:
    assert failures(summary((50, 50), (0.9, 0.9)), floor) == found


@pytest.mark.parametrize("metric", GATED)
@pytest.mark.parametrize(
    ("of", "why"),
    [
        (summary((50, 50), None, why_not="no label column found"), "no label column found"),
        (summary((50, 50), (0.9, 0.9), why_not="a contradiction"), "a contradiction"),
        (summary((50, 50), None), "no labelled row was scored"),
        (summary((50, 50), (None, 0.9)), "no row is labelled negative"),
        (summary((50, 50), (0.9, None)), "no row is labelled positive"),
        (summary((50, 50), (0.9, 0.9), unreadable=1), "1 of 31 labels are unreadable, more than 1%"),
    ],
)
def test_what_cannot_be_measured_fails(of: dict[str, Any], why: str, metric: str) -> None:
    assert failures(of, {metric: 0.0}) == [f"{metric}: wanted at least 0.0, found nothing to measure it by: {why}"]
    assert failures(of, {}) == []


@pytest.mark.parametrize(("unreadable", "fails"), [(0, False), (3, False), (4, True)])
def test_a_stray_hundredth_may_be_unreadable(unreadable: int, fails: bool) -> None:
    of = summary((50, 50), (0.9, 0.9), unreadable=unreadable, positive=300, missing=10**6)
    assert bool(failures(of, {"f1": 0.5})) == fails


@pytest.mark.parametrize(
    "text", ["f1", "f1=", "f1=2", "f1=nan", "f1=inf", "f1=-0.1", "speed=0.5", "=0.5", "", "f1=0.8=1"]
)
def test_a_floor_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="wanted one of accuracy, precision, recall, f1, roc_auc and a share"):
        parse_floor(text)


def test_a_metric_has_one_floor() -> None:
    assert parse_floors(["f1=0.8", "accuracy=0.5", "f1=0.80"]) == {"f1": 0.8, "accuracy": 0.5}
    with pytest.raises(ConfigError, match=r"--fail-under: wanted one floor for f1, got 0\.8 and 0\.9"):
        parse_floors(["f1=0.8", "f1=0.9"])


def test_rows_without_a_number_fail() -> None:
    of = summary((500, 500), None)
    of["rows_by_status"]["failed"] = 3
    assert failures(of, {}) == ["the model gave no number for 3 rows"]
