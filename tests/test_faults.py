"""Bad rows and bad files: each has its message, and costs nothing else."""

import csv
import gzip
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from rich.console import Console

from jobs.log import Log
from jobs.scoring.request import ScoreRequest
from jobs.scoring.run import score
from sentiment_core.config import ScoreConfig

Run = Callable[..., Result]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file as bytes, and what becomes of it: rows scored, lines rejected with reasons, or why it is set aside."""

    name: str = "x.csv"
    content: bytes = b""
    rows: int | None = None
    rejected: tuple[str, ...] = ()
    error: str = ""


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


TEXTS = pl.DataFrame({"text": ["good", "bad", None] * 50})
WHOLE = parquet(TEXTS)
FILES = {
    "empty": Case(error="x.csv: wanted a header line, found an empty file; check what writes it"),
    "empty parquet": Case(name="x.parquet", error="cannot be read as Parquet: "),
    "header only": Case(content=b"text,label\n", rows=0),
    "no text column": Case(
        content=b"a,b\n1,2\n", error="x.csv: no text column found among a, b; name it with --text-column"
    ),
    "text of another type": Case(
        name="x.parquet",
        content=parquet(pl.DataFrame({"text": [1, 2]})),
        error="x.parquet: column 'text': wanted text, found int64; name another with --text-column",
    ),
    "nested text": Case(
        name="x.parquet",
        content=parquet(pl.DataFrame({"text": [["a"], ["b"]]})),
        error="column 'text': wanted text, found large_list",
    ),
    "duplicate columns": Case(
        content=b"text,a,a\nx,1,2\n",
        error="x.csv: wanted columns of different names, found 'a' twice or more; rename them",
    ),
    "header not UTF-8": Case(
        content="text,né\n".encode()[:-2] + b"\xff\n" + "é,é\n".encode() * 3,
        error="x.csv: line 1: wanted a header, found not utf-8: byte 0xc3; mend the line",
    ),
    "truncated parquet": Case(name="x.parquet", content=WHOLE[:-40], error="cannot be read as Parquet: "),
    "bad page": Case(
        name="x.parquet", content=WHOLE[:4] + b"\xff" * 40 + WHOLE[44:], error="cannot be read as Parquet: "
    ),
    "nested and dictionary columns": Case(
        name="x.parquet",
        content=parquet(
            pl.DataFrame({"text": pl.Series(["a", "b", "a"], dtype=pl.Categorical), "n": [{"x": [1]}, None, {"x": []}]})
        ),
        rows=3,
    ),
    "stray quote": Case(
        content=b'text,n\ngood 5" pipe,1\n"never closed,2\nfine,3\n',
        rows=3,  # the quote swallows lines that are rows by themselves, so it is a letter
    ),
    "text after a quote": Case(
        content=b'text,n\n"great" film,1\nfine,2\n', rows=1, rejected=("text after a closing quote",)
    ),
    "stray quote before a quoted row": Case(content=b'text,n\n"never closed,2\n"fine",3\nok,4\n', rows=3),
    "ragged": Case(
        content=b"text,n\na,1\nb\nc,2,3\nd,4\n",
        rows=2,
        rejected=("wanted 2 fields, found 1", "wanted 2 fields, found 3"),
    ),
    "CR line ends": Case(content=b"text,n\ra,1\rb,2\r", rows=2),
    "CRLF line ends": Case(content=b'text,n\r\na,1\r\n"b\r\nc",2\r\n', rows=2),
    "BOM": Case(content=b"\xef\xbb\xbftext,n\na,1\n", rows=1),
    "UTF-16": Case(content="text,n\ngut schön,1\nb,2\n".encode("utf-16"), rows=2),
    "UTF-16 without a mark": Case(content="text,n\ngood,1\nb,2\n".encode("utf-16-le"), rows=2),
    "Latin-1": Case(content="text,n\ncafé,1\nschön,2\n".encode("latin-1"), rows=2),
    "one broken byte": Case(
        content="text,n\ncafé,1\nschön,2\n".encode() + b"x\xff,3\n", rows=2, rejected=("not utf-8: byte 0xff",)
    ),
    "surrogate": Case(
        content="text,n\ncafé,1\nschöné,2\néé,4\n".encode() + b"\xed\xa0\x80,3\n",
        rows=3,
        rejected=("not utf-8: byte 0xed",),
    ),
    "NUL": Case(content=b"text,n\na\x00b,1\n\x00,2\n", rows=2),
    "quoted line breaks": Case(content=b'text,n\n"a\n\nb",1\n"c\r\nd",2\n', rows=2),
    "semicolons": Case(content=b"text;n\ngood, really;1\nbad;2\n", rows=2),
    "tabs": Case(content=b"text\tn\na\t1\n", rows=1),
    "pipes": Case(content=b"text|n\na|1\n", rows=1),
    "one column with commas": Case(content=b'text\nGood, really\n"Bad, really"\n\nok\n', rows=4),
    "mostly broken": Case(
        content=b"text,n\na,1\n" + b"no second field\n" * 3,
        error="x.csv: wanted rows of 2 fields, found 3 of 4 lines broken (first: line 3, wanted 2 fields, found 1); "
        "check its separator and quotes",
    ),
    "blank lines": Case(content=b"text,n\na,1\n\nb,2\n\n\n", rows=2),
    "truncated gzip": Case(
        name="x.csv.gz",
        content=gzip.compress(b"text\n" + os.urandom(9999).hex().encode() + b"\n")[:-200],
        error="x.csv.gz: cannot be read as a table: Compressed file ended before the end-of-stream marker was reached",
    ),
    "no gzip": Case(
        name="x.csv.gz",
        content=b"text\na\n",
        error="x.csv.gz: wanted gzip, as its ending says, found none; rename it x.csv",
    ),
    "no zstd": Case(
        name="x.csv.zst",
        content=b"text\na\n",
        error="x.csv.zst: wanted zstd, as its ending says, found none; rename it x.csv",
    ),
    "spaces, signs and brackets": Case(name="a b [1] *?.csv", content=b"text\na\n", rows=1),
    "line break in a name": Case(name="a\nb.csv", content=b"text\n", error="", rows=0),
    "name not UTF-8": Case(
        name=os.fsdecode(b"a\xff.csv"),
        content=b"text\na\n",
        error=r"a\udcff.csv: wanted a name in UTF-8, found other bytes; rename the file",
    ),
}
ROWS = {
    None: "null",
    "": "empty",
    " \t\n\u00a0": "empty",
    "long " * 200_000: "truncated",
    "\x00": "empty",
    "a\x00b\x07c\x1b[31m": "ok",
    "\u200fعمل رائع": "ok",
    "🎉👍🏽👩‍👩‍👧": "ok",
    "https://example.org/a?b=c": "ok",
    "<|endoftext|>": "ok",
    "<br /><br/>": "empty",
    "&nbsp;": "empty",
    "\ufeff": "ok",
    "=cmd|' /C calc'!A0": "ok",
}


@pytest.mark.parametrize("case", FILES.values(), ids=FILES)
def test_a_file_is_scored_or_set_aside_and_costs_no_other(
    sentiment: Run, bundle: Path, tmp_path: Path, case: Case
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    (folder / case.name).write_bytes(case.content)
    (folder / "zz good.csv").write_bytes(b"text\nlovely\n")
    result = sentiment("score", folder, "--output", out, "--model", bundle)
    run = json.loads((out / ".sentiment" / "run.json").read_text())
    assert (out / "zz good.csv").is_file()
    assert "Traceback" not in result.stderr
    if case.rows is None:
        assert result.return_value == 3
        assert case.error in run["failed"][0]["error"]
        assert not list(out.glob(".*.part"))
        assert len(run["files"]) == 1
        return
    assert result.return_value == (7 if case.rejected else 0)
    (of,) = (each for each in run["files"] if each["input"]["name"] != "zz good.csv")
    assert of["rows_in"] == of["rows"] + of["rejected"]["rows"]
    assert (of["rows"], sorted(of["rejected"]["reasons"])) == (case.rows, sorted(case.rejected))
    if case.rejected:
        lines = Path(of["rejected"]["path"]).read_bytes().splitlines()
        assert lines[0] == b"line,reason,text"
        assert len(lines) == 1 + len(case.rejected)


def test_a_broken_line_is_kept_byte_for_byte(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes("text,n\ncafé,1\nschön,2\n".encode() + b'a \xff"b"\r,3\nok,4,5\n')
    sentiment("score", tmp_path / "x.csv", "--output", tmp_path / "out", "--model", bundle)
    rejected = (tmp_path / "out" / ".x.csv.rejected.csv").read_bytes()
    assert rejected == (
        b'line,reason,text\n4,not utf-8: byte 0xff,"a \xff""b""\r,3"\n5,"wanted 2 fields, found 3","ok,4,5"\n'
    )


def test_bad_rows_can_fail_a_file(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"text,n\nok,1\nok\n")
    result = sentiment(
        "score", tmp_path / "x.csv", "--output", tmp_path / "out", "--model", bundle, "--on-bad-rows", "fail"
    )
    assert result.return_value == 8
    assert "x.csv: line 3: wanted 2 fields, found 1; mend the line, or set it aside" in result.stderr


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
def test_every_row_keeps_its_place_and_has_a_status(sentiment: Run, bundle: Path, tmp_path: Path, name: str) -> None:
    frame = pl.DataFrame({"text": list(ROWS), "n": [str(n) for n in range(len(ROWS))]})
    frame.write_parquet(tmp_path / name) if name.endswith("parquet") else frame.write_csv(tmp_path / name)
    result = sentiment("score", tmp_path / name, "--output", tmp_path / "out", "--model", bundle, "--format", "parquet")
    assert result.return_value == 0
    out = pl.read_parquet(tmp_path / "out" / "rows.parquet")
    assert out["text"].to_list() == list(ROWS)
    assert out["score_status"].to_list() == list(ROWS.values())
    summary = json.loads((tmp_path / "out" / ".rows.parquet.summary.json").read_text())
    assert summary["rows_in"] == sum(summary["rows_by_status"].values()) == len(ROWS)


def test_a_real_dump_of_another_age(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    """CR line ends, Mac Roman, line feeds in quoted cells: as Excel for the Mac once wrote."""
    rows = ['Café,"It\u2019s\nlovely",5', 'Bar,"“awful”, he said",1', "Inn,,3"]
    content = "\r".join(["Restaurant,Review,Rating", *rows, ""])
    (tmp_path / "x.csv").write_bytes(content.encode("mac_roman"))
    result = sentiment("score", tmp_path / "x.csv", "--output", tmp_path / "out", "--model", bundle)
    assert result.return_value == 0
    assert "mac_roman" in result.stderr
    written = (tmp_path / "out" / "x.csv").read_bytes().decode()
    assert [row[1] for row in csv.reader(io.StringIO(written, newline=""))][1:] == [
        "It\u2019s\nlovely",
        "“awful”, he said",
        "",
    ]


def test_links_and_things_that_are_no_files(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    (folder / "spark.parquet").mkdir(parents=True)
    TEXTS.write_parquet(folder / "spark.parquet" / "part-0.parquet")
    (tmp_path / "secret.csv").write_text("text\na\n")
    (folder / "out.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "gone.csv").symlink_to(folder / "nowhere.csv")
    (folder / "loop").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe.csv")
    result = sentiment("score", folder, "--output", out, "--model", bundle)
    assert result.return_value == 3
    run = json.loads((out / ".sentiment" / "run.json").read_text())
    assert {Path(each["input"]).name: each["error"].split(": ", 1)[1][:30] for each in run["failed"]} == {
        "out.csv": f"a link out of {folder}"[:30],
        "loop": f"a link out of {folder}"[:30],
        "gone.csv": "cannot be read: No such file or directory"[:30],
        "pipe.csv": "wanted a file, found another ki"[:30],
    }
    assert [each["input"]["name"] for each in run["files"]] == ["spark.parquet/part-0.parquet"]


def test_a_file_that_may_not_be_read_costs_no_other(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.csv").write_text("text\na\n")
    # Reading it fails with an error of the system's for root, too, whom no permission stops.
    (tmp_path / "in" / "memory.csv").symlink_to("/proc/self/mem")
    inputs = (tmp_path / "in" / "good.csv", tmp_path / "in" / "memory.csv")
    result = sentiment("score", *inputs, "--output", tmp_path / "out", "--model", bundle)
    assert result.return_value == 3
    assert "memory.csv: cannot be read: " in result.stderr


def test_a_file_that_grows_or_goes_meanwhile_is_set_aside(bundle: Path, tmp_path: Path) -> None:
    grows, goes = tmp_path / "grows.csv", tmp_path / "goes.csv"
    for path in (grows, goes):
        path.write_text("text\n" + "fine\n" * 50)

    class Meddler(Log):
        """Writes to a file once scoring has announced it."""

        def info(self, message: str, *, event: str, **fields: object) -> None:
            if event == "scoring" and "grows" in message:
                with grows.open("a") as file:
                    file.write("more\n")
            if event == "scoring" and "goes" in message:
                goes.unlink()

    request = ScoreRequest(inputs=(str(grows), str(goes)), output=tmp_path / "out", bundle=bundle)
    assert score(request, ScoreConfig(), Meddler(Console(stderr=True)), Console()) == 8
    errors = [
        each["error"] for each in json.loads((tmp_path / "out" / ".sentiment" / "run.json").read_text())["failed"]
    ]
    assert "grows.csv: changed while it was read; score it again when nobody writes to it" in errors[0]
    assert "goes.csv: cannot be read: No such file or directory" in errors[1]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".sentiment"]
