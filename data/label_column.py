"""How a label column is read: on the scale that its values and its name tell, or as the user says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sentiment_core.labels import Label, Meaning, NoLabel, Scale, Truth, fold, is_missing, number_of
from sentiment_core.naming import Naming
from sentiment_core.scales import Counts, Says, count, nearest, says

_NAME_THEM = "say which are which with --positive and --negative"
_SHOWN = 12
_SHOWN_LETTERS = 30
# Words that are no labels are mistakes up to this share. Beyond it, and for numbers, the column is of another scale.
_NEAR = 0.1
# The scales on which a 1 means opposite things, and what it means there.
_ONE = {Scale.BINARY: Says.POSITIVE, Scale.STARS: Says.ONE_STAR}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReading:
    """How one file's labels are read, and how many rows mean what; or, in `why_not`, why they are not evaluated.

    `scale` beside a `why_not` is the one that the column nearly is.
    """

    column: str | None = None
    scale: Scale | Naming | None = None
    meanings: Mapping[Meaning, int] = field(default_factory=dict)
    why_not: str = ""

    def __str__(self) -> str:
        if self.why_not:
            return self.why_not
        rows = sum(self.meanings.values()) - self.rows(NoLabel.MISSING)
        left_out = f"{self.rows(NoLabel.NEUTRAL):,} neutral, {self.rows(NoLabel.UNREADABLE):,} unreadable"
        return f"label {self.column!r} ({self.scale}): {rows:,} rows, {left_out}"

    def rows(self, meaning: Meaning) -> int:
        """Return how many rows of the file mean this."""
        return self.meanings.get(meaning, 0)

    def to_json(self) -> dict[str, Any]:
        """Return what a summary says of the labels: column, scale, why not evaluated (or null), rows by meaning."""
        return {
            "column": self.column,
            "scale": None if self.scale is None else str(self.scale),
            "why_not": self.why_not or None,
            **{label.name.lower(): self.rows(label) for label in Label},
            **{reason.value: self.rows(reason) for reason in NoLabel},
        }

    def apply(self, values: Sequence[object]) -> Truth:
        """Read the labels of a batch: none where the column is not evaluated."""
        if self.why_not or self.scale is None:
            return Truth(labels=[None] * len(values))
        meant = {value: self.scale.read(value) for value in set(values)}
        meanings = [meant[value] for value in values]
        return Truth(
            labels=[meaning if isinstance(meaning, Label) else None for meaning in meanings],
            neutral=meanings.count(NoLabel.NEUTRAL),
            unreadable=meanings.count(NoLabel.UNREADABLE),
        )


class LabelReader:
    """Reads the label columns of a run, so that a value never means two things in columns of one name.

    Only 1 can: the best of two, and the worst of five. The first file of which the scale is told decides; what a later
    one leaves open is read alike, and one that contradicts is not evaluated.
    """

    def __init__(self, naming: Naming | None = None) -> None:
        self._naming = naming
        self._known: dict[str, tuple[Scale, str]] = {}

    def expect(self, column: str, counts: Counts, place: str) -> None:
        """Note on which scale columns of this name are written, if these counts tell: one file's, or several added.

        `place` says where the counts are from, in messages about later files.
        """
        scale, sure = nearest(counts, says(column))
        if sure and scale in _ONE:
            self._known.setdefault(fold(column), (scale, place))

    def recall(self, labels: Mapping[str, Any], place: str) -> None:
        """Note how an earlier run read the column of the file `place`, by its summary's `LabelReading.to_json`."""
        for scale in _ONE:
            if labels["scale"] == str(scale) and not labels["why_not"]:
                self._known.setdefault(fold(labels["column"]), (scale, place))

    def read(self, column: str, counts: Counts | None, place: str) -> LabelReading:
        """Return how the column of the file `place` is read, by how often each value stands in it.

        `counts` None is a column whose values are nested, or more than labels have.
        """
        if counts is None:
            why = "wanted labels, found nested values, or more distinct ones than labels have"
            return LabelReading(column=column, why_not=f"column {column!r}: {why}; name another with --label-column")
        labelled = {value: rows for value, rows in counts.items() if not is_missing(value) or self._names(value)}
        scale, why_not = (self._naming, "") if self._naming else self._told(column, labelled, place)
        total = sum(labelled.values())
        meanings: dict[Meaning, int] = count(labelled, scale) if scale else {NoLabel.UNREADABLE: total}
        if not why_not and not any(label in meanings for label in Label):
            remedy = _NAME_THEM if self._naming is None else "--positive and --negative name none of these"
            why_not = f"wanted labels, found {_listed(labelled)}; {remedy}" if labelled else "holds no labels"
        return LabelReading(
            column=column,
            scale=scale,
            meanings={**meanings, NoLabel.MISSING: sum(counts.values()) - total},
            why_not=why_not and f"column {column!r}: {why_not}",
        )

    def _names(self, value: object) -> bool:
        return self._naming is not None and isinstance(self._naming.read(value), Label)

    def _told(self, column: str, labelled: Counts, place: str) -> tuple[Scale | None, str]:
        """Return the scale of a column, and why it is not read on it; no scale where it is far from any."""
        self.expect(column, labelled, place)
        known, where = self._known.get(fold(column), (None, place))
        scale, sure = nearest(labelled, says(column) if known is None else _ONE[known])
        if scale is None:
            return None, ""
        elsewhere = "" if where == place else f" (in {where} it is {known})"
        if sure and scale in _ONE and scale is not known:
            return scale, f"is {scale}{elsewhere}, but a run reads a column one way; {_NAME_THEM}"
        if sure:
            return scale, ""
        others = {value: rows for value, rows in labelled.items() if scale.read(value) is NoLabel.UNREADABLE}
        slips = all(number_of(value) is None for value in others)
        if slips and sum(others.values()) <= _NEAR * sum(labelled.values()):
            return scale, f"wanted {scale}, found {_listed(others)}{elsewhere}; mend them, or {_NAME_THEM}"
        return None, f"wanted 1/0, positive/negative or stars 1-5, found {_listed(labelled)}{elsewhere}; {_NAME_THEM}"


def _listed(counts: Counts) -> str:
    """Return the most frequent values, with their rows."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    shown = [f"{_shown(value)} ({rows:,} rows)" for value, rows in ranked[:_SHOWN]]
    return ", ".join([*shown, *([f"{len(ranked) - _SHOWN:,} more"] if len(ranked) > _SHOWN else [])])


def _shown(value: object) -> str:
    text = str(value)
    return text if number_of(value) is not None else repr(text[:_SHOWN_LETTERS] + "..." * (len(text) > _SHOWN_LETTERS))
