"""Laws of labels: a scale is taken only where rows and name agree on it, and no label is ever turned round."""

import random
import time
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.label_column import LabelReader, LabelReading
from data.reviews import read_reviews
from sentiment_core.errors import ConfigError, TableError
from sentiment_core.labels import Label, NoLabel, Scale, Truth
from sentiment_core.naming import Naming

NEGATIVE, POSITIVE, NEUTRAL = Label.NEGATIVE, Label.POSITIVE, NoLabel.NEUTRAL
UNREADABLE, MISSING = NoLabel.UNREADABLE, NoLabel.MISSING
STARS = {1: NEGATIVE, 2: NEGATIVE, 3: NEUTRAL, 4: POSITIVE, 5: POSITIVE}


def reading(column: str, *values: object, reader: LabelReader | None = None) -> LabelReading:
    return (reader or LabelReader()).read(column, Counter(values), "a.csv")


@pytest.mark.parametrize(
    ("scale", "meaning", "values"),
    [
        (Scale.WORDS, POSITIVE, ["positive", " POSITIVE ", "pos", "very positive", "mostly_positive", "good"]),
        (Scale.WORDS, POSITIVE, ["positif", "Positiv", "positivo", "très positif"]),
        (Scale.WORDS, NEGATIVE, ["negative", '"neg"', "Very Negative", "somewhat-negative", "BAD"]),
        (Scale.WORDS, NEGATIVE, ["négatif", "NEGATIV", "negativo", "\u200bneg"]),
        (Scale.WORDS, NEUTRAL, ["neutral", "Mixed", "neu", "neutre"]),
        (Scale.WORDS, UNREADABLE, ["not positive", "non-negative", "irrelevant", "1", 1, "true", "po", "positively"]),
        (Scale.BINARY, POSITIVE, [1, 1.0, True, "1", "1.0", "1,0", "1e0", "+1", "TRUE", "LABEL_1"]),
        (Scale.BINARY, POSITIVE, [Decimal("1.0"), b"1", "\uff11"]),
        (Scale.BINARY, NEGATIVE, [0, 0.0, False, "0", "0.0", "0e0", "-0", "False", "label_0", np.int8(0)]),
        (Scale.BINARY, UNREADABLE, [2, -1, 0.5, "1 star", "1/5", "LABEL_2", "yes", float("inf"), "1_0", "positive"]),
        (Scale.STARS, POSITIVE, [4, 5, "5.0", "4,5", "5e0", "5 stars", "4/5", "5-star", "Four", b"5"]),
        (Scale.STARS, POSITIVE, ["4.0 out of 5 stars", "4,0 von 5 Sternen", "4 sur 5", "5 étoiles", "4 / 5"]),
        (Scale.STARS, POSITIVE, ["★★★★☆", "★★★★", "\u2b50\ufe0f" * 5]),
        (Scale.STARS, NEGATIVE, [1, 2, "1 star", "2.0 stars", "1/5", "one star", "2 estrellas"]),
        (Scale.STARS, NEGATIVE, ["★", "★☆☆☆☆", "★½☆☆☆"]),
        (Scale.STARS, NEUTRAL, [3, 2.5, "3,5", "3 stars", "★★★☆☆", "★★★½"]),
        (Scale.STARS, UNREADABLE, [0, 0.5, 6, True, "10", "8/10", "5,000", "nan5", "80%"]),
        (Scale.STARS, UNREADABLE, ["*****", "★★☆", "☆☆☆☆☆", "★★★★★★"]),
        (Scale.STARS, MISSING, [r"\N", "#N/A", "''", "nan "]),
        *[(scale, MISSING, [None, "", "  ", "NaN", float("nan"), "NA", "null", "None", "<NA>"]) for scale in Scale],
    ],
)  # fmt: skip
def test_a_value_means_one_thing_on_a_scale(scale: Scale, meaning: Label | NoLabel, values: list[object]) -> None:
    assert [scale.read(value) for value in values] == [meaning] * len(values)


