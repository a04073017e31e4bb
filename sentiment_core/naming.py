"""Which values of a column are which label, in the user's own words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sentiment_core.errors import ConfigError
from sentiment_core.labels import Label, Meaning, NoLabel, fold, is_missing, number_of, spelled

_SCALED = re.compile(r"([-+]?\d+(?:[.,]\d+)?) ?(?:%|/ ?\d+|out of \d+|stars?|points?|\*)")


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g}..{self.high:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """The values of one label: ranges of numbers, and folded texts."""

    ranges: tuple[Range, ...]
    texts: tuple[str, ...]

    @classmethod
    def parse(cls, given: Sequence[str], option: str) -> "Named":
        """Read lists such as `4,5`, `7..10`, `good,very good`. Raises ConfigError."""
        ranges, texts = set(), set()
        for item in (item.strip() for text in given for item in text.split(",")):
            if not item:
                raise ConfigError(f"{option}: wanted values or ranges such as 4,5 or 7..10, found an empty one")
            found = _range(item)
            if found is None:
                texts.add(spelled(item))
            elif found.low > found.high:
                raise ConfigError(f"{option}: wanted a range from low to high, got {item!r}")
            else:
                ranges.add(found)
        return cls(ranges=tuple(sorted(ranges)), texts=tuple(sorted(texts)))

    def __contains__(self, value: object) -> bool:
        number = _measure(value)
        return spelled(value) in self.texts or (
            number is not None and any(each.low <= number <= each.high for each in self.ranges)
        )

    def __str__(self) -> str:
        return ",".join([*map(str, self.ranges), *self.texts])


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """Which values are positive and which negative. What is named by neither is left out.

    As neutral, unless numbers alone are named: then what is no number, or beyond all of them, is unreadable.
    """

    positive: Named
    negative: Named

    def __post_init__(self) -> None:
        texts = set(self.positive.texts) & set(self.negative.texts)
        numbers = {
            Range(max(mine.low, other.low), min(mine.high, other.high))
            for mine in self.positive.ranges
            for other in self.negative.ranges
            if max(mine.low, other.low) <= min(mine.high, other.high)
        }
        if texts or numbers:
            both = ", ".join([*map(str, sorted(numbers)), *sorted(texts)])
            raise ConfigError(f"--positive and --negative: wanted values that are one of the two, got {both} for both")

    @classmethod
    def parse(cls, positive: Sequence[str], negative: Sequence[str]) -> "Naming | None":
        """Read what --positive and --negative were given, each any number of times; None if neither was.

        Raises ConfigError for one without the other, for an empty value and for a value of both.
        """
        if not positive and not negative:
            return None
        if not positive or not negative:
            given, missing = ("--positive", "--negative") if positive else ("--negative", "--positive")
            raise ConfigError(f"{given}: wanted {missing} too, so that both labels are told")
        return cls(positive=Named.parse(positive, "--positive"), negative=Named.parse(negative, "--negative"))

    def __str__(self) -> str:
        return f"positive {self.positive}, negative {self.negative}"

    def read(self, value: object) -> Meaning:
        """Return what `value` means."""
        if value in self.positive:
            return Label.POSITIVE
        if value in self.negative:
            return Label.NEGATIVE
        if is_missing(value):
            return NoLabel.MISSING
        return NoLabel.NEUTRAL if self._between(value) else NoLabel.UNREADABLE

    def _between(self, value: object) -> bool:
        """Say whether a value that was not named is one of the scale's: where numbers are named, one between them."""
        if self.positive.texts or self.negative.texts:
            return True
        ranges = (*self.positive.ranges, *self.negative.ranges)
        number = _measure(value)
        return number is not None and min(each.low for each in ranges) <= number <= max(each.high for each in ranges)


def _measure(value: object) -> float | None:
    """Return the number of a value, also where its scale is told behind it: 95%, 8/10, 8 stars, 8 out of 10."""
    found = _SCALED.fullmatch(spelled(value))
    return number_of(found[1]) if found else number_of(value)


def _range(text: str) -> Range | None:
    low, dots, high = fold(text).partition("..")
    ends = number_of(low), number_of(high if dots else low)
    return None if ends[0] is None or ends[1] is None else Range(ends[0], ends[1])
