"""What is written: the source's own form, typed columns as text, whole or absent, and counted."""

import codecs
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl
import pyarrow as pa
import pytest
from delimited_files import NEW, batch_of, opened, predictions, rewritten, rows_of

from data.delimited.dialect import Dialect, usual_dialect
from data.delimited.layout import Layout
from data.delimited.writer import open_delimited_writer
from data.files import open_rejected
from data.table import Format, Limits, Read, Rejected
from sentiment_core.errors import OutputError


@pytest.mark.parametrize(
    ("content", "written"),
    [
        (",review\r\n0,a\r\n", ",review,label_out,score_out\r\n0,a,1,\r\n"),
        ("id,review\r1,a\r", "id,review,label_out,score_out\r1,a,1,\r"),
        ('"id", "review" \n1,"a, b"\n', '"id", "review" ,"label_out","score_out"\n1,"a, b",1,\n'),
        ("\ufeff\ufeffid;review\n1;a\n", "\ufeffid;review;label_out;score_out\n1;a;1;\n"),
        ("sep=;\r\nid;review\r\n1;\r\n", "sep=;\r\nid;review;label_out;score_out\r\n1;;1;\r\n"),
        ("id,review,\n1,a\n", "id,review,,label_out,score_out\n1,a,,1,\n"),
        ("id,review\n1,a,\n", "id,review,label_out,score_out\n1,a,1,\n"),
        ('id|review\n1|the 12"\n2|"so\n', 'id|review|label_out|score_out\n1|the 12"|1|\n2|"so|1|\n'),
        ('id,review\n1,""\n2,\n', 'id,review,label_out,score_out\n1,"",1,\n2,,1,\n'),
        ('id,review\n1,"\\"a\\", b"\n', 'id,review,label_out,score_out\n1,"\\"a\\", b",1,\n'),
        ("id,review\n", "id,review,label_out,score_out\n"),
    ],
)
def test_a_file_keeps_its_form(tmp_path: Path, content: str, written: str) -> None:
    assert rewritten(opened(tmp_path / "x.csv", content), tmp_path / "out.csv").decode() == written


def test_utf16_becomes_utf8_with_a_mark_for_excel(tmp_path: Path) -> None:
    table = opened(tmp_path / "x.tsv", "id\treview\n1\tcaf\u00e9\n".encode("utf-16"))
    assert rewritten(table, tmp_path / "out.tsv") == codecs.BOM_UTF8 + (
        "id\treview\tlabel_out\tscore_out\n1\tcaf\u00e9\t1\t\n".encode()
    )


def test_the_options_that_read_the_input_read_the_output(tmp_path: Path) -> None:
    layout = Layout(separator="\x01", columns=("id", "review"), nulls=("\\N",), quote="", skip_lines=1)
    table = opened(tmp_path / "x.txt", "over it\n1\x01\\N\n2\x01\n", layout)
    assert rewritten(table, tmp_path / "out.txt") == b"over it\n1\x01\\N\x011\x01\\N\n2\x01\x011\x01\\N\n"


def test_columns_that_are_left_out_leave_the_others_as_they_were(tmp_path: Path) -> None:
    table = opened(tmp_path / "x.csv", ' "id" ,review,n\n1,a,2\n')
    (batch,) = table.batches(Read(text="review", label="n", kept=("n", "id")), Limits())
    assert (batch.texts, batch.labels) == (("a",), ("2",))
    with open_delimited_writer(tmp_path / "out.csv", table.dialect, ["n", "id", *NEW]) as writer:
        writer.add(batch, predictions(1))
    assert (tmp_path / "out.csv").read_text() == 'n, "id" ,label_out,score_out\n2,1,1,\n'


VALUES: dict[str, tuple[pa.Array, str]] = {
    "whole number": (pa.array([-5], pa.int8()), "-5"),
    "half": (pa.array([0.5], pa.float16()), "0.5"),
    "single": (pa.array([0.1], pa.float32()), "0.1"),
    "truth": (pa.array([True]), "true"),
    "decimal": (pa.array([Decimal("1.10")], pa.decimal128(5, 2)), "1.10"),
    "large decimal": (pa.array([Decimal("1.10")], pa.decimal256(60, 2)), "1.10"),
    "day": (pa.array([date(9999, 12, 31)]), "9999-12-31"),
    "time": (pa.array([datetime(9999, 12, 31, 1, 2, 3)], pa.timestamp("us")), "9999-12-31 01:02:03.000000"),
    "time in a zone": (
        pa.array([datetime(2024, 1, 2, 3, tzinfo=UTC)], pa.timestamp("s", "UTC")),
        "2024-01-02 03:00:00Z",
    ),
    "category": (pa.array(["a"]).dictionary_encode(), "a"),
    "large text": (pa.array(["a"], pa.large_string()), "a"),
    "text view": (pa.array(["a"], pa.string_view()), "a"),
    "bytes of text": (pa.array(["caf\u00e9".encode()]), "caf\u00e9"),
    "nothing": (pa.nulls(1), ""),
    "list": (pa.array([[1, None]]), "[1, null]"),
    "record": (pa.array([{"a": date(2024, 1, 2), "b": [Decimal("1.5")]}]), '{"a": "2024-01-02", "b": ["1.5"]}'),
    "map": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), '[["k", 1]]'),
    "UUID": (
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"\0" * 16], pa.binary(16))),
        str(UUID(int=0)),
    ),
}


