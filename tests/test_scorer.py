"""Laws of the scorer: whatever runs together, a review keeps its place and its score."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from sentiment_core.batching import Ids, Mask
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import ConfigError
from sentiment_core.scorer import Decision, Logits, Scorer, Status
from sentiment_core.text import clean


def encode(texts: list[str]) -> list[list[int]]:
    return [[1 + ord(letter) % 50 for letter in text] for text in texts]


def run(ids: Ids, mask: Mask) -> Logits:
    """A model that reads each row alone, padding masked, and order within the row."""
    weights = mask / (1.0 + np.arange(ids.shape[1]))
    score = (np.sin(ids) * weights).sum(axis=1)
    return np.stack([-score, score], axis=1).astype(np.float32)


def scorer(batch_tokens: int = 64) -> Scorer:
    return Scorer(encode, run, Decision(), max_length=20, pad_id=0, config=ScoreConfig(batch_tokens=batch_tokens))


reviews = st.lists(st.none() | st.text(max_size=40), max_size=30)


@given(texts=reviews, tokens=st.integers(1, 200))
def test_batching_changes_nothing(texts: list[str | None], tokens: int) -> None:
    alone = [scorer().score([text]) for text in texts]
    together = scorer(tokens).score(texts)
    assert_allclose(together.probability, [one.probability[0] for one in alone], atol=1e-6)
    assert_array_equal(together.status, [one.status[0] for one in alone])


@given(texts=reviews)
def test_every_row_has_a_status_and_only_texts_have_scores(texts: list[str | None]) -> None:
    found = scorer().score(texts)
    for row, text in enumerate(texts):
        length = 0 if text is None else len(clean(text))
        wanted = (
            Status.NULL
            if text is None
            else Status.EMPTY
            if not length
            else Status.OK
            if length <= 20
            else Status.TRUNCATED
        )
        assert (found.status[row], found.token_count[row]) == (wanted, length)


@given(texts=reviews, again=reviews)
def test_a_text_runs_once(texts: list[str | None], again: list[str | None]) -> None:
    one = scorer()
    one.score(texts)
    found = one.score(again)
    assert_allclose(found.probability, scorer().score(again).probability, atol=1e-6)
    assert one.work.texts_run == len({clean(text) for text in [*texts, *again] if text and clean(text)})
    assert one.work.rows == len(texts) + len(again)


def test_what_is_remembered_has_a_bound() -> None:
    one = scorer(100_000)
    bound = ScoreConfig().remembered
    one.score([str(number) for number in range(bound + 1)])
    one.score([str(bound)])
    assert one.work.texts_run == bound + 1
    one.score(["0"])  # the oldest has gone
    assert one.work.texts_run == bound + 2


@given(texts=reviews, tokens=st.integers(1, 200))
def test_padding_is_counted(texts: list[str | None], tokens: int) -> None:
    shapes: list[tuple[int, ...]] = []

    def watched(ids: Ids, mask: Mask) -> Logits:
        shapes.append((ids.size, int(mask.sum())))
        return run(ids, mask)

    config = ScoreConfig(batch_tokens=tokens)
    one = Scorer(encode, watched, Decision(), max_length=20, pad_id=0, config=config)
    one.score(texts)
    assert one.work.tokens == sum(real for _, real in shapes)
    assert one.work.padding == sum(size - real for size, real in shapes)


def test_progress_hears_of_every_row() -> None:
    heard: list[int] = []
    scorer().score(["good", None, "", "bad " * 30, "good"], heard.append)
    assert sum(heard) == 5


def test_one_text_is_no_list_of_texts() -> None:
    with pytest.raises(ConfigError, match="texts: wanted a list of texts, found one text; give it as "):
        scorer().score("lovely")


def test_a_row_whose_logits_are_no_numbers_has_failed_and_costs_no_other() -> None:
    def broken(ids: Ids, mask: Mask) -> Logits:
        return np.where((mask.sum(axis=1) == 3)[:, None], np.float32("nan"), run(ids, mask))

    whole, found = (
        Scorer(encode, each, Decision(), max_length=20, pad_id=0, config=ScoreConfig()).score(["a b", "a b c", "d"])
        for each in (run, broken)
    )
    failed = found.status == Status.FAILED
    assert failed.sum() == 1
    assert not found.scored[failed].any()
    assert np.array_equal(found.probability[~failed], whole.probability[~failed])
