"""What is learnt, chosen by and measured with; how much each label counts; what is kept of an interrupted training."""

import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from conftest import made_up_reviews
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from data.reviews import Reviews, read_reviews
from data.splits import Side, letters, side_of
from jobs.baseline import baseline, tfidf
from jobs.provenance import Provenance
from jobs.search import search
from jobs.targets import Targets
from jobs.training_data import Sides, TrainRequest, read_unlabelled, review_files, split
from jobs.work_folder import begun_with, work_folder
from sentiment_core.config import TrainConfig
from sentiment_core.errors import ConfigError, TableError
from sentiment_core.labels import Label
from sentiment_core.truncation import head_and_tail

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


def read(folder: Path, frames: dict[str, pl.DataFrame], **parts: Sequence[str]) -> tuple[TrainRequest, Sides, str]:
    paths = {name: folder / f"{name}.parquet" for name in frames}
    for name, frame in frames.items():
        frame.write_parquet(paths[name])
    request = TrainRequest(
        output=folder / "c", **{part: [paths[name] for name in names] for part, names in parts.items()}
    )
    said = Console(file=StringIO(), width=200)
    return request, split(request, 0, said), said.file.getvalue()


@pytest.mark.parametrize("validation", [(), ("held",)])
def test_nothing_is_learnt_of_what_is_held_out(validation: Sequence[str], tmp_path: Path) -> None:
    reviews, more = made_up_reviews(600), made_up_reviews(1200).tail(600).select("text")
    loud = reviews.with_columns(pl.col("text").str.to_uppercase() + "!!")
    unlabelled = pl.concat([more, reviews.select("text"), loud.select("text")])
    frames = {"all": reviews, "loud": loud, "held": reviews.head(200), "dump": unlabelled}
    request, sides, said = read(tmp_path, frames, inputs=["all", "loud"], validation=validation, unlabelled=["dump"])
    learnt = [*sides.training.texts, *read_unlabelled(request, sides, Console(file=StringIO()))]
    assert {side_of(text) for text in learnt} == {Side.TRAINING}
    assert {side_of(text) for text in sides.test.texts} == {Side.TEST}
    assert len(sides.test) > 100
    assert len(learnt) > 900
    if validation:
        assert set(sides.validation.texts) <= set(reviews["text"].head(200))
        assert {side_of(text) for text in sides.validation.texts} == {Side.TRAINING, Side.VALIDATION}
    else:
        assert {side_of(text) for text in sides.validation.texts} == {Side.VALIDATION}
    parts = [set(map(letters, texts)) for texts in (learnt, sides.validation.texts, sides.test.texts)]
    assert not parts[0] & parts[1] and not parts[0] & parts[2] and not parts[1] & parts[2]
    assert "reviews that differ from a held-out one by case or marks alone" in said


@given(st.permutations(range(8)), st.integers(0, 7))
def test_a_side_is_told_by_its_reviews_and_labels_alone(order: list[int], changed: int) -> None:
    some = reviews([[Label.POSITIVE, Label.NEGATIVE] * 4])
    digests = Sides(training=some, validation=some, test=some.take(order)).digests()
    assert len(set(digests.values())) == 1
    other = Reviews(texts=some.texts, labels=[*some.labels], files=some.files)
    other.labels[changed] = Label(1 - other.labels[changed])
    assert Sides(training=some, validation=some, test=other).digests()["test"] != digests["test"]


def test_a_test_side_may_be_empty_but_not_the_others(tmp_path: Path) -> None:
    some = made_up_reviews(100).filter(pl.col("text").map_elements(side_of, return_dtype=pl.String) != Side.TEST)
    _, sides, said = read(tmp_path, {"all": some}, inputs=["all"])
    assert len(sides.test) == 0
    assert "test: 0 reviews" in said
    assert baseline(tfidf(len(sides.training)), sides) is None


def test_inputs_are_files_folders_and_patterns(tmp_path: Path) -> None:
    model = ("model/validation.csv", "model/config.json", "model/tokenizer.json")
    for name in ("a/x.csv", "b/x.csv", "b/day=1/y.csv", "b/config.json", *model):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"text": "good", "label": 1}\n' if "json" in name else "text,label\ngood,1\n")
    (tmp_path / "model" / "tokenizer.json").write_text("no text \x00")

    def found(*inputs: str) -> list[str]:
        paths = review_files([str(tmp_path / text) for text in inputs], tmp_path / "c", print)
        return sorted(str(path.relative_to(tmp_path)) for path in paths)

    every = ["a/x.csv", "b/config.json", "b/day=1/y.csv", "b/x.csv"]
    assert found("") == found("", "*/x.csv", "a/x.csv") == every
    assert found("*/x.csv") == ["a/x.csv", "b/x.csv"]
    assert found("model/validation.csv", "a") == ["a/x.csv", "model/validation.csv"]
    with pytest.raises(TableError, match="no such file or folder"):
        found("a", "none")
    with pytest.raises(TableError, match=r"model: wanted review files, found a model's alone"):
        found("a", "model")


