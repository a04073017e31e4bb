"""Laws of reading and writing: cells come back, lines are accounted for, batches are one table however it is cut."""

import csv
import io
from pathlib import Path

import pytest
from delimited_files import NEW, batch_of, opened, predictions, read_again, rewritten, rows_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from data.delimited.dialect import Dialect, usual_dialect
from data.delimited.layout import Layout
from data.delimited.records import Records
from data.delimited.writer import open_delimited_writer
from data.table import Format, Read, Rejected
from sentiment_core.errors import TableError

loose = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
marks = st.sampled_from([*",;\t|'\"\\\r\n\x01 ~", "\r\n", "\\N", "\\n", '""', "||", "\ufeff", "NULL"])
texts = st.lists(marks | st.text(st.characters(codec="utf-8"), max_size=4), max_size=6).map("".join)
cells = st.none() | texts
GIVEN = {
    "commas": Layout(separator=",", quote='"'),
    "semicolons, apostrophes": Layout(separator=";", quote="'"),
    "two bars": Layout(separator="||", quote='"'),
    "escaped quotes": Layout(separator=",", quote='"', escape="\\"),
    "tabs, a text for null": Layout(separator="\t", quote='"', nulls=("NULL",)),
    "escaped, no header": Layout(separator="|", quote='"', escape="\\", nulls=("\\N",), columns=("id", "text")),
    "MySQL": Layout(separator="\t", quote="", escape="\\", nulls=("\\N",)),
    "lines above": Layout(separator="~", quote='"', skip_lines=2),
}


@loose
@given(rows=st.lists(st.tuples(cells, cells), max_size=8), end=st.sampled_from(["\n", "\r\n", "\r"]))
@pytest.mark.parametrize("layout", GIVEN.values(), ids=GIVEN)
def test_any_cells_come_back_in_a_given_dialect(
    tmp_path: Path, layout: Layout, rows: list[tuple[str | None, str | None]], end: str
) -> None:
    """The dialect is that of a file of one row; what is then written in it may be anything."""
    above = ["over", "it"][: layout.skip_lines or 0]
    head = [] if layout.columns else [(layout.separator or "").join(("id", "text"))]
    source = opened(
        tmp_path / "x.csv", "".join(line + end for line in (*above, *head, f"1{layout.separator}a")), layout
    )
    batch = batch_of({"id": [row[0] for row in rows], "text": [row[1] for row in rows]})
    with open_delimited_writer(tmp_path / "out.csv", source.dialect, ["id", "text", *NEW]) as writer:
        writer.add(batch, predictions(len(batch)))
    columns = None if layout.columns is None else (*layout.columns, *NEW)
    again = Layout(
        separator=layout.separator,
        quote=layout.quote,
        escape=layout.escape,
        nulls=layout.nulls,
        skip_lines=layout.skip_lines,
        columns=columns,
    )
    assert read_again(tmp_path / "out.csv", again, ("id", "text")) == rows


@loose
@given(rows=st.lists(st.tuples(st.integers(-9999, 9999), cells), max_size=8))
@pytest.mark.parametrize("kind", [Format.CSV, Format.TSV])
@pytest.mark.parametrize("ending", ["", ".gz", ".zst", ".bz2", ".xz"])
def test_cells_from_elsewhere_come_back_without_being_told_how(
    tmp_path: Path, kind: Format, ending: str, rows: list[tuple[int, str | None]]
) -> None:
    target = tmp_path / f"out{kind.value}{ending}"
    batch = batch_of({"id": [row[0] for row in rows], "text": [row[1] for row in rows]})
    with open_delimited_writer(target, usual_dialect(kind, ("id", "text")), ["id", "text", *NEW]) as writer:
        writer.add(batch, predictions(len(batch)))
    assert read_again(target, Layout(), ("id", "text")) == [(str(number), text) for number, text in rows]


@loose
@given(
    rows=st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=8),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
    separator=st.sampled_from(",;\t|"),
)
def test_what_is_read_is_written_and_read_the_same(
    tmp_path: Path, rows: list[tuple[str, str, str]], quoting: int, end: str, separator: str
) -> None:
    """Of any file that Python's csv writes, whatever is found of it: once read, it is read so for ever."""
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator, quoting=quoting, lineterminator=end).writerows([("id", "text", "n"), *rows])
    try:
        table = opened(tmp_path / "x.csv", buffer.getvalue())
        once = rows_of(table)
        rewritten(table, tmp_path / "y.csv")
        again = read_again(tmp_path / "y.csv", Layout(), table.columns)
    except TableError as error:
        assert "choose with" in str(error)
        return
    assert again == once


alphabet = st.text(st.sampled_from('ab,;"\\\r\n\x00\u00e9'), max_size=60)
dialects = st.builds(
    Dialect,
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    separator=st.sampled_from([",", "\t", ";;"]),
    quote=st.sampled_from(['"', "", "b"]),
    escape=st.sampled_from(["", "\\"]),
    escape_bare=st.booleans(),
    strict=st.booleans(),
    names=st.sampled_from([("x",), ("x", "y"), ("x", "y", "z")]),
    short_rows=st.booleans(),
    long_rows=st.booleans(),
)


@settings(max_examples=500)
@given(text=alphabet, dialect=dialects)
def test_no_letter_is_lost_whatever_the_quotes(text: str, dialect: Dialect) -> None:
    """Every letter that no dialect takes for a mark comes out in a cell or in a rejected line."""
    assume(dialect.escape_bare <= bool(dialect.escape))
    rejected: list[Rejected] = []
    found = list(Records(iter(text.split(dialect.line_end)), dialect, rejected.append))
    kept = "".join([*("".join(cell or "" for cell in row) for row in found), *(each.text for each in rejected)])
    assert all(len(row) == len(dialect.names) for row in found)
    for letter in "a\x00\u00e9":
        assert kept.count(letter) == text.count(letter)


@loose
@given(text=alphabet, rows=st.integers(1, 9))
def test_batches_are_one_table_however_it_is_cut(tmp_path: Path, text: str, rows: int) -> None:
    try:
        table = opened(tmp_path / "x.csv", "a,b\n" + text)
    except TableError:
        return
    rejected: list[Rejected] = []
    whole, others = rows_of(table, rejected, 10_000), list[Rejected]()
    assert rows_of(table, others, rows) == whole
    assert others == rejected
    if len(rejected) <= len(whole):
        assert table.survey(Read(text=table.columns[0]), on_rejected=others.append).rows == len(whole)


lines = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=2, max_size=2)
broken = st.sampled_from(["one field", "a,b,c", '"a" b,c'])


@loose
@given(lines=st.lists(lines | broken, max_size=12), end=st.sampled_from(["\n", "\r\n"]))
def test_broken_lines_cost_no_other(tmp_path: Path, lines: list[list[str] | str], end: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["text", "more"])
    for line in lines:
        buffer.write(line + end) if isinstance(line, str) else writer.writerow(line)
    table = opened(tmp_path / "x.csv", buffer.getvalue())
    rejected: list[Rejected] = []
    assert [list(row) for row in rows_of(table, rejected, 3)] == [line for line in lines if isinstance(line, list)]
    assert [each.text for each in rejected] == [line for line in lines if isinstance(line, str)]
