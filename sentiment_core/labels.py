"""Labels, their one order, and the scales on which users write them."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import lru_cache
from typing import Protocol


class Label(IntEnum):
    """Sentiment of a review. The value is the column of the logits."""

    NEGATIVE = 0
    POSITIVE = 1


class NoLabel(Enum):
    """Why a value is no label."""

    NEUTRAL = "neutral"
    UNREADABLE = "unreadable"
    MISSING = "missing"


Meaning = Label | NoLabel

ID2LABEL = {int(label): label.name for label in Label}
LABEL2ID = {label.name: int(label) for label in Label}


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The labels of a batch, None where a row has none, and why some have none."""

    labels: Sequence[int | None]
    neutral: int = 0
    unreadable: int = 0


class Reads(Protocol):
    """Says of any value what it means."""

    def read(self, value: object) -> Meaning:
        """Return what `value` means. Never raises."""


_LONGEST = 100
_QUOTES = "\"'` "
_MISSING = frozenset(("", "nan", "-nan", "na", "n/a", "#n/a", "<na>", "null", "none", "nil", "nat", "\\n"))
# A comma before three digits may part thousands, so that is no number.
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?\d*,\d{1,2}"
_COUNTED = {"one": 1.0, "two": 2.0, "three": 3.0, "four": 4.0, "five": 5.0}
_OUT_OF_FIVE = r"\s*(?:/|out of|of|von|sur|de|su|van)\s*5(?:[.,]0*)?"
_UNIT = r"[\s-]*(?:stars?|stern(?:en?)?|etoiles?|estrellas?|estrelas?|stell[ae]|ster(?:ren)?|[★⭐])"
_COUNTED_STARS = re.compile(rf"({_NUMBER}|{'|'.join(_COUNTED)})(?:{_OUT_OF_FIVE}(?:{_UNIT})?|{_UNIT})")
# Half a star is written with the fraction slash after the compatible normal form. Asterisks are how data is masked.
_DRAWN_STARS = re.compile(r"([★⭐🌟]{1,5})(1\u20442)?(☆{0,4})")

_DEGREES = (
    "very|extremely|overwhelmingly|strongly|highly|mostly|somewhat|slightly|weakly|sehr|tres|muy|molto|muito|zeer"
)
# In English, French, German, Italian, Portuguese, Spanish and Dutch.
_SENTIMENT = re.compile(
    rf"(?:(?:{_DEGREES})[\s_-]+)?"
    r"(?:(?P<positive>pos(?:iti(?:v[eoa]?|e?f))?|good)"
    r"|(?P<negative>neg(?:ati(?:v[eoa]?|e?f))?|bad)"
    r"|(?P<neutral>neu(?:tr(?:al|aal|e|o))?|mixed))"
)
_SENTIMENTS: dict[str | None, Meaning] = {
    "positive": Label.POSITIVE,
    "negative": Label.NEGATIVE,
    "neutral": NoLabel.NEUTRAL,
}
_TRUTHS = {"true": Label.POSITIVE, "false": Label.NEGATIVE, "label_1": Label.POSITIVE, "label_0": Label.NEGATIVE}


@lru_cache(maxsize=4096)  # the few values of a column are looked at from many sides
def fold(text: str) -> str:
    """Return `text` as it is compared: its case, accents, width, blanks and marks that nobody sees do not count."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    seen = "".join(letter for letter in letters if unicodedata.category(letter) not in ("Mn", "Cf"))
    return " ".join(seen.split())


def spelled(value: object) -> str:
    """Return any value of a label column as folded text, without quotes around it; empty for a blank one.

    Only its beginning, if it is a review and no label.
    """
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return fold(text.strip()[:_LONGEST]).strip(_QUOTES)


def is_missing(value: object) -> bool:
    """Say whether a value stands for none: null, NaN, blank, or a word that programs write for these."""
    return spelled(value) in _MISSING


def number_of(value: object) -> float | None:
    """Return the number that a value is, however it is spelled ("1", "1.0", "1,0", "1e0", "one"); else None.

    True and False are words here.
    """
    text = spelled(value)
    if text in _COUNTED:
        return _COUNTED[text]
    return float(text.replace(",", ".")) if re.fullmatch(_NUMBER, text) else None


def stars_of(value: object) -> float | None:
    """Return how many of five stars a value says by itself: "4 stars", "4/5", "4.0 out of 5 stars", "★★★★☆"."""
    text = spelled(value)
    if counted := _COUNTED_STARS.fullmatch(text):
        return number_of(counted[1])
    drawn = _DRAWN_STARS.fullmatch(text)
    if drawn is None:
        return None
    full, half, hollow = len(drawn[1]), bool(drawn[2]), len(drawn[3])
    # Hollow ones show of how many.
    return full + half / 2 if not hollow or full + half + hollow == 5 else None


class Scale(Enum):
    """How a column of labels is written."""

    WORDS = "positive/negative"
    BINARY = "1/0"
    STARS = "stars 1-5"

    def __str__(self) -> str:
        return self.value

    def read(self, value: object) -> Meaning:
        """Return what `value` means on this scale. Stars between 2 and 4 are neutral."""
        if is_missing(value):
            return NoLabel.MISSING
        if self is Scale.WORDS:
            sentiment = _SENTIMENT.fullmatch(spelled(value))
            return NoLabel.UNREADABLE if sentiment is None else _SENTIMENTS[sentiment.lastgroup]
        number = number_of(value)
        if self is Scale.BINARY:
            return Label(int(number)) if number in (0, 1) else _TRUTHS.get(spelled(value), NoLabel.UNREADABLE)
        stars = stars_of(value) if number is None else number
        if stars is None or not 1 <= stars <= 5:
            return NoLabel.UNREADABLE
        return NoLabel.NEUTRAL if 2 < stars < 4 else Label(int(stars >= 4))
