"""How a file is written is found from what it holds, given by an option, or refused with the option named."""

import bz2
import gzip
import io
import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pytest
from delimited_files import Row, opened, read_again, rewritten, rows_of

from data.delimited.finding.opening import HEAD
from data.delimited.layout import Layout, layout_of
from data.delimited.table import open_delimited
from data.table import Limits, Read, Rejected
from sentiment_core.errors import ConfigError, TableError


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A file in a form that some tool writes, and what it means."""

    content: str | bytes
    rows: list[Row]
    columns: tuple[str, ...] = ("id", "review")
    rejected: tuple[str, ...] = ()
    name: str = "x.csv"
    given: Layout = Layout()
    described: str = ""


KINDS = {
    "pandas, index without a name": Kind(
        content=",review,stars\n0,Fine pan,5\n1,Rusty,1\n",
        columns=("", "review", "stars"),
        rows=[("0", "Fine pan", "5"), ("1", "Rusty", "1")],
    ),
    "pandas, tabs, all that is no number quoted": Kind(
        name="x.tsv",
        content='"id"\t"review"\n1\t"a\tb"\n2\t"plain"\n',
        rows=[("1", "a\tb"), ("2", "plain")],
        described='quoted by "',
    ),
    "tabs, a column in quotes throughout": Kind(
        name="x.tsv", content='id\treview\n1\t"so"\n2\t"fine"\n', rows=[("1", "so"), ("2", "fine")]
    ),
    "tabs, a word in quotes": Kind(
        name="x.tsv", content='id\treview\n1\t"so"\n2\tfine\n', rows=[("1", '"so"'), ("2", "fine")]
    ),
    "tabs, one cell that quotes alone explain": Kind(
        name="x.tsv", content='id\treview\n1\t"a\tb"\n2\tfine\n', rows=[("1", "a\tb"), ("2", "fine")]
    ),
    "tabs, quotes that swallow rows": Kind(
        name="x.tsv",
        content='id\treview\tday\n1\t"Rusty\t3\n2\tfine\t4\n3\tthe 5"\t6\n',
        columns=("id", "review", "day"),
        rows=[("1", '"Rusty', "3"), ("2", "fine", "4"), ("3", 'the 5"', "6")],
    ),
    "commas, quotes that swallow rows": Kind(
        content='id,review,day\n1,"Rusty,3\n2,fine,4\n3,"ok, then",5\n4,the 5",6\n',
        columns=("id", "review", "day"),
        rows=[("1", '"Rusty', "3"), ("2", "fine", "4"), ("3", "ok, then", "5"), ("4", 'the 5"', "6")],
    ),
    "commas, lines in a cell that look like rows": Kind(
        content='id,review\n1,"first, then\nsecond, too"\n2,ok\n', rows=[("1", "first, then\nsecond, too"), ("2", "ok")]
    ),
    "commas, lines in a cell that are rows, in a file that quotes": Kind(
        content='score,review,n\n5,"Rated it, 5\n4,for food,3\n2,for noise,1\nend, fine",7\n3,"a, b",2\n',
        columns=("score", "review", "n"),
        rows=[("5", "Rated it, 5\n4,for food,3\n2,for noise,1\nend, fine", "7"), ("3", "a, b", "2")],
    ),
    "commas, lines in a cell that are rows, its first and last none": Kind(
        content='id,review,price\n1,"Pros:\n1, fast, 5\n2, quiet, 4\nbye",3\n2,ok,5\n',
        columns=("id", "review", "price"),
        rows=[("1", "Pros:\n1, fast, 5\n2, quiet, 4\nbye", "3"), ("2", "ok", "5")],
    ),
    "commas, lines in a cell that are rows, its first none": Kind(
        content='id,review\n1,"Pros, cons\n10, 20\n30, 40"\n2,ok\n',
        rows=[("1", "Pros, cons\n10, 20\n30, 40"), ("2", "ok")],
    ),
    "tabs, lines in a cell that are rows": Kind(
        name="x.tsv",
        content='id\treview\tn\n5\t"Rated\nfor\tfood\t3\nend fine"\t7\n6\t"a\tb"\t2\n',
        columns=("id", "review", "n"),
        rows=[("5", "Rated\nfor\tfood\t3\nend fine", "7"), ("6", "a\tb", "2")],
    ),
    "commas, a quote that is never closed": Kind(
        content='text,n\ngood 5" pipe,1\n"never closed,2\nfine,3\n',
        columns=("text", "n"),
        rows=[('good 5" pipe', "1"), ('"never closed', "2"), ("fine", "3")],
    ),
    "commas, a quote that the next row's seems to close": Kind(
        content='text,n\n"never closed,2\n"fine",3\nok,4\n',
        columns=("text", "n"),
        rows=[('"never closed', "2"), ("fine", "3"), ("ok", "4")],
    ),
    "Spark, quotes escaped": Kind(
        content='id,review\n1,"a \\"b\\", c"\n2,"back \\\\"\n3,C:\\new\n',
        rows=[("1", 'a "b", c'), ("2", "back \\"), ("3", "C:\\new")],
        described="escaped by \\",
    ),
    "a backslash at the end of a quoted cell": Kind(
        content='id,review\n1,"C:\\dir\\"\n2,"a, b"\n', rows=[("1", "C:\\dir\\"), ("2", "a, b")]
    ),
    "MySQL's OUTFILE": Kind(
        name="x.tsv",
        content="id\treview\n1\ta\\\nb\\\tc\n2\t\\N\n3\t\n4\tone\\\\two\n",
        given=Layout(quote="", escape="\\", nulls=("\\N",)),
        rows=[("1", "a\nb\tc"), ("2", None), ("3", ""), ("4", "one\\two")],
    ),
    "Redshift's UNLOAD, escapes found": Kind(
        content="id|review|stars\n1|Great \\| good|5\n2|bs|1\n3|two\\\nlines|2\n4|x|1\n5|y|1\n6|z|1\n",
        columns=("id", "review", "stars"),
        rows=[
            *(("1", "Great | good", "5"), ("2", "bs", "1"), ("3", "two\nlines", "2")),
            *(("4", "x", "1"), ("5", "y", "1"), ("6", "z", "1")),
        ],
        described="escaped by \\",
    ),
    "MySQL's OUTFILE, escapes found": Kind(
        name="x.tsv",
        content="id\treview\n1\ta\\\nb\\\tc\n2\t\\N\n3\t\n4\tone\\\\two\n5\tso\n",
        rows=[("1", "a\nb\tc"), ("2", None), ("3", ""), ("4", "one\\two"), ("5", "so")],
        described="escaped by \\, null as '\\\\N'",
    ),
    "backslashes that escape nothing": Kind(
        name="x.tsv",
        content="id\tpath\tn\n1\tC:\\\t2\n2\tD:\\dir\t3\n3\tbroken\n",
        columns=("id", "path", "n"),
        rows=[("1", "C:\\", "2"), ("2", "D:\\dir", "3")],
        rejected=("wanted 3 fields, found 2",),
    ),
    "PostgreSQL's COPY": Kind(
        name="x.tsv",
        content="id\treview\n1\ta\\nb\\tc\n",
        given=Layout(quote="", escape="\\"),
        rows=[("1", "a\nb\tc")],
    ),
    "Hive, no header": Kind(
        content="1\x01so, so\n2\x01fine\n",
        given=Layout(columns=("id", "review")),
        rows=[("1", "so, so"), ("2", "fine")],
        described="separated by '\\x01', no header (given: --columns)",
    ),
    "Excel's first line": Kind(
        content="sep=;\r\nid;review\r\n1;so, so\r\n", rows=[("1", "so, so")], described="separated by ';'"
    ),
    "semicolons and decimal commas": Kind(
        content="id;review\n1,5;good\n2,5;bad\n", rows=[("1,5", "good"), ("2,5", "bad")]
    ),
    "a separator after the last cell of every line": Kind(
        content="id,review,\n1,a,\n2,b,\n", columns=("id", "review", ""), rows=[("1", "a", None), ("2", "b", None)]
    ),
    "of the header alone": Kind(
        content="id,review,\n1,a\n2,b\n", columns=("id", "review", ""), rows=[("1", "a", None), ("2", "b", None)]
    ),
    "of the rows alone": Kind(content="id,review\n1,a,\n2,b,\n", rows=[("1", "a"), ("2", "b")]),
    "of one row": Kind(
        content="id,review\n1,a,\n2,b\n3,c\n", rows=[("2", "b"), ("3", "c")], rejected=("wanted 2 fields, found 3",)
    ),
    "several columns without a name": Kind(
        content="review,,\na,,\n", columns=("review", "unnamed_2", "unnamed_3"), rows=[("a", None, None)]
    ),
    "several columns without a name, and one called so": Kind(
        content="unnamed_2,,,review\na,b,c,d\n",
        columns=("unnamed_2", "unnamed_2_", "unnamed_3", "review"),
        rows=[("a", "b", "c", "d")],
    ),
    "tabs, a cell in three quotes among bare ones with quotes": Kind(
        name="x.tsv",
        content='id\treview\n1\tHe said "wow" ok\n2\t"""Great"""\n3\t5" pan\n',
        rows=[("1", 'He said "wow" ok'), ("2", '"""Great"""'), ("3", '5" pan')],
    ),
    "CRLF below a header that LF ends": Kind(
        content=b'id,stars,review\n1,5,Great\r\n2,1,Bad\r\n3,,"a\r\n"\r\n',
        columns=("id", "stars", "review"),
        rows=[("1", "5", "Great"), ("2", "1", "Bad"), ("3", None, "a\r\n")],
    ),
    "a row that CRLF ends among others": Kind(
        content=b"id,review\n1,Great\n2,fine\n3,Bad\r\n4,\r\n",
        rows=[("1", "Great"), ("2", "fine"), ("3", "Bad"), ("4", None)],
    ),
    "padded names, and quotes around them": Kind(content='id, "review" \n 1, a\n', rows=[(" 1", " a")]),
    "two marks": Kind(content=b"\xef\xbb\xbf" * 2 + b"id,review\n1,a\n", rows=[("1", "a")]),
    "files put together": Kind(
        content="id,review\n1,a\nid,review\n2,b\n", rows=[("1", "a"), ("2", "b")], rejected=("the header again",)
    ),
    "files with byte order marks put together": Kind(
        content='\ufeffid,review\r\n1,a\r\n\ufeffid,review\r\n2,b\r\n\ufeff"id","review"\r\n\ufeff3,c\r\n',
        rows=[("1", "a"), ("2", "b"), ("\ufeff3", "c")],
        rejected=("the header again", "the header again"),
    ),
    "lines above the header": Kind(content="Report\n\nid,review\n1,a\n", given=Layout(skip_lines=2), rows=[("1", "a")]),
    "single quotes": Kind(
        content="id,review\n1,'a, ''b'''\n2,\"c\"\n", given=Layout(quote="'"), rows=[("1", "a, 'b'"), ("2", '"c"')]
    ),
    "no quotes by order": Kind(content='id,review\n1,"a"\n', given=Layout(quote=""), rows=[("1", '"a"')]),
    "a separator of two characters": Kind(
        content='id||review\n1||a|b\n2||"c||d"\n',
        given=Layout(separator="||", quote='"'),
        rows=[("1", "a|b"), ("2", "c||d")],
    ),
    "several texts for null": Kind(
        content='id,review\n1,NA\n2,null\n3,\n4,"NA"\n',
        given=Layout(nulls=("NA", "null")),
        rows=[("1", None), ("2", None), ("3", ""), ("4", "NA")],
    ),
    "no line end at the end": Kind(content="id,review\n1,a", rows=[("1", "a")]),
    "UTF-16 without a mark": Kind(content="id,review\n1,caf\u00e9\n".encode("utf-16-be"), rows=[("1", "caf\u00e9")]),
    "UTF-32": Kind(content="id,review\n1,caf\u00e9\n".encode("utf-32"), rows=[("1", "caf\u00e9")]),
    "bzip2": Kind(name="x.csv.BZ2", content=bz2.compress(b"id,review\n") + bz2.compress(b"1,a\n"), rows=[("1", "a")]),
    "xz": Kind(name="x.csv.xz", content=lzma.compress(b"id,review\n1,a\n"), rows=[("1", "a")]),
    "gzip members in a row": Kind(
        name="x.csv.GZ", content=gzip.compress(b"id,review\n1,") + gzip.compress(b"a\n"), rows=[("1", "a")]
    ),
    "one column": Kind(
        content='review\nso, so\n\n"a\nb"\n', columns=("review",), rows=[("so, so",), (None,), ("a\nb",)]
    ),
    "a thousand columns": Kind(
        content=",".join(f"c{n}" for n in range(1000)) + "\n" + ",".join("x" * 1000) + "\n",
        columns=tuple(f"c{n}" for n in range(1000)),
        rows=[("x",) * 1000],
    ),
    "NUL and other controls": Kind(content="id,review\n\x001,a\x00\x0b\x85\n", rows=[("\x001", "a\x00\x0b\x85")]),
    "a header alone": Kind(content="id,review\n", rows=[]),
}


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_of_file_is_read_as_its_writer_meant_it(tmp_path: Path, kind: Kind) -> None:
    table = opened(tmp_path / kind.name, kind.content, kind.given)
    rejected: list[Rejected] = []
    assert tuple(table.columns) == kind.columns
    assert rows_of(table, rejected) == kind.rows
    assert tuple(each.reason for each in rejected) == kind.rejected
    assert kind.described in table.described
    assert table.survey(Read(text=kind.columns[0]), on_rejected=rejected.append).rows == len(kind.rows)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_written_of_it_reads_back_with_the_same_options(tmp_path: Path, kind: Kind) -> None:
    table = opened(tmp_path / kind.name, kind.content, kind.given)
    target = tmp_path / ("out." + kind.name.split(".", 1)[1])
    rewritten(table, target)
    columns = None if kind.given.columns is None else (*kind.given.columns, "label_out", "score_out")
    given = Layout(
        **{name: getattr(kind.given, name) for name in ("separator", "quote", "escape", "nulls", "skip_lines")},
        columns=columns,
    )
    assert read_again(target, given, kind.columns) == kind.rows


@pytest.mark.parametrize(
    ("content", "option"),
    [
        ("id,review;day\n1,a;2\n3,b;4\n", "--separator"),
        ('id\treview\tx\n1\t"a\t2\n3\tb"\t4\n5\t"c ""d"""\t6\n', "--quote"),
        ('id\treview\n1\t"a ""b"""\n2\t"a ""b"""\n3\t5" pan\n', "--quote"),
        ('id,review,n\n1,"a,2\n3,b,4\n5,c",6\n', "--quote"),
        ("id,id\n1,2\n", "'id'"),
        ("\n\n", "empty file"),
    ],
)
def test_what_leaves_two_readings_or_none_is_refused(tmp_path: Path, content: str, option: str) -> None:
    with pytest.raises(TableError, match=option):
        opened(tmp_path / "x.csv", content)


