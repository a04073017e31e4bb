"""What a classifier is to say of the reviews that it learns from, and their tokens, as the Trainer takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from rich.console import Console
from sklearn.utils.class_weight import compute_class_weight

from data.outputs import whole_file
from data.reviews import Reviews
from export.runtime import Encoder
from jobs.teacher import soften
from sentiment_core.labels import Label
from sentiment_core.truncation import head_and_tail

# Of a target, where there is a label too: a good teacher knows better than a mislabelled row, and says how sure it is.
_TEACHER_SHARE = 0.7
# Of an interrupted training, in its work folder.
TEACHER_SAID = "teacher.npy"
_ENCODED_AT_ONCE = 1_000
Masses = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Token ids of texts, end to end, and the target of each; `order` says which text each row is.

    A list of Python's numbers would take twenty times the memory. `ends` has one entry a text.
    """

    ids: npt.NDArray[np.uint32]
    ends: npt.NDArray[np.int64]
    masses: Masses
    order: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, row: int) -> dict[str, Any]:
        text = self.order[row]
        start = self.ends[text - 1] if text else 0
        return {"input_ids": self.ids[start : self.ends[text]].tolist(), "labels": self.masses[text].tolist()}

    def take(self, order: npt.NDArray[np.int64]) -> "Rows":
        """Return these rows in this order."""
        return Rows(ids=self.ids, ends=self.ends, masses=self.masses, order=self.order[order])

    def oversampled(self, seed: int) -> "Rows":
        """Return the rows with those of the rare label repeated, drawn by chance, until both labels are as many."""
        labels = self.masses[self.order].argmax(axis=1)
        rare, common = sorted((np.flatnonzero(labels == label) for label in Label), key=len)
        more = np.random.default_rng(seed).choice(rare, size=len(common) - len(rare))
        return self.take(np.concatenate([np.arange(len(self)), more]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Targets:
    """Texts, and what a student should say of each: the probability of either label, times the weight of the text.

    `masses` has shape (texts, labels), in the order of Label.
    """

    texts: Sequence[str]
    masses: Masses

    @classmethod
    def of(cls, reviews: Reviews) -> "Targets":
        """Take the labels as they are."""
        return cls(texts=reviews.texts, masses=np.eye(len(Label), dtype=np.float32)[reviews.labels])

    def softened(
        self, unlabelled: Sequence[str], teacher: str, max_length: int, work: Path, console: Console
    ) -> "Targets":
        """Mix in what `teacher` says, and add `unlabelled` texts with its word alone.

        Its word is kept in the folder `work`, of which the caller knows that it is of this very training: one that
        goes on does not ask again.
        """
        texts = [*self.texts, *unlabelled]
        kept = work / TEACHER_SAID
        if kept.exists():
            said = np.load(kept, allow_pickle=False)
        else:
            said = soften(teacher, texts, max_length, console)
            with whole_file(kept) as part, part.open("wb") as file:
                np.save(file, said)
        masses, here = np.stack([1 - said, said], axis=1), len(self.texts)
        agreement = float((masses[:here].argmax(axis=1) == self.masses.argmax(axis=1)).mean())
        console.print(f"teacher: agrees with {agreement:.1%} of {here:,} labels")
        masses[:here] = _TEACHER_SHARE * masses[:here] + (1 - _TEACHER_SHARE) * self.masses
        return Targets(texts=texts, masses=masses)

    def balanced(self, balance: str, reviews: Reviews) -> "Targets":
        """Weigh the labels by the way of `balance`, as `reviews`, the first of the texts, have them."""
        if balance == "weights":
            return self.weighted(reviews)
        return self.weighted_by_file(reviews) if balance == "files" else self

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

    def rows(self, encode: Encoder, max_length: int) -> Rows:
        """Return rows for the Trainer: token ids, cut as scoring cuts them, and the target."""
        pieces = [np.zeros(0, dtype=np.uint32)]
        lengths: list[int] = []
        # Some at a time: an encoded text takes many times its size for a moment.
        for start in range(0, len(self.texts), _ENCODED_AT_ONCE):
            some = encode(self.texts[start : start + _ENCODED_AT_ONCE])
            cut = [head_and_tail(ids, max_length) for ids in some]
            pieces.append(np.fromiter(chain.from_iterable(cut), dtype=np.uint32))
            lengths += map(len, cut)
        return Rows(
            ids=np.concatenate(pieces),
            ends=np.cumsum(lengths, dtype=np.int64),
            masses=self.masses,
            order=np.arange(len(self.texts)),
        )


def _balanced(labels: npt.NDArray[np.int64]) -> Masses:
    """Return a weight for each Label, in its order, so that among `labels` both count the same."""
    weights = compute_class_weight("balanced", classes=np.array(list(Label)), y=labels)
    return cast(Masses, weights.astype(np.float32))
