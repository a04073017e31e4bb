"""What a classifier learns from: reviews on two sides, and a target for each."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from rich.console import Console
from sklearn.utils.class_weight import compute_class_weight

from data.outputs import whole_file
from data.reviews import Reviews, read_reviews, read_texts
from data.splits import is_validation
from export.runtime import Encoder
from jobs.teacher import soften
from sentiment_core.config import TrainConfig
from sentiment_core.errors import TableError
from sentiment_core.labels import Label
from sentiment_core.text import clean
from sentiment_core.truncation import head_and_tail

Row = dict[str, Any]
# Of a target, where there is a label too: a good teacher knows better than a mislabelled row, and says how sure it is.
_TEACHER_SHARE = 0.7
# Of an interrupted training, in its work folder.
_TEACHER_SAID = "teacher.npy"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What to learn from, and where the checkpoint goes. None means: find it, or a fifth of the inputs."""

    inputs: Sequence[Path]
    output: Path
    validation: Path | None = None
    unlabelled: Sequence[Path] = ()
    text_column: str | None = None
    label_column: str | None = None


def split(request: TrainRequest, config: TrainConfig, console: Console) -> tuple[Reviews, Reviews]:
    """Return the training and the validation side of `request`, and say what was found.

    Raises TableError where a side lacks a label.
    """
    columns = (request.text_column, request.label_column)
    reviews = read_reviews(request.inputs, *columns)
    notes = list(reviews.notes)
    if request.validation is None:
        side = [is_validation(text, config.validation_share) for text in reviews.texts]
        training, validation = reviews.where([not held for held in side]), reviews.where(side)
    else:
        validation = read_reviews([request.validation], *columns)
        notes += validation.notes
        held_out = set(validation.texts)
        training = reviews.where([text not in held_out for text in reviews.texts])
        if len(training) < len(reviews):
            notes.append(f"left out of training: {len(reviews) - len(training):,} reviews that stand in validation")
    for note in notes:
        console.print(note)
    for name, part in (("training", training), ("validation", validation)):
        counts = {label.name.lower(): part.labels.count(label) for label in Label}
        console.print(
            f"{name}: {len(part):,} reviews, {counts['positive']:,} positive, {counts['negative']:,} negative"
        )
        if 0 in counts.values():
            raise TableError(
                f"{request.inputs[0]}: wanted both labels on the {name} side, found {counts}; give more labelled rows"
            )
    # By hash order, not file order, so that its first rows are a fair sample.
    order = np.random.default_rng(config.seed).permutation(len(validation))
    return training, validation.take(order.tolist())


def read_unlabelled(request: TrainRequest, training: Reviews, validation: Reviews, console: Console) -> list[str]:
    """Return the distinct cleaned texts of the unlabelled files that stand on no side already.

    Texts whose hash puts them on the validation side stay out, as another run may validate on them.
    """
    known = {*training.texts, *validation.texts}
    texts = dict.fromkeys(filter(None, map(clean, read_texts(request.unlabelled, request.text_column))))
    found = [text for text in texts if text not in known and not is_validation(text)]
    if request.unlabelled:
        console.print(f"unlabelled: {len(found):,} new reviews for the teacher alone")
    return found


def oversampled(rows: list[Row], seed: int) -> list[Row]:
    """Return `rows` with those of the rare label repeated, drawn by chance, until both labels are as many."""
    rare, common = sorted(([row for row in rows if np.argmax(row["labels"]) == label] for label in Label), key=len)
    return [*rows, *random.Random(seed).choices(rare, k=len(common) - len(rare))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """Texts, and what a student should say of each: the probability of either label, times the weight of the text.

    `masses` has shape (texts, labels), in the order of Label.
    """

    texts: Sequence[str]
    masses: npt.NDArray[np.float32]

    @classmethod
    def of(cls, reviews: Reviews) -> "Targets":
        """Take the labels as they are."""
        return cls(texts=reviews.texts, masses=np.eye(len(Label), dtype=np.float32)[reviews.labels])

    def softened(
        self, unlabelled: Sequence[str], teacher: str, max_length: int, work: Path, console: Console
    ) -> "Targets":
        """Mix in what `teacher` says, and add `unlabelled` texts with its word alone.

        Its word is kept in the folder `work`, so that a training that goes on does not ask again.
        """
        texts = [*self.texts, *unlabelled]
        kept = work / _TEACHER_SAID
        said = np.load(kept, allow_pickle=False) if kept.exists() else None
        if said is None or len(said) != len(texts):
            said = soften(teacher, texts, max_length, console)
            with whole_file(kept) as part, part.open("wb") as file:
                np.save(file, said)
        masses, here = np.stack([1 - said, said], axis=1), len(self.texts)
        agreement = float((masses[:here].argmax(axis=1) == self.masses.argmax(axis=1)).mean())
        console.print(f"teacher: agrees with {agreement:.1%} of {here:,} labels")
        masses[:here] = _TEACHER_SHARE * masses[:here] + (1 - _TEACHER_SHARE) * self.masses
        return Targets(texts=texts, masses=masses)

    def weighted(self, reviews: Reviews) -> "Targets":
        """Weigh the labels so that among `reviews` both count the same."""
        return Targets(texts=self.texts, masses=self.masses * _balanced(np.array(reviews.labels)))

    def weighted_by_file(self, reviews: Reviews) -> "Targets":
        """Weigh the labels of each file of `reviews`, the first of the texts, half the way to both counting the same.

        Half in log-odds: a label 49 times as frequent counts 7 times as much. All the way, probabilities would say
        little of files like these any more. A file of one label stays as it is, and so do texts without a label.
        """
        masses, labels, files = self.masses.copy(), np.array(reviews.labels), np.array(reviews.files)
        for file in set(reviews.files):
            here = np.flatnonzero(files == file)
            if set(labels[here]) == set(Label):
                masses[here] *= np.sqrt(_balanced(labels[here]))
        return Targets(texts=self.texts, masses=masses)

    def rows(self, encode: Encoder, max_length: int) -> list[Row]:
        """Return rows for the Trainer: token ids, cut as scoring cuts them, and the target."""
        return [
            {"input_ids": list(head_and_tail(ids, max_length)), "labels": masses}
            for ids, masses in zip(encode(self.texts), self.masses.tolist(), strict=True)
        ]


def _balanced(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Return a weight for each Label, in its order, so that among `labels` both count the same."""
    weights = compute_class_weight("balanced", classes=np.array(list(Label)), y=labels)
    return cast(npt.NDArray[np.float32], weights.astype(np.float32))