def test_what_ends_most_lines_ends_those_of_the_output(tmp_path: Path) -> None:
    table = opened(tmp_path / "x.csv", b"id,review\n1,Great\r\n2,Bad\r\n")
    assert rewritten(table, tmp_path / "out.csv").count(b"\r\n") == 3


def test_a_file_that_is_mostly_broken_is_refused_by_the_survey(tmp_path: Path) -> None:
    table = opened(tmp_path / "x.csv", "id,review\n1,a\n" + "no second field\n" * 3)
    with pytest.raises(TableError, match=r"found 3 of 4 lines broken \(first: line 3, wanted 2 fields, found 1\)"):
        table.survey(Read(text="review"), on_rejected=lambda rejected: None)


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"separator": ""}, "--separator"),
        ({"separator": "ab"}, "--separator"),
        ({"separator": '"', "quote": '"'}, "--separator"),
        ({"quote": "''"}, "--quote"),
        ({"escape": "x"}, "--escape"),
        ({"columns": "a,,b"}, "--columns"),
        ({"columns": "a,b,a"}, "--columns"),
        ({"skip_lines": -1}, "--skip-lines"),
        ({"encoding": "latin-99"}, "--encoding"),
        ({"encoding": "rot13"}, "--encoding"),
    ],
)
def test_options_that_mean_nothing_name_themselves(given: dict[str, object], option: str) -> None:
    with pytest.raises(ConfigError, match=f"^{option}: wanted "):
        layout_of(given)


