"""What the bundled model learns from, is chosen on and is measured on share no text, nor nearly."""

import bz2
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from data.recipe.near_duplicates import inside, longest, overlapping, same, words
from data.recipe.sides import HELD_OUT, SIDES, write_sides
from data.splits import is_validation, letters
from jobs.recipe.passages import FOLDS, passages
from jobs.recipe.rows import Rows, read_rows
from jobs.recipe.targets import softened, weighed
from jobs.recipe.tokens import Tokens, planned

_REPORTED = "The driver was late again and nobody of the hotel told us when the next bus to the old town would leave. "


def _review(number: int) -> str:
    return " ".join(f"Sentence {part} of review {number} says something." for part in range(number % 7 + 1))


def _write(folder: Path) -> Path:
    """Write a set with an official split, one of phrases, and one that repeats texts of both."""
    folder.mkdir()
    texts = [_review(number) for number in range(300)]
    nearly = _REPORTED * 3
    pl.DataFrame(
        {
            "text": [*texts, texts[250].replace(" ", "  "), texts[251].upper(), f"{nearly}Twice.", nearly],
            "label": [0, 1] * 152,
            "split": ["train"] * 200 + ["test"] * 100 + ["train"] * 3 + ["test"],
        }
    ).write_parquet(folder / "imdb.parquet")
    sentences = [f"the story number {number} never finds its own quiet way home" for number in range(200)]
    phrases = [" ".join(sentence.split()[1:5]) for sentence in sentences]
    pl.DataFrame(
        {
            "text": [*sentences, *phrases, "home"],
            "label": [0] * 401,
            "split": ["validation"] * 40 + ["train"] * 361,
        }
    ).write_parquet(folder / "sst2.parquet")
    shop = [texts[260], f"{texts[261]}!", *(_review(number) for number in range(300, 700))]
    pl.DataFrame({"text": shop, "label": [1] * len(shop)}).write_parquet(folder / "shop.parquet")
    return folder


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recipe")
    write_sides(_write(root / "reviews"), root / "work")
    return root / "work"


def test_no_text_stands_on_two_sides(work: Path) -> None:
    training, validation, test = (read_rows(work / f"{side}.jsonl.bz2") for side in ("training", "validation", "test"))
    assert min(map(len, (training, validation, test))) > 20
    held = {*map(letters, test.texts), *map(letters, validation.texts)}
    assert not {*map(letters, training.texts)} & held
    assert not {*map(letters, validation.texts)} & {*map(letters, test.texts)}
    assert not overlapping(training.texts, [*test.texts, *validation.texts]).any()
    assert len(set(training.texts)) == len(training)


def test_no_phrase_of_a_held_out_sentence_is_learnt(work: Path) -> None:
    sides = {side: read_rows(work / f"{side}.jsonl.bz2") for side in ("training", "validation", "test")}
    phrases = {
        side: [text for text, of in zip(rows.texts, rows.sets, strict=True) if of == "sst2"]
        for side, rows in sides.items()
    }
    assert len(phrases["test"]) == 40
    assert phrases["training"]
    assert phrases["validation"]
    assert longest(phrases["validation"]).all()  # whole sentences
    assert not inside(phrases["training"], [*phrases["test"], *phrases["validation"]]).any()


def test_the_official_test_is_measured_as_it_stands_and_of_others_the_stable_fifth(work: Path) -> None:
    imdb = pl.read_parquet(work / HELD_OUT / "imdb.parquet")["text"].to_list()
    assert imdb == [*(_review(number) for number in range(200, 300)), _REPORTED * 3]
    shop = pl.read_parquet(work / HELD_OUT / "shop.parquet")["text"].to_list()
    assert 40 < len(shop) < 120
    assert all(map(is_validation, shop))


def test_what_was_left_out_is_counted_by_set_and_reason_and_nothing_vanishes(work: Path, tmp_path: Path) -> None:
    report = json.loads((work / SIDES).read_text())
    for name, rows in (("imdb", 304), ("sst2", 401), ("shop", 402)):
        found = report["sets"][name]
        kept = sum(found[side] for side in ("test", "validation", "training"))
        assert kept + sum(found["left_out"].values()) == rows, name
    assert report["sets"]["imdb"]["left_out"]["nearly a test text"] == 1
    assert report["sets"]["sst2"]["left_out"]["part of a test sentence, or holds one"] >= 40
    write_sides(_write(tmp_path / "reviews"), tmp_path / "work")
    assert json.loads((tmp_path / "work" / SIDES).read_text()) == report


