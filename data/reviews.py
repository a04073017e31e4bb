"""Labelled reviews for training, held in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from data.records import Rejected
from data.schema import find_text, require_label
from data.tables import Table, scan
from sentiment_core.errors import TableError
from sentiment_core.labels import Label, Scale, Truth, Unreadable, parse, scale_of
from sentiment_core.text import clean

# Travels with a checkpoint, so that export checks parity and int8 on real texts.
VALIDATION = "validation.parquet"
# More distinct values than this are no labels; stars in tenths have 41.
_MOST_DISTINCT = 1000
_ROWS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelReading:
    """How a label column is read: each distinct value that is a label, the neutral stars, and the rest."""

    column: str
    scale: Scale
    labels: dict[object, Label]
    neutral: frozenset[object]
    unreadable: frozenset[object]

    @classmethod
    def of(cls, table: Table, column: str) -> "LabelReading":
        """Read the distinct values of `column`. Raises TableError where there are too many to be labels."""
        values = table.distinct(column, _MOST_DISTINCT + 1)
        if len(values) > _MOST_DISTINCT:
            raise TableError(
                f"{table.path}: column {column!r}: wanted labels, found more than {_MOST_DISTINCT:,} distinct values; "
                "name another with --label-column"
            )
        scale = scale_of(values)
        labels: dict[object, Label] = {}
        neutral: set[object] = set()
        unreadable: set[object] = set()
        for value in values:
            try:
                label = parse(value, scale)
            except Unreadable:
                unreadable.add(value)
                continue
            if label is not None:
                labels[value] = label
            elif value is not None and str(value).strip():
                neutral.add(value)
        return cls(
            column=column,
            scale=scale,
            labels=labels,
            neutral=frozenset(neutral),
            unreadable=frozenset(unreadable),
        )

    def apply(self, frame: pl.DataFrame) -> Truth:
        """Read the labels of a batch."""
        values = frame[self.column].to_list()
        return Truth(
            labels=[self.labels.get(value) for value in values],
            neutral=sum(value in self.neutral for value in values),
            unreadable=sum(value in self.unreadable for value in values),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviews:
    """Distinct labelled reviews, cleaned. `notes` say what was found and what was left out.

    `files` numbers the file that each stands in, the first one if it stands in several.
    """

    texts: list[str]
    labels: list[Label]
    files: list[int]
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, keep: Sequence[bool]) -> "Reviews":
        """Return the reviews that `keep` marks, without the notes."""
        return self.take([row for row, kept in enumerate(keep) if kept])

    def take(self, rows: Sequence[int]) -> "Reviews":
        """Return these reviews in this order, without the notes."""
        return Reviews(
            texts=[self.texts[row] for row in rows],
            labels=[self.labels[row] for row in rows],
            files=[self.files[row] for row in rows],
        )


def read_reviews(paths: Sequence[Path], text_column: str | None, label_column: str | None) -> Reviews:
    """Read labelled reviews from files; a review that stands twice is kept once, and not at all under both labels.

    Raises TableError for a missing column, or with the first rows whose label cannot be read.
    """
    found: dict[str, tuple[Label, int]] = {}
    contradicted: set[str] = set()
    notes = []
    for number, path in enumerate(paths):
        table = scan(path)
        text = find_text(table.columns, text_column, str(path))
        how = LabelReading.of(table, require_label(table.columns, label_column, str(path)))
        rejected: list[Rejected] = []
        frame = pl.concat(
            batch.select(pl.col(text).cast(pl.String).alias("text"), pl.col(how.column))
            for batch in table.batches(on_rejected=rejected.append)
        )
        if how.unreadable:
            raise TableError(_first_unreadable(table, frame, how))
        before = len(found)
        missing = 0
        truth = how.apply(frame)
        for value, label in zip(frame["text"].to_list(), truth.labels, strict=True):
            cleaned = clean(value or "")
            if cleaned and label is not None:
                if found.setdefault(cleaned, (Label(label), number))[0] != label:
                    contradicted.add(cleaned)
            elif not cleaned:
                missing += 1
        notes.append(
            f"{path.name}: text {text!r}, label {how.column!r} ({how.scale.value}): {len(frame):,} rows, "
            f"{len(found) - before:,} new reviews; "
            f"left out: {truth.neutral:,} neutral, {missing:,} without text"
            + (
                f", {len(rejected):,} broken lines (first: line {rejected[0].line}, {rejected[0].reason})"
                if rejected
                else ""
            )
        )
    if contradicted:
        notes.append(f"left out: {len(contradicted):,} reviews that carry both labels")
    kept = {text: of for text, of in found.items() if text not in contradicted}
    return Reviews(
        texts=list(kept),
        labels=[label for label, _ in kept.values()],
        files=[number for _, number in kept.values()],
        notes=notes,
    )


def _first_unreadable(table: Table, frame: pl.DataFrame, how: LabelReading) -> str:
    values = enumerate(frame[how.column].to_list(), start=1)
    rows = [f"row {row}: {value!r}" for row, value in values if value in how.unreadable]
    return (
        f"{table.path}: column {how.column!r}: wanted 1/0, positive/negative or stars 1-5, "
        f"found {len(rows):,} others ({'; '.join(rows[:_ROWS_SHOWN])}); mend them or choose another --label-column"
    )


def read_texts(paths: Sequence[Path], text_column: str | None) -> Iterator[str]:
    """Yield every text of the files, nulls left out."""
    for path in paths:
        table = scan(path)
        column = find_text(table.columns, text_column, str(path))
        for batch in table.batches(on_rejected=lambda rejected: None):
            yield from batch[column].cast(pl.String).drop_nulls()


def write_reviews(reviews: Reviews, path: Path) -> None:
    """Write reviews as Parquet with the columns text and label."""
    schema = {"text": pl.String, "label": pl.Int8}
    pl.DataFrame({"text": reviews.texts, "label": list(map(int, reviews.labels))}, schema=schema).write_parquet(path)
