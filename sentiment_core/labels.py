"""Labels, their one order, and what users write for them."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum

from sentiment_core.errors import TableError


class Label(IntEnum):
    """Sentiment of a review. The value is the column of the logits."""

    NEGATIVE = 0
    POSITIVE = 1


ID2LABEL = {int(label): label.name for label in Label}
LABEL2ID = {label.name: int(label) for label in Label}

_WORDS = {label.name.lower(): label for label in Label}


class Scale(Enum):
    """How a column of labels is written."""

    WORDS = "positive/negative"
    BINARY = "1/0"
    STARS = "stars 1-5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """The labels of a batch, None where a row has none, and why some have none."""

    labels: Sequence[int | None]
    neutral: int = 0
    unreadable: int = 0


class Unreadable(TableError):
    """A value that is no label."""


def scale_of(values: Collection[object]) -> Scale:
    """Tell the scale of a column from its distinct values: words if there is one, stars if a number is above 1.

    A column of only "1" does not tell and is read as positive labels.
    """
    if any(str(value).strip().lower() in _WORDS for value in values):
        return Scale.WORDS
    return Scale.STARS if any((_number(value) or 0.0) > 1 for value in values) else Scale.BINARY


def parse(value: object, scale: Scale) -> Label | None:
    """Read one label. None for null, for blank, and for stars between 2 and 4, which say neither.

    Raises Unreadable for anything that is no label of this scale.
    """
    text = "" if value is None else str(value).strip().lower()
    number = _number(value)
    if not text:
        return None
    if scale is Scale.WORDS and text in _WORDS:
        return _WORDS[text]
    if scale is Scale.BINARY and number in (0, 1):
        return Label(int(number))
    if scale is Scale.STARS and number is not None and 1 <= number <= 5:
        return None if 2 < number < 4 else Label(int(number >= 4))
    raise Unreadable(f"{value!r} is no label of the scale {scale.value}")


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return float(value)
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return number if math.isfinite(number) else None
