"""The sides of every set: what is learnt, what is chosen on, what is measured."""

import bz2
import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from data.outputs import whole_file, write_json
from data.recipe.near_duplicates import Mask, inside, longest, overlapping, same
from data.splits import is_validation, letters
from sentiment_core.text import clean

# An official split of the set's own: the value of its column `split` that is the test.
_OFFICIAL_TEST = {"imdb": "test", "sst2": "validation"}
# Rows are phrases cut out of each other's sentences.
_OF_PHRASES = frozenset({"sst2"})
_VALIDATION_SHARE = 0.1
_SALT = b"validation"

HELD_OUT, SIDES = "held-out", "sides.json"


@dataclass(slots=True)
class Rows:
    """Reviews of several sets: cleaned text, label, name of the set."""

    texts: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sets: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, keep: Sequence[bool] | Mask) -> "Rows":
        """Return the rows that `keep` marks."""
        rows = np.flatnonzero(np.asarray(keep, dtype=bool)).tolist()
        return Rows([self.texts[row] for row in rows], [self.labels[row] for row in rows], [self.sets[r] for r in rows])

    def digest(self) -> str:
        """Return the SHA-256 of these rows, whatever their order."""
        lines = sorted(f"{label} {text}" for text, label in zip(self.texts, self.labels, strict=True))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def write_sides(reviews: Path, work: Path, say: Callable[[str], None] = lambda line: None) -> None:
    """Split the sets of `reviews` (one Parquet file each: text, label, perhaps split) three ways into `work`.

    Test: the official one of IMDB and SST-2, of every other set the fifth that `is_validation` names; written as they
    stand, for `sentiment score`. Validation: a tenth of the rest, by another hash. Training: what is left, without
    whatever nearly repeats a text of the other two sides, of any set. No text of the test side is on the validation
    side either. `sides.json` says how many rows were left out and why, with digests.
    """
    (work / HELD_OUT).mkdir(parents=True, exist_ok=True)
    test, rest = Rows(), Rows()
    for path in sorted(reviews.glob("*.parquet")):
        frame, name = pl.read_parquet(path), path.stem
        held = _is_test(name, frame)
        frame.filter(pl.Series(held)).select("text", "label").write_parquet(work / HELD_OUT / f"{name}.parquet")
        for text, label, here in zip(frame["text"], frame["label"], held, strict=True):
            side = test if here else rest
            side.texts.append(clean(text or ""))
            side.labels.append(int(label))
            side.sets.append(name)
    report: dict[str, dict[str, Any]] = {name: {"left_out": {}} for name in dict.fromkeys([*test.sets, *rest.sets])}

    def left(rows: Rows, leave: Mask, reason: str) -> Rows:
        for name in np.array(rows.sets)[leave].tolist():
            report[name]["left_out"][reason] = report[name]["left_out"].get(reason, 0) + 1
        say(f"left out, {reason}: {int(leave.sum()):,}")
        return rows.where(~leave)

    rest = left(rest, _repeated(rest), "repeated, or under both labels")
    rest = _without(rest, test, "test", left)
    chosen = _is_validation(rest)
    validation, training = rest.where(chosen), rest.where(~chosen)
    training = _without(training, validation, "validation", left)
    sides = {"test": test, "validation": validation, "training": training}
    for of, rows in sides.items():
        for name, found in report.items():
            found[of] = rows.sets.count(name)
        _write(rows, work / f"{of}.jsonl.bz2")
    write_json(work / SIDES, {"sets": report, "sha256": {of: rows.digest() for of, rows in sides.items()}})


def _is_test(name: str, frame: pl.DataFrame) -> list[bool]:
    if name in _OFFICIAL_TEST:
        return (frame["split"] == _OFFICIAL_TEST[name]).to_list()
    return [is_validation(text or "") for text in frame["text"]]


def _repeated(rows: Rows) -> Mask:
    """Mark empty texts, those that came before, and those that carry both labels."""
    labels: dict[str, set[int]] = {}
    for text, label in zip(rows.texts, rows.labels, strict=True):
        labels.setdefault(text, set()).add(label)
    first = {text: row for row, text in reversed(list(enumerate(rows.texts)))}
    return np.array(
        [not text or len(labels[text]) > 1 or first[text] != row for row, text in enumerate(rows.texts)], dtype=bool
    )


def _is_validation(rows: Rows) -> Mask:
    """Mark the validation side of what is no test.

    By a hash of the letters, so that copies stand together; of a set of phrases only whole sentences are drawn.
    """

    def drawn(text: str) -> bool:
        digest = blake2b(letters(text).encode(), digest_size=8, salt=_SALT).digest()
        return int.from_bytes(digest, "big") < _VALIDATION_SHARE * 2**64

    chosen = np.array([drawn(text) for text in rows.texts], dtype=bool)
    for name in _OF_PHRASES & set(rows.sets):
        here = np.flatnonzero(np.array(rows.sets) == name)
        chosen[here] &= longest([rows.texts[row] for row in here])
    return chosen


def _without(rows: Rows, held: Rows, side: str, left: Callable[[Rows, Mask, str], Rows]) -> Rows:
    """Leave out of `rows` what nearly repeats a text of `held`."""
    rows = left(rows, same(rows.texts, held.texts), f"same letters as a {side} text")
    rows = left(rows, overlapping(rows.texts, held.texts), f"nearly a {side} text")
    for name in _OF_PHRASES & set(rows.sets):
        here = np.array(rows.sets) == name
        sentences = [text for text, of in zip(held.texts, held.sets, strict=True) if of == name]
        leave = np.zeros(len(rows), dtype=bool)
        leave[here] = inside(rows.where(here).texts, sentences)
        rows = left(rows, leave, f"part of a {side} sentence, or holds one")
    return rows


def _write(rows: Rows, path: Path) -> None:
    """Write as JSON Lines, compressed: what learns has no need of tables."""
    with whole_file(path) as part, bz2.open(part, "wt", encoding="utf-8") as file:
        file.writelines(_lines(rows))


def _lines(rows: Rows) -> Iterator[str]:
    for text, label, name in zip(rows.texts, rows.labels, rows.sets, strict=True):
        yield json.dumps({"text": text, "label": label, "set": name}, ensure_ascii=False) + "\n"
