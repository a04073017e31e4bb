"""What a classifier learns from, what it is chosen by, and what it is measured with: three sides of its reviews."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console

from data.delimited.layout import Layout
from data.places.sources import find_sources
from data.reviews import Reviews, read_reviews, read_texts
from data.splits import Side, is_validation, letters, side_of
from sentiment_core.errors import TableError
from sentiment_core.labels import Label
from sentiment_core.naming import Naming
from sentiment_core.text import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What to learn from, and where the checkpoint goes. None means: find it; no validation: a tenth of the inputs."""

    inputs: Sequence[Path]
    output: Path
    validation: Sequence[Path] = ()
    unlabelled: Sequence[Path] = ()
    text_column: str | None = None
    label_column: str | None = None
    naming: Naming | None = None
    layout: Layout = field(default_factory=Layout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Reviews to learn from, to choose by and to measure with. No text, but for case and marks, is on two of them."""

    training: Reviews
    validation: Reviews
    test: Reviews

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of the labelled texts of each side, whatever their order."""
        return {side.value: _digest(getattr(self, side)) for side in Side}


def review_files(inputs: Sequence[str], output: Path, say: Callable[[str], None]) -> list[Path]:
    """Return the review files that `inputs` mean, in order, each once.

    What lies in `output` or in a model's folder is none, unless it is named by itself. Says what was passed over.
    Raises TableError for an input that means none.
    """
    found: dict[Path, Path] = {}
    for text in inputs:
        # One at a time: nothing is written beside them, so two files of one name do not collide.
        meant = find_sources([text], output, None)
        named = Path(text).is_file()
        for broken in meant.unusable:
            if named or not _is_models(broken.path):
                raise broken.error
        if meant.passed_over:
            say(f"passed over: {meant.passed_over}")
        paths = [source.path for source in meant.sources if named or not _is_models(source.path)]
        if not paths:
            raise TableError(f"{text}: wanted review files, found a model's alone; give the reviews themselves")
        found |= {path.resolve(): path for path in paths}
    return list(found.values())


def _is_models(path: Path) -> bool:
    """Say whether a file is one of a model's: its settings, its tokenizer, the reviews that chose it."""
    return all((path.parent / name).is_file() for name in ("config.json", "tokenizer.json"))


def split(request: TrainRequest, seed: int, console: Console) -> Sides:
    """Return the sides of `request`'s reviews, and say what was found.

    With validation files their reviews validate, but for those of the test side; what other runs validate on is not
    learnt from then either. Raises TableError where a side that is needed lacks a label.
    """
    chosen_by = len(request.validation)
    # The validation files first, so that a review that stands in both belongs to them.
    reviews = read_reviews(
        [*request.validation, *request.inputs],
        request.text_column,
        request.label_column,
        naming=request.naming,
        layout=request.layout,
    )
    where = [
        _side(text, file < chosen_by, chosen_by > 0) for text, file in zip(reviews.texts, reviews.files, strict=True)
    ]
    sides = _apart({side: reviews.where([found is side for found in where]) for side in Side}, reviews.notes)
    if left := where.count(None):
        reviews.notes.append(f"left out of training: {left:,} reviews that other runs validate on")
    for note in reviews.notes:
        console.print(note)
    for side in Side:
        _require(side, getattr(sides, side), request.inputs[0], console)
    # By hash order, not file order, so that its first rows are a fair sample.
    order = np.random.default_rng(seed).permutation(len(sides.validation))
    return Sides(training=sides.training, validation=sides.validation.take(order.tolist()), test=sides.test)


def _side(text: str, in_validation_file: bool, has_validation_file: bool) -> Side | None:
    side = side_of(text)
    if side is Side.TEST or not has_validation_file:
        return side
    if in_validation_file:
        return Side.VALIDATION
    return None if side is Side.VALIDATION else Side.TRAINING


def _apart(sides: dict[Side, Reviews], notes: list[str]) -> Sides:
    """Leave out what is the same, but for case and marks, as a review of a side that is measured with or chosen by."""
    known: set[str] = set()
    found = {}
    for side in (Side.TEST, Side.VALIDATION, Side.TRAINING):
        keys = list(map(letters, sides[side].texts))
        found[side.value] = sides[side].where([key not in known for key in keys])
        if left := len(keys) - len(found[side.value]):
            notes.append(f"left out of {side}: {left:,} reviews that differ from a held-out one by case or marks alone")
        known.update(keys)
    return Sides(**found)


def _require(side: Side, reviews: Reviews, place: Path, console: Console) -> None:
    counts = {label.name.lower(): reviews.labels.count(label) for label in Label}
    console.print(f"{side}: {len(reviews):,} reviews, {counts['positive']:,} positive, {counts['negative']:,} negative")
    # A model can be made without a test; only its figures are missing then.
    if 0 in counts.values() and side is not Side.TEST:
        raise TableError(f"{place}: wanted both labels on the {side} side, found {counts}; give more labelled rows")


def read_unlabelled(request: TrainRequest, sides: Sides, console: Console) -> list[str]:
    """Return the distinct cleaned texts of the unlabelled files that stand on no side already.

    Texts whose hash holds them out stay out, as another run may choose by them or be measured with them.
    """
    learnt = set(sides.training.texts)
    held_out = {letters(text) for side in (sides.validation, sides.test) for text in side.texts}
    texts = distinct(request.unlabelled, request)
    found = [text for text in learnable(texts, held_out) if text not in learnt]
    if request.unlabelled:
        console.print(f"unlabelled: {len(found):,} new reviews for the teacher alone")
    return found


def distinct(paths: Sequence[Path], request: TrainRequest) -> list[str]:
    """Return the distinct cleaned texts of `paths`, which are written as `request` says."""
    texts = read_texts(paths, request.text_column, request.layout)
    return list(dict.fromkeys(filter(None, map(clean, texts))))


def learnable(texts: Sequence[str], held_out: Iterable[str] = ()) -> list[str]:
    """Return those of the cleaned `texts` that may be learnt from.

    None of them is, but for case and marks, a text that is held out: one of `texts`, or of the `letters` in `held_out`.
    """
    known = {letters(text) for text in texts if is_validation(text)}.union(held_out)
    return [text for text in texts if letters(text) not in known]


def _digest(reviews: Reviews) -> str:
    lines = sorted(f"{label} {text}" for text, label in zip(reviews.texts, reviews.labels, strict=True))
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
