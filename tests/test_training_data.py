"""How much each label counts in training."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.reviews import Reviews, read_reviews
from jobs.training_data import Targets
from sentiment_core.labels import Label

LABELS = st.lists(st.sampled_from(Label), min_size=1, max_size=60)


def reviews(files: Sequence[Sequence[Label]]) -> Reviews:
    labels = [label for file in files for label in file]
    return Reviews(
        texts=[f"review {row}" for row in range(len(labels))],
        labels=labels,
        files=[number for number, file in enumerate(files) for _ in file],
    )


@given(LABELS.filter(lambda labels: len(set(labels)) == len(Label)))
def test_weighted_labels_count_the_same(labels: list[Label]) -> None:
    found = reviews([labels])
    masses = Targets.of(found).weighted(found).masses
    assert masses.sum(axis=0) == pytest.approx([len(labels) / 2] * 2, rel=1e-5)


@given(st.lists(LABELS, min_size=1, max_size=4))
def test_each_file_is_weighted_by_itself_half_the_way(files: list[list[Label]]) -> None:
    found = reviews(files)
    masses = Targets.of(found).weighted_by_file(found).masses
    for number, labels in enumerate(files):
        alone = reviews([labels])
        here = masses[np.array(found.files) == number]
        assert (here == Targets.of(alone).weighted_by_file(alone).masses).all()
        negative, positive = labels.count(Label.NEGATIVE), labels.count(Label.POSITIVE)
        if negative and positive:
            assert here[:, 1].sum() / here[:, 0].sum() == pytest.approx((positive / negative) ** 0.5, rel=1e-5)
        else:
            assert (here == Targets.of(alone).masses).all()


def test_a_review_belongs_to_the_first_file_it_stands_in(tmp_path: Path) -> None:
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    pl.DataFrame({"text": ["good", "bad"], "label": [1, 0]}).write_parquet(paths[0])
    pl.DataFrame({"text": ["worse", "bad"], "label": [0, 0]}).write_parquet(paths[1])
    found = read_reviews(paths, None, None)
    assert dict(zip(found.texts, found.files, strict=True)) == {"good": 0, "bad": 0, "worse": 1}
    assert found.where([False, True, True]).files == [0, 1]