def test_case_marks_and_spaces_make_no_other_text() -> None:
    assert same(["Good, GOOD phone!!", "good  phone", "a bad phone", ":-)"], ["good good phone", ":-)"]).tolist() == [
        True,
        False,
        False,
        True,
    ]


@given(
    st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=14), min_size=1, max_size=8),
    st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=14), min_size=1, max_size=8),
)
def test_overlap_is_what_counting_every_pair_finds(left: list[list[str]], right: list[list[str]]) -> None:
    def shingles(of: list[str]) -> set[tuple[str, ...]]:
        return {tuple(of[start : start + 5]) for start in range(len(of) - 4)}

    def alike(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> bool:
        return bool(one | other) and len(one & other) * 10 >= len(one | other) * 8

    wanted = [any(alike(shingles(one), shingles(other)) for other in right) for one in left]
    assert overlapping([" ".join(one) for one in left], [" ".join(one) for one in right]).tolist() == wanted


def _rows(texts: list[str]) -> Rows:
    return Rows(
        texts=texts,
        labels=np.arange(len(texts)) % 2,
        sets=np.array(["long" if number % 3 else "short" for number in range(len(texts))]),
    )


def test_passages_are_made_of_one_set_and_one_fold_and_the_reviews_come_first() -> None:
    training = _rows([_review(number).replace("review ", "review") for number in range(120)])
    made = passages(training)
    assert made.texts[:120] == training.texts
    assert made.rows[:120].tolist() == list(range(120))
    assert len(made.texts) > 250
    for text, row, fold in zip(made.texts, made.rows.tolist(), made.folds.tolist(), strict=True):
        reviews = {int(word.removeprefix("review")) for word in words(text) if word.startswith("review")}
        assert {training.sets[of] for of in reviews} <= {training.sets[row]}
        assert {of % FOLDS for of in reviews} <= {fold}


@given(st.lists(st.integers(0, 40), max_size=60), st.integers(1, 200))
def test_every_text_with_tokens_is_in_one_batch_that_fits(lengths: list[int], tokens: int) -> None:
    sizes = np.array(lengths, dtype=np.int64)
    for dice in (None, np.random.default_rng(0)):
        batches = planned(sizes, tokens, dice)
        assert (
            sorted(np.concatenate([*batches, np.zeros(0, dtype=np.int64)]).tolist()) == np.flatnonzero(sizes).tolist()
        )
        assert all(len(rows) * sizes[rows].max() <= tokens or len(rows) == 1 for rows in batches)


def test_a_batch_is_padded_on_the_right_and_blocks_hold_every_text_whole() -> None:
    ids = [5, 6, 7, 8, 9, 10]
    tokens = Tokens.of(np.array(ids, dtype=np.int32), np.array([2, 1, 3], dtype=np.int64), torch.device("cpu"))
    batch, lengths = tokens.batch(np.array([2, 0]), pad_id=0)
    assert batch.tolist() == [[8, 9, 10], [5, 6, 0]]
    assert lengths.tolist() == [3, 2]
    stream = tokens.blocks(length=3, end=0).flatten().tolist()
    assert sorted(stream) == sorted([*ids, 0, 0, 0])
    assert tokens.where(np.array([1])).batch(np.array([0]), pad_id=0)[0].tolist() == [[7]]


def test_a_rare_label_is_weighed_up_half_the_way_and_a_set_weighs_as_much_as_it_has_rows() -> None:
    rows = Rows(
        texts=["x"] * 103,
        labels=np.array([1] * 99 + [0] + [0, 1, 1]),
        sets=np.array(["skewed"] * 100 + ["small"] * 3),
    )
    masses = weighed(rows)
    assert masses[:100].sum() == pytest.approx(100, rel=1e-5)
    assert masses[99, 0] / masses[0, 1] == pytest.approx(np.sqrt(99), rel=1e-5)
    soft = softened(masses, np.zeros(104), heed=0.5)
    assert soft[103].tolist() == [0.5, 0.5]  # a passage has the teachers' word alone
    assert soft[:103].sum(axis=1) == pytest.approx(masses.sum(axis=1), rel=1e-5)
    assert soft[99, 0] == pytest.approx(0.75 * masses[99, 0], rel=1e-5)


def test_sides_are_plain_text_for_what_learns_without_tables(work: Path) -> None:
    with bz2.open(work / "training.jsonl.bz2", "rt", encoding="utf-8") as file:
        assert set(json.loads(next(file))) == {"text", "label", "set"}
