"""A decision: what its rows can tell, no surer than they make it, and figures of rows it was not fitted to."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from sentiment_core.calibration import cross_fitted, fit_decision
from sentiment_core.errors import QualityError
from sentiment_core.labels import Truth
from sentiment_core.scorer import Decision, Outputs, Status
from sentiment_core.summary import Tally

Margins = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def outputs(margin: Margins) -> Outputs:
    return Outputs(
        logits=np.stack([np.zeros(len(margin)), margin], axis=1).astype(np.float32),
        token_count=np.ones(len(margin), dtype=np.uint32),
        status=np.full(len(margin), Status.OK).astype(str),
    )


def drawn(rng: np.random.Generator, rows: int, gap: float = 1.4) -> tuple[Margins, Labels]:
    """Draw margins of a model that leans to the positive, and their labels."""
    truth = (rng.random(rows) < 0.6).astype(np.int64)
    return rng.normal(gap * (2 * truth - 1), 1.0) + 0.7, truth


def texts(rows: int) -> list[str]:
    return [f"review {row}" for row in range(rows)]


def test_the_fit_finds_the_temperature_and_threshold_that_made_the_labels() -> None:
    rng = np.random.default_rng(0)
    margin = rng.normal(0, 4, 20_000)
    truth = (rng.random(20_000) < 1 / (1 + np.exp(-margin / 2.5))).astype(np.int64)
    decision = fit_decision(outputs(margin).logits, truth)
    assert decision.temperature == pytest.approx(2.5, rel=0.05)
    assert decision.threshold == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("best", [0.2, 0.35, 0.8])
def test_the_threshold_is_where_the_labels_part(best: float) -> None:
    """However far from 0.5: margins that say one thing and labels that turn elsewhere."""
    probability = np.random.default_rng(1).uniform(0.02, 0.98, 4000)
    truth = (probability >= best).astype(np.int64)
    margin = np.log(probability / (1 - probability))
    decision = fit_decision(outputs(margin).logits, truth)
    (cut,) = Decision(temperature=decision.temperature).probability(
        outputs(np.array([np.log(best / (1 - best))])).logits
    )
    assert decision.threshold == pytest.approx(float(cut), abs=0.02)
    assert abs(decision.threshold - 0.5) > 0.1


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 200), rows=st.integers(2, 60))
def test_no_threshold_has_a_better_macro_f1(seed: int, rows: int) -> None:
    margin, truth = drawn(np.random.default_rng(seed), rows)
    decision = fit_decision(outputs(margin).logits, truth)
    probability = outputs(margin).read(decision).probability

    def macro(threshold: float) -> float:
        found = Decision(threshold=threshold).decide(probability)
        return float(f1_score(truth, found, average="macro", labels=[0, 1], zero_division=0.0))

    best = max(macro(threshold) for threshold in np.arange(0.05, 0.951, 0.01).round(2))
    assert macro(decision.threshold) >= best - 1e-4


@given(
    negatives=st.lists(st.floats(-9, -0.01), max_size=30),
    positives=st.lists(st.floats(0.01, 9), max_size=30),
)
def test_rows_that_a_line_can_part_do_not_make_it_sure(negatives: list[float], positives: list[float]) -> None:
    """Its mean belief in what it sees stays below what as many coins would allow: (n + 1) / (n + 2)."""
    margin = np.array(negatives + positives)
    truth = np.array([0] * len(negatives) + [1] * len(positives))
    decision = fit_decision(outputs(margin).logits, truth)
    if not len(margin):
        assert decision == Decision()
        return
    sure = np.abs(outputs(margin).read(decision).probability - (1 - truth))
    most = (max(len(negatives), len(positives)) + 1) / (max(len(negatives), len(positives)) + 2)
    # Weighed by the margins themselves, which is where the fit balances.
    assert np.average(sure, weights=np.abs(margin)) <= most + 1e-3


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_what_is_no_number_is_refused(broken: float) -> None:
    with pytest.raises(QualityError, match=r"validation: wanted finite logits, found others for 1 of 3 reviews"):
        fit_decision(outputs(np.array([1.0, broken, -1.0])).logits, np.array([1, 0, 0]))


@pytest.mark.parametrize(("rows", "tries"), [(27, 400), (100, 200), (1000, 60)])
def test_the_figures_reported_are_those_of_fresh_reviews(rows: int, tries: int) -> None:
    """On average over trainings: cross-fitted figures are, and those of the rows of the fit are better than true."""
    fresh_margin, fresh_truth = drawn(np.random.default_rng(0), 20_000)
    reported, same_rows, fresh = [], [], []
    for seed in range(tries):
        margin, truth = drawn(np.random.default_rng((1, seed)), rows)
        decision = fit_decision(outputs(margin).logits, truth)

        def accuracy(tally: Tally) -> float:
            return float(tally.summarise()["evaluation"]["accuracy"]["value"])

        reported.append(accuracy(cross_fitted(outputs(margin), texts(rows), truth.tolist())))
        same_rows.append(accuracy(Tally.of(outputs(margin).read(decision), Truth(labels=truth.tolist()))))
        fresh.append(float((outputs(fresh_margin).read(decision).label == fresh_truth).mean()))
    play = 3 * float(np.std(np.array(reported) - np.array(fresh))) / tries**0.5
    assert np.mean(reported) == pytest.approx(np.mean(fresh), abs=play)
    assert np.mean(same_rows) > np.mean(fresh) + (play if rows < 1000 else 0)
    assert abs(np.mean(reported) - np.mean(fresh)) < abs(np.mean(same_rows) - np.mean(fresh))


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 50), rows=st.integers(1, 40))
def test_cross_fitting_counts_every_row_once_whatever_the_order(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    margin, truth = drawn(rng, rows)
    order = rng.permutation(rows)
    found = cross_fitted(outputs(margin), texts(rows), truth.tolist()).summarise()
    again = cross_fitted(outputs(margin[order]), [texts(rows)[row] for row in order], truth[order].tolist()).summarise()
    assert found["rows"] == found["evaluation"]["rows"] == rows
    assert again["evaluation"]["accuracy"] == found["evaluation"]["accuracy"]
