"""Tables in and out: nothing lost, nothing retyped, nothing half written."""

from datetime import date
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from data.outputs import whole_file, whole_folder
from data.reviews import read_reviews
from data.sources import find_sources
from data.tables import Format, format_of, scan
from data.writers import open_writer
from sentiment_core.errors import OutputError
from sentiment_core.labels import Label

cells = (
    st.none() | st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(["\r", "a\r\nb", '"', "\t", ",\n"])
)
tables = st.lists(st.tuples(st.integers(), cells), max_size=30)


def write(path: Path, frame: pl.DataFrame, rows: int) -> None:
    kind = format_of(path)
    assert kind is not None
    with open_writer(path, kind) as writer:
        for part in frame.iter_slices(rows) if len(frame) else [frame]:
            writer.add(part)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(rows=tables, written=st.integers(1, 40), read=st.integers(1, 40))
@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.tsv", "t.csv.gz", "t.csv.zst"])
def test_a_table_survives_writing_and_reading(
    tmp_path: Path, name: str, rows: list[tuple[int, str | None]], written: int, read: int
) -> None:
    frame = pl.DataFrame(
        {"id": [str(n) for n, _ in rows], "text": [t for _, t in rows]}, schema={"id": pl.String, "text": pl.String}
    )
    write(tmp_path / name, frame, written)
    table = scan(tmp_path / name)
    assert_frame_equal(pl.concat(table.batches(read)), frame)
    assert table.count() == len(frame)


def test_parquet_keeps_types(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "text": pl.Series(["a", None, "c"], dtype=pl.Categorical),
            "day": [date(2024, 1, 1)] * 3,
            "list": [[1], [], None],
            "nested": [{"x": 1.5, "y": "z"}] * 3,
            "stars": pl.Series([1, 2, None], dtype=pl.Int8),
            "none": pl.Series([None] * 3, dtype=pl.Null),
        }
    )
    write(tmp_path / "typed.parquet", frame, 2)
    assert_frame_equal(pl.read_parquet(tmp_path / "typed.parquet"), frame)


def test_a_failed_write_leaves_nothing_and_the_old_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    target.write_text("old")
    with pytest.raises(RuntimeError), open_writer(target, Format.PARQUET) as writer:
        writer.add(pl.DataFrame({"a": [1]}))
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["out.parquet"]
    assert target.read_text() == "old"


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "model") as building:
        (building / "config.json").write_text("{}")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole_folder(tmp_path / "model") as building:
        (building / "config.json").write_text("{}")
    with pytest.raises(OutputError, match="wanted a folder that does not exist yet"), whole_folder(tmp_path / "model"):
        pass


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"cannot be written: .*choose another --output"),
        whole_file(tmp_path / "file" / "x"),
    ):
        pass


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("year=2024/month=01/a.parquet", "year=2024/month=02/a.parquet", "b.csv", "notes.txt", ".hidden/c.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "places"),
    [
        ("", ["b.csv", "year=2024/month=01/a.parquet", "year=2024/month=02/a.parquet"]),
        ("b.csv", ["b.csv"]),
        ("year=2024/*/a.parquet", ["month=01/a.parquet", "month=02/a.parquet"]),
        ("*.csv", ["b.csv"]),
        ("**/a.parquet", ["year=2024/month=01/a.parquet", "year=2024/month=02/a.parquet"]),
    ],
)
def test_inputs_keep_their_places(tree: Path, pattern: str, places: list[str]) -> None:
    assert [
        str(source.place) for source in find_sources([f"{tree}/{pattern}".rstrip("/")], tree / "out", None)[0]
    ] == places


def test_a_file_named_twice_is_scored_once(tree: Path) -> None:
    sources, unusable = find_sources([f"{tree}/b.csv", f"{tree}/*.csv"], tree / "out", None)
    assert (len(sources), unusable) == (1, [])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["nowhere.csv"], "no such file or folder"),
        (["*.parquet"], "found no match"),
        ([".hidden/nothing"], "no such file"),
        (["year=2024/month=01/a.parquet", "year=2024/month=02/a.parquet"], "would be written to the same a.parquet"),
    ],
)
def test_inputs_that_mean_nothing_or_collide_are_unusable(tree: Path, inputs: list[str], message: str) -> None:
    _, unusable = find_sources([f"{tree}/{name}" for name in inputs], tree / "out", None)
    assert [message in str(each.error) for each in unusable] == [True]


def test_one_format_for_two_files_of_one_name_is_a_collision(tree: Path) -> None:
    (tree / "b.tsv.gz").touch()
    assert len(find_sources([str(tree)], tree / "out", None)[0]) == 4
    sources, unusable = find_sources([str(tree)], tree / "out", Format.PARQUET)
    assert len(sources) == 3
    assert "would be written to the same b.parquet" in str(unusable[0].error)


def test_an_output_below_its_input_is_not_scored_again(tree: Path) -> None:
    assert [str(source.place) for source in find_sources([str(tree)], tree / "year=2024", None)[0]] == ["b.csv"]


# After an LF alone in the header a CR is text, so the header of the first has CRLF.
@pytest.mark.parametrize(("first", "other"), [("\r\n", "\n"), ("\r", "\r")], ids=repr)
@pytest.mark.parametrize("mixed", list(product([True, False], repeat=3)), ids=repr)
@pytest.mark.parametrize("more", ["", ",n"])
def test_line_ends_may_differ_from_line_to_line(
    tmp_path: Path, first: str, other: str, mixed: tuple[bool, ...], more: str
) -> None:
    rows = [f"line {row}{more}" + ("\r\n" if crlf else other) for row, crlf in enumerate(mixed)]
    (tmp_path / "x.csv").write_bytes("".join([f"text{more}{first}", *rows]).encode())
    (frame,) = scan(tmp_path / "x.csv").batches()
    assert frame["text"].to_list() == ["line 0", "line 1", "line 2"]


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