@given(st.lists(st.text(max_size=12)), st.integers(1, 8))
def test_rows_are_what_scoring_reads(texts: list[str], max_length: int) -> None:
    def encode(some: Sequence[str]) -> list[list[int]]:
        return [[ord(letter) for letter in text] for text in some]

    masses = np.ones((len(texts), 2), dtype=np.float32)
    rows = Targets(texts=texts, masses=masses).rows(encode, max_length)
    assert [row["input_ids"] for row in rows] == [list(head_and_tail(ids, max_length)) for ids in encode(texts)]
    assert rows.ids.nbytes == 4 * sum(len(row["input_ids"]) for row in rows)


@given(LABELS.filter(lambda labels: len(set(labels)) == len(Label)), st.integers(0, 5))
def test_oversampling_repeats_the_rare_label_alone(labels: list[Label], seed: int) -> None:
    rows = Targets.of(reviews([labels])).rows(lambda texts: [[row] for row in range(len(texts))], 8)
    found = [(row["input_ids"], int(np.argmax(row["labels"]))) for row in rows.oversampled(seed)]
    assert found[: len(labels)] == [([row], label) for row, label in enumerate(labels)]
    assert [label for _, label in found].count(0) == [label for _, label in found].count(1)


CHANGES = {
    "inputs": {"inputs": ["other"]},
    "validation": {"validation": ["other"]},
    "unlabelled": {"unlabelled": ["other"]},
    "columns": {"label_column": "stars"},
    "--base": {"base": "changed"},
    "--teacher": {"teacher": "same"},
    "--learning-rate": {"learning_rate": 1e-3},
    "--batch-size": {"batch_size": 8},
    "--balance": {"balance": "none"},
    "--seed": {"seed": 1},
}


@pytest.mark.parametrize("part", CHANGES)
def test_an_interrupted_training_goes_on_only_as_it_was_begun(part: str, tmp_path: Path) -> None:
    for name in ("reviews", "other"):
        (tmp_path / name).write_text(name)
    for base in ("same", "changed"):
        (tmp_path / base).mkdir()
        (tmp_path / base / "weights").write_text(base)

    def record(**changed: Any) -> Provenance:
        parts = {"inputs": ["reviews"], "base": "same", **changed}
        request = {name: value for name, value in parts.items() if name in TrainRequest.__dataclass_fields__}
        for name in {"inputs", "validation", "unlabelled"} & set(request):
            request[name] = [tmp_path / path for path in request[name]]
        config = {
            name: str(tmp_path / value) if name in ("base", "teacher") else value
            for name, value in parts.items()
            if name not in request
        }
        return begun_with(TrainRequest(output=tmp_path / "c", **request), TrainConfig(**config))

    work, last = work_folder(tmp_path / "c", False, record())
    assert last is None
    state = work / "checkpoint-3" / "trainer_state.json"
    state.parent.mkdir()
    state.write_text("{}")
    assert work_folder(tmp_path / "c", True, record(resume=True)) == (work, str(state.parent))
    with pytest.raises(ConfigError, match=re.escape(f"found another in {part}; ")):
        work_folder(tmp_path / "c", True, record(**CHANGES[part]))
    with pytest.raises(ConfigError, match="found one that was interrupted; go on with it by --resume"):
        work_folder(tmp_path / "c", False, record(**CHANGES[part]))
    assert state.exists()


def test_what_was_refused_before_it_began_is_in_nobodys_way(tmp_path: Path) -> None:
    work, _ = work_folder(tmp_path / "c", False, Provenance(parts={"seed": 0}))
    (work / "checkpoint-3").mkdir()  # cut short
    assert work_folder(tmp_path / "c", False, Provenance(parts={"seed": 1})) == (work, None)
    assert not (work / "checkpoint-3").exists()


class OneLook:
    """A trainer whose validation loss is told by its learning rate."""

    def __init__(self, config: TrainConfig, tried: list[float]) -> None:
        tried.append(config.learning_rate)
        self.state = SimpleNamespace(best_metric=abs(config.learning_rate - 1e-3))

    def remove_callback(self, callback: Any) -> None: ...

    def train(self, resume_from_checkpoint: str | None) -> None: ...


@pytest.mark.parametrize("cut_after", [0, 1, 2])
def test_a_cut_search_tries_the_settings_as_they_are_once(cut_after: int, tmp_path: Path) -> None:
    tried: list[float] = []
    config = TrainConfig(search=4)

    def trainer_of(settings: TrainConfig, folder: Path) -> Any:
        if len(tried) == cut_after:
            raise KeyboardInterrupt
        return OneLook(settings, tried)

    with pytest.raises(KeyboardInterrupt):
        search(trainer_of, config, tmp_path, Console(file=StringIO()))
    cut_after = 99
    found, trials = search(trainer_of, config, tmp_path, Console(file=StringIO()))
    assert tried.count(config.learning_rate) == 1
    assert len(trials) == len(tried) == 4
    assert found.learning_rate == min(tried, key=lambda rate: abs(rate - 1e-3))
