"""Which side a review stands on: to learn from, to choose by, or to measure with."""

import re
from enum import StrEnum
from hashlib import blake2b

from sentiment_core.text import clean

_WORD = re.compile(r"[^\W_]+")
_TEST_SHARE = 0.1
_HELD_OUT_SHARE = 0.2


class Side(StrEnum):
    """Nothing is learnt from VALIDATION and TEST by any command, and nothing chosen by TEST."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


def side_of(text: str) -> Side:
    """Return the side of a review: one in ten to measure with, one in ten to choose by, eight to learn from.

    Decided by a hash of the cleaned text alone: a repeated review never stands on two sides, whatever
    the file, the order or the run.
    """
    if is_validation(text, _TEST_SHARE):
        return Side.TEST
    return Side.VALIDATION if is_validation(text) else Side.TRAINING


def is_validation(text: str, share: float = _HELD_OUT_SHARE) -> bool:
    """Say whether a review is held out of training, on the validation or the test side."""
    digest = blake2b(clean(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


def letters(text: str) -> str:
    """Return what counts when two texts are compared: lower-case letters and digits; all of it where it has none."""
    return "".join(_WORD.findall(text.lower())) or text
