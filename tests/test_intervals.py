"""19 in 20 intervals hold the truth: by simulation, for few rows and many, rates near a half and near 1."""

from math import comb

import numpy as np
import numpy.typing as npt
import pytest

from sentiment_core.intervals import calibration_error, f1, proportion, roc_auc
from sentiment_core.labels import Truth
from sentiment_core.scorer import Predictions, Status
from sentiment_core.summary import Tally

Floats = npt.NDArray[np.float64]
TRIES = 400
# 19 in 20, less the play of so many tries: hundreds of figures are asked for at once.
LEAST = 0.95 - 3.5 * (0.95 * 0.05 / TRIES) ** 0.5


def sigmoid(margin: Floats) -> Floats:
    return 1 / (1 + np.exp(-margin))


def evaluation(probability: Floats, truth: npt.NDArray[np.int64]) -> dict[str, dict[str, float] | None]:
    """Return every figure of a summary by a name of its own."""
    rows = Predictions(
        label=(probability >= 0.5).astype(np.int8),
        probability=probability.astype(np.float32),
        token_count=np.ones(len(truth), dtype=np.uint32),
        status=np.full(len(truth), Status.OK).astype(str),
    )
    found = Tally.of(rows, Truth(labels=truth.tolist())).summarise()["evaluation"]
    figures = {name: of for name, of in found.items() if of is None or "low" in (of if isinstance(of, dict) else {})}
    for group in ("macro", *found["by_class"]):
        of = found["macro"] if group == "macro" else found["by_class"][group]
        figures |= {f"{group} {name}": value for name, value in of.items() if name != "rows"}
    return figures


def drawn(rng: np.random.Generator, rows: int, share: float, gap: float, sure: float) -> tuple[Floats, npt.NDArray]:
    """Draw probabilities and labels: margins `gap` right of 0 for positives and left for negatives, times `sure`."""
    truth = (rng.random(rows) < share).astype(np.int64)
    return sigmoid(sure * rng.normal(gap * (2 * truth - 1))), truth


@pytest.mark.parametrize("rows", [35, 100, 2000])
@pytest.mark.parametrize(
    ("share", "gap", "sure"), [(0.5, 0.8, 1.0), (0.8, 1.5, 2.0), (0.95, 1.5, 4.0), (0.9, 2.5, 3.0)]
)
def test_every_interval_covers(rows: int, share: float, gap: float, sure: float) -> None:
    exact = evaluation(*drawn(np.random.default_rng(1), 500_000, share, gap, sure))
    covered: dict[str, list[bool]] = {name: [] for name in exact}
    for seed in range(TRIES):
        for name, figure in evaluation(*drawn(np.random.default_rng((5, seed)), rows, share, gap, sure)).items():
            value = exact[name]
            assert value is not None
            if figure is not None:
                assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
                covered[name].append(figure["low"] <= value["value"] <= figure["high"])
    assert len(covered) == 15
    assert {name: np.mean(held) for name, held in covered.items() if np.mean(held) < LEAST} == {}


@pytest.mark.parametrize("rows", [1, 4, 35, 200])
def test_a_share_is_covered_whatever_it_is(rows: int) -> None:
    """Exactly, not by simulation: Wilson's own interval holds some shares 17 times in 20."""
    intervals = [proportion(hits, rows) for hits in range(rows + 1)]
    for share in np.linspace(0.001, 0.999, 999):
        held = sum(
            comb(rows, hits) * share**hits * (1 - share) ** (rows - hits)
            for hits, found in enumerate(intervals)
            if found is not None and found["low"] <= share <= found["high"]
        )
        assert held > (0.9 if rows > 4 else 0.87)


@pytest.mark.parametrize("labels", [(2, 2), (18, 17), (30, 5), (5, 95), (1000, 1000)])
@pytest.mark.parametrize("spreads", [(1.0, 1.0), (1.5, 0.5), (0.5, 1.5)])
def test_the_area_under_the_curve_is_covered(labels: tuple[int, int], spreads: tuple[float, float]) -> None:
    """Whichever label is rare, and whichever has the wider scores."""

    def counted(rng: np.random.Generator, negatives: int, positives: int) -> dict[str, float]:
        edges = np.linspace(-12, 14, 2001)
        scores = rng.normal(0, spreads[0], negatives), rng.normal(2, spreads[1], positives)
        found = roc_auc(*(np.histogram(score, edges)[0] for score in scores))
        assert found is not None
        return found

    exact = counted(np.random.default_rng(0), 400_000, 400_000)["value"]
    tries = [counted(np.random.default_rng((3, seed)), *labels) for seed in range(TRIES)]
    assert np.mean([found["low"] <= exact <= found["high"] for found in tries]) >= LEAST


def binned(probability: Floats, truth: npt.NDArray) -> tuple[npt.NDArray, npt.NDArray, Floats]:
    place = np.minimum((probability * 15).astype(int), 14)
    rows = np.bincount(place, minlength=15)
    stated = np.bincount(place, weights=probability, minlength=15) / np.maximum(rows, 1)
    return np.bincount(place, weights=truth, minlength=15).astype(np.int64), rows, stated


@pytest.mark.parametrize("rows", [35, 100, 2000, 20_000])
@pytest.mark.parametrize(("sharper", "shift"), [(1.0, 0.0), (1.0, 0.12), (1.3, 0.0), (2.0, 0.0), (1.0, 1.0)])
def test_calibration_error_is_covered_and_nearer_than_the_plain_one(rows: int, sharper: float, shift: float) -> None:
    """Errors of 0, 0.015, 0.025, 0.1 and 0.13, on probabilities that crowd at both ends as a classifier's do."""

    def tried(seed: int, rows: int) -> tuple[npt.NDArray, npt.NDArray, Floats]:
        rng = np.random.default_rng((4, seed))
        margin = rng.normal(0, 2.5, rows)
        return binned(sigmoid(sharper * margin + shift), rng.random(rows) < sigmoid(margin))

    def plain(positives: npt.NDArray, rows: npt.NDArray, stated: Floats) -> float:
        return float(np.abs(positives - rows * stated).sum() / rows.sum())

    exact = 0.0 if (sharper, shift) == (1.0, 0.0) else plain(*tried(0, 2_000_000))
    tries = [tried(seed, rows) for seed in range(1, TRIES + 1)]
    found = [calibration_error(*each) for each in tries]
    assert np.mean([of["low"] <= exact <= of["high"] for of in found]) >= LEAST
    off, off_plain = (
        np.sqrt(np.mean((np.array(values) - exact) ** 2))
        for values in ([of["value"] for of in found], [plain(*each) for each in tries])
    )
    assert off <= max(1.1 * off_plain, 0.06)
    if exact < 0.02 and rows <= 2000:
        assert off < 0.65 * off_plain


def test_few_rows_are_never_sure() -> None:
    for found in (roc_auc(np.array([2, 0]), np.array([0, 2])), f1(35, 0), proportion(4, 4), proportion(0, 35)):
        assert found is not None
        assert found["high"] - found["low"] > 0.05
    one = calibration_error(np.array([4]), np.array([4]), np.array([0.99]))
    assert one["high"] > 0.2


def test_of_nothing_there_is_no_figure() -> None:
    assert (proportion(0, 0), f1(0, 0), roc_auc(np.array([0]), np.array([3]))) == (None, None, None)