@pytest.mark.parametrize(
    ("columns", "values", "scale"),
    [
        # What one value alone means, only the name tells.
        (["label", "Sentiment", "is_positive", "isPositive", "polarity"], [1], Scale.BINARY),
        (["stars", "Rating", "star_rating", "reviews.rating", "score", "overall"], [1], Scale.STARS),
        (["starRating", "Étoiles", "Bewertung", "avaliação"], [1], Scale.STARS),
        (["x", "sentiment_score", "class", "note"], [1], None),
        (["x", "label"], [5], None),
        (["label"], [0], Scale.BINARY),
        (["x"], [0], None),
        # Two and more tell by themselves, unless the name contradicts.
        (["label", "x", "sentiment_score"], [0, 1], Scale.BINARY),
        (["label", "x"], [True, False], Scale.BINARY),
        (["label", "x"], ["LABEL_0", "LABEL_1"], Scale.BINARY),
        (["stars", "rating", "negative", "is_negative", "not_positive", "toxic"], [0, 1], None),
        (["stars", "negative", "x"], [True], None),
        (["label", "x", "stars"], [1, 2, 3, 4, 5], Scale.STARS),
        (["label", "x", "stars"], [1, 5], Scale.STARS),
        (["label", "x", "stars"], [1, 1.5, 2, 4.5, 5], Scale.STARS),
        (["label", "x", "stars"], ["1 star", "2 stars"], Scale.STARS),
        (["label", "x", "stars", "negative"], ["pos", "neg", "mixed"], Scale.WORDS),
        (["negative", "is_bad"], [1, 2, 3, 4, 5], None),
        (["stars"], [1, 2], Scale.STARS),
        (["stars"], [3], None),
        # Scales that are not told apart by anything.
        (["label", "x"], [1, 2], None),
        (["label", "x"], [1, 2, 3], None),
        (["label", "x"], [1, 2, 3, 4], None),
        (["label", "x", "stars"], [0, 1, 2], None),
        (["label", "x", "stars"], [-1, 1], None),
        (["label", "x", "stars"], [-1, 0, 1], None),
        (["label", "x", "stars"], [0, 4], None),
        (["label", "x", "stars"], [half / 2 for half in range(1, 11)], None),
        (["label", "x", "stars"], [0, 1, 2, 3, 4, 5], None),
        (["label", "x", "stars"], range(1, 11), None),
        (["label", "x", "stars"], range(0, 101, 10), None),
        (["label", "x", "stars"], [0.02, 0.5, 0.98], None),
        (["label", "x", "stars"], [1, 5, 10], None),
        (["label", "x"], ["yes", "no"], None),
        (["label", "x"], ["pos", "neg", 1, 0], None),
        (["label", "x"], ["great product", "came late"], None),
        (["label", "x", "stars"], ["neutral"], None),
        (["label", "x", "stars"], [None, "", "nan"], None),
        (["label", "x", "stars"], [], None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("spelled", [lambda value: value, str, lambda value: f' "{value}" '])
def test_a_scale_is_told_from_values_and_name(
    columns: list[str], values: list[object], scale: Scale | None, spelled: Callable[[object], object]
) -> None:
    for column in columns:
        found = reading(column, *map(spelled, values))
        assert (found.scale if not found.why_not else None) == scale, column
        if scale is None:
            assert found.apply(values).labels == [None] * len(values)


@pytest.mark.parametrize("column", ["label", "x", "stars"])
def test_the_reason_lists_the_values_and_names_the_options(column: str) -> None:
    found = reading(column, *range(3), *range(2), 0)
    assert str(found) == found.why_not == found.to_json()["why_not"]
    assert found.why_not == (
        f"column {column!r}: wanted 1/0, positive/negative or stars 1-5, "
        "found 0 (3 rows), 1 (2 rows), 2 (1 rows); say which are which with --positive and --negative"
    )
    many = reading(column, *(f"review {number} of a column of texts, no label" for number in range(100)))
    assert len(many.why_not) < 1000
    assert "88 more" in many.why_not


@pytest.mark.parametrize(
    ("values", "wanted", "shown"),
    [
        # A few words that are no labels are slips; a number among numbers is another scale.
        ([0, 1] * 10 + ["x"], "wanted 1/0, found 'x' (1 rows); mend them", {}),
        ([half / 2 for half in range(1, 11)], "wanted 1/0, positive/negative or stars 1-5, found", {"0.5", "5.0"}),
        (["came late", "like it", "broke"], "wanted 1/0, positive/negative or stars 1-5, found", {"late", "like"}),
        ([0, 1, "x"], "wanted 1/0, positive/negative or stars 1-5, found", {"0 (", "1 (", "'x' ("}),
    ],
)
def test_slips_are_told_from_other_scales(values: list[object], wanted: str, shown: set[str]) -> None:
    found = reading("label", *values)
    assert wanted in found.why_not
    assert all(value in found.why_not for value in shown)
    assert found.apply(values) == Truth(labels=[None] * len(values))


def test_a_column_of_long_texts_is_told_fast() -> None:
    start = time.process_time()
    assert reading("label", *(f"{number} " + "wörd " * 10_000 for number in range(1000))).why_not
    assert time.process_time() - start < 3


def test_a_column_without_counts_is_not_evaluated() -> None:
    assert "nested values, or more distinct ones" in LabelReader().read("label", None, "a.csv").why_not


def test_a_reading_says_itself() -> None:
    found = reading("stars", 5, 4, 3, 1, None)
    assert str(found) == "label 'stars' (stars 1-5): 4 rows, 1 neutral, 0 unreadable"
    assert found.to_json() == {
        "column": "stars",
        "scale": "stars 1-5",
        "why_not": None,
        "negative": 1,
        "positive": 2,
        "neutral": 1,
        "unreadable": 0,
        "missing": 1,
    }


@given(rows=st.lists(st.sampled_from([5, "4.0", 3, 1, None, "", 2.5]), max_size=30))
def test_the_rows_of_a_file_and_of_its_batches_are_the_same(rows: list[object]) -> None:
    rows = [*rows, *[5, 1] * 50, "x"]
    found = reading("stars", *rows)
    truth = found.apply(rows)
    assert (truth.neutral, truth.unreadable) == (found.rows(NEUTRAL), found.rows(UNREADABLE))
    assert [truth.labels.count(label) for label in Label] == [found.rows(label) for label in Label]
    assert sum(found.meanings.values()) == len(rows)


# What each number means where it stands for stars, for 1/0, and how people and programs spell it.
columns = st.sampled_from(
    [
        ("stars", STARS),
        ("label", STARS | {6: UNREADABLE}),
        ("label", {0: NEGATIVE, 1: POSITIVE}),
    ]
)
spellings = st.sampled_from(
    [int, float, str, lambda n: f"{n}.0", lambda n: f"{n},0", lambda n: f" {n} ", lambda n: f"{n}e0", Decimal, np.int8]
)


@given(column=columns, rows=st.lists(st.integers(0, 5), min_size=1, max_size=30), spell=spellings, seed=st.randoms())
def test_neither_order_nor_spelling_counts(
    column: tuple[str, dict[int, Label]], rows: list[int], spell: Callable[[int], object], seed: random.Random
) -> None:
    name, _ = column
    plain, other = reading(name, *rows), [spell(row) for row in rows]
    shuffled = list(other)
    seed.shuffle(shuffled)
    again = reading(name, *shuffled)
    assert (again.scale, again.meanings, bool(again.why_not)) == (plain.scale, plain.meanings, bool(plain.why_not))
    assert again.apply(other) == plain.apply(rows)


@given(rows=st.lists(st.sampled_from([True, False]), min_size=1), name=st.sampled_from(["label", "x", "is_positive"]))
def test_booleans_are_ones_and_zeros(rows: list[bool], name: str) -> None:
    as_numbers, as_words = reading(name, *map(int, rows)), reading(name, *map(str, rows))
    assert reading(name, *rows).apply(rows) == as_words.apply(list(map(str, rows)))
    assert reading(name, *rows).apply(rows) == as_numbers.apply(list(map(int, rows)))


@given(column=columns, rows=st.integers(1, 400), strays=st.integers(0, 9), stray=st.sampled_from(["x", "7", -1, "?"]))
def test_a_stray_hundredth_costs_no_scale_and_more_does(
    column: tuple[str, dict[int, Label]], rows: int, strays: int, stray: object
) -> None:
    name, meanings = column
    counts: Counter[object] = Counter(dict.fromkeys(meanings, rows))
    counts.pop(6, None)
    found = LabelReader().read(name, counts | {stray: strays}, "a.csv")
    assert bool(found.why_not) == (strays > 0.01 * (counts.total() + strays))
    assert found.why_not or found.rows(UNREADABLE) == strays
    assert not found.why_not or repr(stray).strip("'") in found.why_not


@given(name=st.sampled_from(["label", "stars", "x"]), counts=st.dictionaries(st.integers(-1, 10), st.integers(1, 300)))
def test_no_label_is_turned_round(name: str, counts: dict[object, int]) -> None:
    found = LabelReader().read(name, counts, "a.csv")
    if found.why_not:
        return
    assert found.rows(UNREADABLE) <= 0.01 * sum(counts.values())
    labels = dict(zip(counts, found.apply(list(counts)).labels, strict=True))
    ordered = [labels[number] for number in sorted(counts) if labels[number] is not None]
    assert ordered == sorted(ordered)
    if 1 in counts:
        # A 1 is the best of 0 and 1, and the worst where there are many above it.
        above = sum(rows for number, rows in counts.items() if number > 1)
        assert labels[1] == (NEGATIVE if name == "stars" or above > 0.01 * sum(counts.values()) else POSITIVE)


@pytest.mark.parametrize("other", ["x", 0, 2, 5])
def test_where_nearly_all_are_1_each_row_must_fit(other: object) -> None:
    scales = {}
    for name in ("label", "stars"):
        found = LabelReader().read(name, {1: 999, other: 1}, "a.csv")
        scales[name] = None if found.why_not else found.scale
    assert scales == {
        "label": Scale.BINARY if other == 0 else None,
        "stars": Scale.STARS if other in (2, 5) else None,
    }


def test_strays_speak_for_no_scale() -> None:
    assert reading("label", *[1] * 500, *[2] * 485, *[5] * 6, *[9] * 9).why_not
    assert reading("x", *[1] * 500, *[2] * 500, "1 star").why_not
    assert reading("x", *[0] * 500, 1).why_not


@pytest.mark.parametrize(
    ("column", "first", "then", "scale"),
    [
        ("label", [1, 2, 3, 4, 5], [1], Scale.STARS),
        ("label", [1, 2, 3, 4, 5], [1, 2], Scale.STARS),
        ("label", [1, 2, 3, 4, 5], [0, 1], None),
        ("label", [0, 1], [1], Scale.BINARY),
        ("label", [1], [1, 2, 3, 4, 5], None),
        ("x", [0, 1], [1], Scale.BINARY),
        ("x", [1, 5], [1], Scale.STARS),
        ("label", [0, 1], ["pos", "neg"], Scale.WORDS),
        ("label", ["pos", "neg"], [0, 1], Scale.BINARY),
        ("label", [1, 2], [0, 1], Scale.BINARY),
    ],
)
def test_a_run_reads_a_column_one_way(
    column: str, first: list[object], then: list[object], scale: Scale | None
) -> None:
    reader = LabelReader()
    before = reader.read(column, Counter(first), "first.csv")
    found = reader.read(f" {column.upper()}", Counter(then), "then.csv")
    assert (None if found.why_not else found.scale) == scale
    if scale is None:
        assert f"(in first.csv it is {before.scale})" in found.why_not
        assert "--positive" in found.why_not
    assert reader.read("another", Counter([1, 5]), "then.csv").scale is Scale.STARS


def test_a_run_reads_on_as_the_one_before() -> None:
    before, nearly = reading("label", 1, 5).to_json(), reading("label", *[0, 1] * 10, "x").to_json()
    reader = LabelReader()
    reader.recall(nearly, "nearly.csv")
    reader.recall(before, "old.csv")
    reader.recall(reading("label", 0, 1).to_json(), "later.csv")
    assert reading("label", 1, reader=reader).scale is Scale.STARS
    assert "(in old.csv it is stars 1-5)" in reading("label", 0, 1, reader=reader).why_not


numbers = st.lists(st.integers(0, 6), min_size=1, max_size=12)


@given(files=st.lists(numbers, max_size=5), column=st.sampled_from(["label", "stars", "x"]))
def test_a_value_never_means_two_things_in_a_run(files: list[list[int]], column: str) -> None:
    reader, meant = LabelReader(), {}
    for place, values in enumerate(files):
        found = reader.read(column, Counter(values), f"{place}.csv")
        for value, label in zip(values, found.apply(values).labels, strict=True):
            if label is not None:
                assert meant.setdefault(value, label) == label


def test_the_user_names_the_labels() -> None:
    naming = Naming.parse(["7..10", " Recommended "], ["-1,0.5", "1..4"])
    assert naming is not None
    assert [naming.read(value) for value in (7, "10.0", "8,5", "recommended", "4", -1, "0.5", 1)] == [1] * 4 + [0] * 4
    assert [naming.read(value) for value in (5, "6", "not recommended", 0, 11, -2)] == [NEUTRAL] * 6
    assert [naming.read(value) for value in (None, float("nan"), " ", "NA")] == [MISSING] * 4
    assert str(naming) == "positive 7..10,recommended, negative -1,0.5,1..4"


def test_beyond_named_numbers_nothing_can_be_read() -> None:
    naming = Naming.parse(["7..10"], ["1..4"])
    assert naming is not None
    assert [naming.read(value) for value in ("8/10", "3 stars", "95%", 5, "oops", 99, -5)] == [
        *(POSITIVE, NEGATIVE, UNREADABLE, NEUTRAL),
        *[UNREADABLE] * 3,
    ]


def test_named_labels_need_no_scale_and_no_name() -> None:
    reader = LabelReader(Naming.parse(["none"], ["1"]))
    found = reading("negative", "1", "None", 2, None, None, reader=reader)
    assert (found.why_not, found.apply(["None", 1, "x"]).labels) == ("", [1, 0, None])
    assert [found.rows(meaning) for meaning in (POSITIVE, NEGATIVE, NEUTRAL, MISSING)] == [3, 1, 1, 0]
    assert (
        "wanted labels, found 3 (1 rows); --positive and --negative name none of these"
        in reading("negative", 3, reader=reader).why_not
    )


def test_no_names_are_none() -> None:
    assert Naming.parse([], []) is None


@pytest.mark.parametrize(
    ("positive", "negative", "message"),
    [
        (["1"], [], "--positive: wanted --negative too"),
        ([], ["1"], "--negative: wanted --positive too"),
        (["4,,5"], ["1"], "--positive: wanted values or ranges such as 4,5 or 7..10, found an empty one"),
        (["1"], [""], "--negative: wanted values or ranges"),
        (["10..7"], ["1"], "--positive: wanted a range from low to high, got '10..7'"),
        (["5,4"], ["1..4"], "got 4 for both"),
        (["3..10"], ["1..4"], "got 3..4 for both"),
        (["Good"], ["good"], "got good for both"),
        (["Good", "1"], ["good,1.0"], "got 1, good for both"),
    ],
)
def test_names_that_do_not_tell_are_refused(positive: list[str], negative: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Naming.parse(positive, negative)


def written(path: Path, column: str, *labels: object) -> Path:
    rows = (f"{path.stem} {row},{label}\n" for row, label in enumerate(labels))
    path.write_text(f"text,{column}\n" + "".join(rows), encoding="utf-8")
    return path


def test_training_leaves_strays_out_and_says_so(tmp_path: Path) -> None:
    found = read_reviews([written(tmp_path / "a.csv", "stars", *[1, 5] * 100, "x", 3)], None, None)
    assert len(found) == 200
    assert found.notes == [
        "a.csv: text 'text', label 'stars' (stars 1-5): 202 rows, 200 new reviews; "
        "left out: 1 neutral, 1 with a label that cannot be read, 0 without text"
    ]


def test_training_shows_the_rows_that_are_no_labels(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label", *[1, 0] * 20, "maybe", 1, "2x")
    with pytest.raises(TableError) as caught:
        read_reviews([path], None, None)
    assert str(caught.value) == (
        f"{path}: column 'label': wanted 1/0, found '2x' (1 rows), 'maybe' (1 rows); mend them, or "
        "say which are which with --positive and --negative (row 41: 'maybe'; row 43: '2x')"
    )


def test_training_looks_at_all_files_before_it_reads_one(tmp_path: Path) -> None:
    files = [written(tmp_path / "a.csv", "label", 1, 1), written(tmp_path / "b.csv", "label", 1, 2, 4, 5)]
    assert read_reviews(files, None, None).labels == [0, 0, 0, 0, 1, 1]
    with pytest.raises(TableError, match=r"b\.csv.*is stars 1-5 \(in .*c\.csv it is 1/0\)"):
        read_reviews([written(tmp_path / "c.csv", "label", 0, 1), files[1]], None, None)
    with pytest.raises(TableError, match="more distinct ones than labels have"):
        read_reviews([written(tmp_path / "d.csv", "label", *(f"{row}x" for row in range(1100)))], None, None)


def test_training_takes_the_users_names(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "label", -1, 0, 1)
    with pytest.raises(TableError, match="--positive and --negative"):
        read_reviews([path], None, None)
    found = read_reviews([path], None, None, naming=Naming.parse(["1"], ["-1"]))
    assert found.labels == [0, 1]
    assert "(positive 1, negative -1): 3 rows, 2 new reviews; left out: 1 neutral" in found.notes[0]