@pytest.mark.parametrize("column", VALUES.values(), ids=VALUES)
def test_typed_values_are_written_as_text(tmp_path: Path, column: tuple[pa.Array, str]) -> None:
    target = tmp_path / "out.csv"
    with open_delimited_writer(target, usual_dialect(Format.CSV, ("x",)), ["x", *NEW]) as writer:
        writer.add(batch_of(pa.table({"x": column[0]})), predictions(1))
    frame = pl.read_csv(target, infer_schema=False)
    assert (frame["x"][0] or "") == column[1]
    assert frame.columns == ["x", *NEW]


def test_nested_text_can_be_read_back(tmp_path: Path) -> None:
    value = {"quote": 'a "b", c', "lines": ["one\ntwo", "tab\t"]}
    with open_delimited_writer(tmp_path / "out.tsv", usual_dialect(Format.TSV, ("x",)), ["x", *NEW]) as writer:
        writer.add(batch_of({"x": [value]}), predictions(1))
    table = opened(tmp_path / "again.tsv", (tmp_path / "out.tsv").read_bytes())
    assert json.loads(rows_of(table)[0][0] or "") == value


def test_bytes_that_are_no_text_name_their_column(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"column 'x' of type binary cannot be written as text: .*--keep"),
        open_delimited_writer(tmp_path / "out.csv", usual_dialect(Format.CSV, ("x",)), ["x", *NEW]) as writer,
    ):
        writer.add(batch_of({"x": [b"\xff"]}), predictions(1))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["a\tb", "a\nb"])
def test_a_cell_that_no_spelling_tells_from_others_is_refused(tmp_path: Path, text: str) -> None:
    dialect = Dialect(separator="\t", quote="", names=("x",), header=("x",))
    with (
        pytest.raises(OutputError, match="column 'x': a cell cannot be told from others without quotes"),
        open_delimited_writer(tmp_path / "out.tsv", dialect, ["x", *NEW]) as writer,
    ):
        writer.add(batch_of({"x": [text]}), predictions(1))


def test_rows_that_do_not_read_back_are_not_published(tmp_path: Path) -> None:
    table = opened(tmp_path / "x.csv", "id,review\n1,a\n")
    with (
        pytest.raises(OutputError, match="2 rows were written, 1 read back"),
        open_delimited_writer(tmp_path / "out.csv", table.dialect, ["id", "review", *NEW]) as writer,
    ):
        writer.add(batch_of({"id": ["1"], "review": ["a"]}), predictions(1))
        writer.rows += 1
    assert not (tmp_path / "out.csv").exists()


def test_rejected_lines_are_kept_byte_for_byte(tmp_path: Path) -> None:
    content = "id,review\n1,caf\u00e9\n2,sch\u00f6n\n".encode() + b'a \xff"b"\r,3\nok,4,5\n'
    table = opened(tmp_path / "x.csv", content)
    path = tmp_path / "x.csv.rejected.csv"
    with open_rejected(path, table) as rejects:
        list(table.batches(Read(text="review"), Limits(), on_rejected=rejects.add))
    assert rejects.count == 2
    assert path.read_bytes() == (
        b'line,reason,text\n4,not utf-8: byte 0xff,"a \xff""b""\r,3"\n5,"wanted 2 fields, found 3","ok,4,5"\n'
    )
    with open_rejected(path, table):
        pass
    assert not path.exists()


def test_rejected_lines_of_a_failed_run_leave_nothing(tmp_path: Path) -> None:
    table = opened(tmp_path / "x.csv", "id,review\n1,a\n")
    with pytest.raises(RuntimeError), open_rejected(tmp_path / "r.csv", table) as rejects:
        rejects.add(Rejected(1, "why", "text"))
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("quote", ["", '"'])
def test_a_review_of_fifteen_megabytes_is_one_cell(tmp_path: Path, quote: str) -> None:
    text = "long words " * 1_400_000
    table = opened(tmp_path / "x.csv", f"id,review\n1,{quote}{text}{quote}\n2,short\n")
    assert table.survey(Read(text="review")).rows == 2
    assert [row[1] for row in rows_of(table)] == [text, "short"]
