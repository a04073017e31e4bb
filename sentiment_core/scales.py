"""On which scale a column of labels is written, told from its values and its name."""

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto

from sentiment_core.labels import Label, Meaning, NoLabel, Reads, Scale, fold, is_missing, number_of, stars_of

# Of the labelled rows, so many may be of no meaning: a scale is not lost over a slip of somebody's pen.
STRAY = 0.01
Counts = Mapping[object, int]

# Words in names, folded. Stars in English, German, French, Spanish, Italian, Portuguese and Dutch. A German "Note" is
# best at 1 and a French one worst: that word tells nothing.
_STARS = re.compile(
    r"\b(?:stars?|rat(?:es?|ings?)|overall|scores?|sterne?|bewertung(?:en)?|etoiles?|evaluation|estrell?as?|calificacion|"
    r"puntuacion|valoracion|stell[ae]|voto|punteggio|valutazione|nota|avaliacao|ster(?:ren)?|beoordeling)\b"
)
_GOOD = re.compile(r"\b(?:labels?|sentiments?|polarity|pos(?:itive)?|liked|recommended)\b")
_BAD = re.compile(r"\b(?:not|non|neg(?:ati(?:v[eoa]?|e?f))?|bad|disliked?|unhappy|complaints?|toxic|hate)\b")


class Says(Enum):
    """What the name of a column says of a 1 in it."""

    POSITIVE = auto()
    ONE_STAR = auto()
    NEGATIVE = auto()
    NOTHING = auto()


def says(column: str) -> Says:
    """Tell what the words in a column's name say; two that contradict each other say nothing."""
    words = " ".join(re.findall("[a-z]+", fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column))))
    stars, good = _STARS.search(words), _GOOD.search(words)
    if _BAD.search(words):
        return Says.NEGATIVE
    if bool(stars) == bool(good):
        return Says.NOTHING
    return Says.ONE_STAR if stars else Says.POSITIVE


def count(counts: Counts, scale: Reads) -> dict[Meaning, int]:
    """Count rows by what their label means on `scale`. Each meaning that stands there has an entry."""
    found: dict[Meaning, int] = {}
    for value, rows in counts.items():
        meaning = scale.read(value)
        found[meaning] = found.get(meaning, 0) + rows
    return found


def is_stray(rows: int, labelled: int) -> bool:
    """Say whether `rows` of `labelled` ones are no more than a stray hundredth."""
    return rows <= STRAY * labelled


def nearest(counts: Counts, name: Says) -> tuple[Scale | None, bool]:
    """Return the scale that reads most of the rows, of those that name and values speak for, and whether it is sure.

    `counts` says how often each value stands in the column. A scale is sure if it reads all rows but a stray hundredth.
    Where nearly all are 1, which alone is the best of two and the worst of five, it must read every row.
    """
    labelled = {value: rows for value, rows in counts.items() if not is_missing(value)}
    total = sum(labelled.values())
    candidates = {
        scale: count(labelled, scale).get(NoLabel.UNREADABLE, 0)
        for scale in Scale
        if total and _spoken_for(scale, name, labelled)
    }
    if not candidates:
        return None, False
    scale = min(candidates, key=candidates.__getitem__)
    unreadable = candidates[scale]
    if is_stray(_rows(labelled, lambda value: number_of(value) != 1), total):
        return scale, not unreadable
    return scale, is_stray(unreadable, total)


def _spoken_for(scale: Scale, name: Says, counts: Counts) -> bool:
    """Say whether the name of a column, or more than a stray hundredth of its rows, speaks for a scale."""
    total = sum(counts.values())
    if scale is Scale.WORDS:
        return True
    if name is Says.NEGATIVE:
        return False
    if scale is Scale.BINARY:
        meanings = count(counts, scale)
        both = all(not is_stray(meanings.get(label, 0), total) for label in Label)
        return name is Says.POSITIVE or (name is Says.NOTHING and both)
    if name is Says.ONE_STAR or not is_stray(_rows(counts, lambda value: stars_of(value) is not None), total):
        return True
    # 1 and 2, or 1 to 3, may be classes that somebody numbered. Up to 5, and not 5 alone, they are stars.
    several = len({number_of(value) for value in counts if scale.read(value) is not NoLabel.UNREADABLE}) > 1
    return several and not is_stray(_rows(counts, lambda value: 4 < (number_of(value) or 0) <= 5), total)


def _rows(counts: Counts, holds: Callable[[object], bool]) -> int:
    return sum(rows for value, rows in counts.items() if holds(value))