def test_options_are_read_as_the_shell_passes_them() -> None:
    typed = {
        "separator": r"\x01",
        "quote": "none",
        "escape": "\\",
        "nulls": (r"\N",),
        "columns": "a, b",
        "skip_lines": 2,
        "encoding": "latin-1",
    }
    assert layout_of(typed) == Layout(
        separator="\x01",
        quote="",
        escape="\\",
        nulls=(r"\N",),
        columns=("a", "b"),
        skip_lines=2,
        encoding="latin-1",
    )
    assert layout_of({"separator": r"\t", "escape": '"'}) == Layout(separator="\t")
    assert layout_of({}) == Layout()


def test_evidence_beyond_the_first_megabytes_counts(tmp_path: Path) -> None:
    """A tab in quotes near the end of a large file shows that its quotes are quotes."""
    lines = ["id\treview", *(f"{n}\tplain words, quite a few of them" for n in range(100_000)), '7\t"a\tb"']
    table = opened(tmp_path / "x.tsv", "\n".join(lines) + "\n")
    assert table.dialect.quote == ""
    assert table.survey(Read(text="review"), on_rejected=lambda rejected: None).rows == 100_001
    assert table.dialect.quote == '"'
    assert rows_of(table, rows=1000)[-1] == ("7", "a\tb")


