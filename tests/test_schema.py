"""Which columns are read: the asked ones, else those of a usual name; never one of two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.schema import LABEL_NAMES, TEXT_NAMES, find_kept, find_label, find_text, parse_columns, require_label
from sentiment_core.errors import ConfigError, TableError

usual = st.sampled_from([name for tier in TEXT_NAMES for name in tier])
usual_labels = st.sampled_from([name for tier in LABEL_NAMES for name in tier])
dressed = st.sampled_from([str, str.upper, str.title, "  {} ".format, "\ufeff{}".format, "_".join])


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (["id", "Review", "Rate"], "Review"),
        (["reviewText", "overall"], "reviewText"),
        (["a", "CONTENT"], "CONTENT"),
        (["title", "body", "stars"], "body"),
        (["Review Text", "x"], "Review Text"),
        (["reviews.text"], "reviews.text"),
        (["Kommentar", "Bewertung"], "Kommentar"),
        (["avis", "note"], "avis"),
        (["reseña", "calificación"], "reseña"),
        (["COMENTÁRIO"], "COMENTÁRIO"),
        # One of the other languages never makes an English table doubtful.
        (["text", "opinion"], "text"),
    ],
)
def test_the_text_column_is_found(columns: list[str], text: str) -> None:
    assert find_text(columns, None, "f") == text


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        (["text", "label", "rating"], "label"),
        (["Review", "Rate", "Sentiment"], "Sentiment"),
        (["stars"], "stars"),
        (["Star Rating", "score"], "Star Rating"),
        (["Kommentar", "Bewertung"], "Bewertung"),
        (["avis", "note"], "note"),
        (["text", "Calificación"], "Calificación"),
        (["label", "polarity"], "label"),
        (["target", "class", "a"], None),
        ([], None),
    ],
)
def test_the_label_column_is_found(columns: list[str], label: str | None) -> None:
    found = find_label(columns, None)
    assert (found.name, found.doubtful) == (label, False)
    assert bool(found.why_not) == (label is None)


@given(name=usual, label=usual_labels, dress=dressed)
def test_dress_does_not_hide_a_usual_name(name: str, label: str, dress: st.DataObject) -> None:
    columns = ["id", dress(name), dress(label)]
    assert find_text(columns, None, "f") == columns[1]
    assert require_label(columns, None, "f") == columns[2]


@pytest.mark.parametrize(
    ("columns", "asked", "message"),
    [
        (["a", "b"], None, "f: no text column found among a, b; name it with --text-column"),
        (
            ["text", "review"],
            None,
            "f: text and review could each be the text column among text, review; choose with --text-column",
        ),
        (["a"], "z", "f: no column 'z' for --text-column; the columns are a"),
        (["A", " a"], "a", "f: 2 columns like 'a' for --text-column; the columns are A,  a"),
    ],
)
def test_an_unclear_text_column_lists_the_columns(columns: list[str], asked: str | None, message: str) -> None:
    with pytest.raises(TableError) as caught:
        find_text(columns, asked, "f")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("columns", "asked", "why"),
    [
        (["text"], "stars", "no column 'stars' for --label-column; the columns are text"),
        (["label", "sentiment"], None, "label and sentiment could each be the label column among label, sentiment; "),
        (["Stars", "STARS"], "stars", "Stars and STARS could each be the label column among Stars, STARS; "),
    ],
)
def test_a_table_without_its_label_column_says_why(columns: list[str], asked: str | None, why: str) -> None:
    found = find_label(columns, asked)
    assert (found.name, found.doubtful) == (None, True)
    assert found.why_not.startswith(why)
    with pytest.raises(TableError, match=r"^f: "):
        require_label(columns, asked, "f")


@pytest.mark.parametrize(
    ("columns", "asked", "found"),
    [
        (["Stars", "stars"], "stars", "stars"),
        ([" Stars "], "stars", " Stars "),
        (["étoiles"], "ETOILES", "étoiles"),
    ],
)
def test_an_asked_column_is_the_exact_one_or_the_only_one_like_it(columns: list[str], asked: str, found: str) -> None:
    assert find_label(columns, asked).name == found
    assert find_text(columns, asked, "f") == found


def test_columns_are_listed_once_each() -> None:
    assert parse_columns(" a, b c ,d", "--keep") == ("a", "b c", "d")
    with pytest.raises(ConfigError, match="--keep: wanted each column once, found a twice"):
        parse_columns("a,b, a", "--keep")
    for text in ("", "a,,b", "a,"):
        with pytest.raises(ConfigError, match="--keep: wanted columns such as id,date, found an empty name"):
            parse_columns(text, "--keep")


def test_kept_columns_are_spelled_as_the_table_spells_them() -> None:
    assert find_kept(["ID ", "a", "A"], ["A", "id", "a"], "f") == ["A", "ID ", "a"]
    with pytest.raises(TableError, match="f: no column 'b' for --keep; the columns are a"):
        find_kept(["a"], ["b"], "f")
    with pytest.raises(TableError, match="f: --keep: wanted each column once, found a twice"):
        find_kept(["a"], ["a", "A"], "f")
