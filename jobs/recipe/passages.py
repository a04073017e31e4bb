"""What the teachers label beyond whole reviews: passages, sentences joined, reviews with words missing.

A small student learns from the teacher's word on them what single sentences say, and how they weigh against each
other (Tang et al. 2019, "Distilling Task-Specific Knowledge", section 3.2), which whole reviews leave open.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.recipe.rows import Rows

# Parts of the training side that the linear teacher is fitted without, in turn, to speak of rows it has not seen.
FOLDS = 4

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_MOST_SENTENCES = 3
_CROPS_A_REVIEW = 4
_JOINS_A_REVIEW = 0.35
_LONGEST_JOINED = 200  # characters
_MISSING_A_REVIEW = 0.3
_MISSING = 0.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """Texts to be labelled: the reviews themselves first, in their order; `rows` names the review each is made of.

    A join is made of several reviews of one set and one fold, and names the first.
    """

    texts: list[str]
    rows: npt.NDArray[np.int64]

    @property
    def folds(self) -> npt.NDArray[np.int64]:
        """The fold of each text: whoever was fitted without it has seen nothing of the text."""
        return self.rows % FOLDS


def passages(training: Rows, seed: int = 0) -> Passages:
    """Return the reviews of the training side and passages made of them."""
    dice = random.Random(seed)
    made: list[tuple[str, int]] = []
    short: dict[tuple[str, int], list[tuple[str, int]]] = {}
    for row, (text, of) in enumerate(zip(training.texts, training.sets.tolist(), strict=True)):
        crops = list(_crops(text, dice))
        made += [(crop, row) for crop in crops]
        pieces = [(piece, row) for piece in (crops or [text]) if len(piece) <= _LONGEST_JOINED]
        short.setdefault((of, row % FOLDS), []).extend(pieces)
        if dice.random() < _MISSING_A_REVIEW:
            made.append((_with_words_missing(text, dice), row))
    for pieces in filter(None, short.values()):
        for _ in range(round(_JOINS_A_REVIEW * len({row for _, row in pieces}))):
            joined = dice.choices(pieces, k=dice.randint(2, 4))
            made.append((" ".join(piece for piece, _ in joined), joined[0][1]))
    made = [(text, row) for text, row in made if text]
    return Passages(
        texts=[*training.texts, *(text for text, _ in made)],
        rows=np.array([*range(len(training)), *(row for _, row in made)], dtype=np.int64),
    )


def _crops(text: str, dice: random.Random) -> Iterator[str]:
    """Yield passages of one to three sentences, of a review that has more."""
    sentences = _SENTENCE_END.split(text)
    if len(sentences) > _MOST_SENTENCES:
        for _ in range(min(_CROPS_A_REVIEW, len(sentences) // 2)):
            start = dice.randrange(len(sentences))
            yield " ".join(sentences[start : start + dice.randint(1, _MOST_SENTENCES)])


def _with_words_missing(text: str, dice: random.Random) -> str:
    return " ".join(word for word in text.split() if dice.random() >= _MISSING)