class CountedPath(type(Path())):  # type: ignore[misc]
    """A path that knows how many bytes were read of it."""

    read_bytes_in_all = 0

    def open(self, mode: str = "r", buffering: int = -1, *others: object) -> IO[Any]:  # type: ignore[override]
        if "w" in mode:
            return super().open(mode, buffering)
        file = super().open(mode, 0)
        real = file.readinto

        class Counted(io.RawIOBase):
            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any) -> int:
                found = int(real(buffer))
                CountedPath.read_bytes_in_all += found
                return found

            def seekable(self) -> bool:
                return True

            def seek(self, offset: int, whence: int = 0) -> int:
                return int(file.seek(offset, whence))

            def close(self) -> None:
                file.close()
                super().close()

        return io.BufferedReader(Counted())


@pytest.mark.parametrize("rows", [10, 400_000])
def test_a_labelled_file_is_read_twice_and_a_little(tmp_path: Path, rows: int) -> None:
    """Its first megabytes to find how it is written, all to count its labels, all for its rows."""
    path = CountedPath(tmp_path / "x.csv")
    size = path.write_bytes(b"review,label\n" + b"fine words,1\n" * rows)
    CountedPath.read_bytes_in_all = 0
    table = open_delimited(path, Layout(), ",")
    read = Read(text="review", label="label")
    survey = table.survey(read)
    assert (survey.rows, survey.labels) == (rows, {"1": rows})
    assert table.survey(read) is survey
    assert sum(map(len, table.batches(read, Limits()))) == rows
    assert CountedPath.read_bytes_in_all <= 2 * size + min(size, HEAD) + 3 * 16 + (1 << 18)


def test_labels_are_counted_up_to_a_thousand(tmp_path: Path) -> None:
    table = opened(tmp_path / "x.csv", "review,label,n\n" + "".join(f"a,{n % 3},{n}\n" for n in range(1100)))
    assert table.survey(Read(text="review", label="label")).labels == {"0": 367, "1": 367, "2": 366}
    assert table.survey(Read(text="review", label="n")).labels is None
    assert table.survey(Read(text="review")).labels is None


@pytest.mark.parametrize("lines", [1, 200_000])
def test_a_broken_line_is_heard_of_once(tmp_path: Path, lines: int) -> None:
    table = opened(tmp_path / "x.csv", "id,review\n" + "1,some words\n" * lines + "one field\n")
    heard: list[Rejected] = []
    assert table.survey(Read(text="review"), on_rejected=heard.append).rows == lines
    assert [(each.line, each.reason) for each in heard] == [(lines + 2, "wanted 2 fields, found 1")]
    with pytest.raises(TableError, match=rf"line {lines + 2}: wanted 2 fields, found 1; mend the line"):
        table.survey(Read(text="review"))
