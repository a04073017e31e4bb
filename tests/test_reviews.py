"""Labelled reviews for training, read from files."""

from itertools import product
from pathlib import Path

import pytest

from data.files import open_table
from data.reviews import read_reviews
from data.table import Limits, Read
from sentiment_core.labels import Label


# After an LF alone in the header a CR is text, so the header of the first has CRLF.
@pytest.mark.parametrize(("first", "other"), [("\r\n", "\n"), ("\r", "\r")], ids=repr)
@pytest.mark.parametrize("mixed", list(product([True, False], repeat=3)), ids=repr)
@pytest.mark.parametrize("more", ["", ",n"])
def test_line_ends_may_differ_from_line_to_line(
    tmp_path: Path, first: str, other: str, mixed: tuple[bool, ...], more: str
) -> None:
    rows = [f"line {row}{more}" + ("\r\n" if crlf else other) for row, crlf in enumerate(mixed)]
    (tmp_path / "x.csv").write_bytes("".join([f"text{more}{first}", *rows]).encode())
    (batch,) = open_table(tmp_path / "x.csv").batches(Read(text="text"), Limits())
    assert list(batch.texts) == ["line 0", "line 1", "line 2"]


def csv(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "reviews.csv"
    path.write_text(content, encoding="utf-8")
    return path


def test_training_reviews_are_distinct_clean_and_counted(tmp_path: Path) -> None:
    path = csv(tmp_path, "review,stars\nGood.<br />,5\nGood.,4\nodd,1\nodd,5\nso so,3\n,5\nbad,1\nbad,\n")
    reviews = read_reviews([path], None, None)
    assert list(zip(reviews.texts, reviews.labels, strict=True)) == [
        ("Good.", Label.POSITIVE),
        ("bad", Label.NEGATIVE),
    ]
    assert reviews.notes == [
        "reviews.csv: text 'review', label 'stars' (stars 1-5): 8 rows, 3 new reviews; "
        "left out: 1 neutral, 1 without text",
        "left out: 1 reviews that carry both labels",
    ]
