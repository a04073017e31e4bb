"""What a file is: its content decides, and an ending that contradicts it is an error."""

import bz2
import gzip
import io
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import orc

from data.places.content import NoReviews, kind_of
from data.places.plain import Compression, open_plain
from data.table import Format
from sentiment_core.errors import TableError

FRAME = pl.DataFrame({"text": ["good", "bad"] * 50, "n": range(100)})
ARROW = FRAME.to_arrow()


def made(write: Callable[[io.BytesIO], object]) -> bytes:
    buffer = io.BytesIO()
    write(buffer)
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    def write(buffer: io.BytesIO) -> None:
        with zipfile.ZipFile(buffer, "w") as archive:
            for name in names:
                archive.writestr(name, "x")

    return made(write)


def stream(buffer: io.BytesIO) -> None:
    with pa.ipc.new_stream(buffer, ARROW.schema) as writer:
        writer.write_table(ARROW)


def tar(buffer: io.BytesIO) -> None:
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.csv"))


def database(path: Path) -> bytes:
    connection = sqlite3.connect(path)
    connection.execute("create table reviews (text)")
    connection.commit()
    connection.close()
    return path.read_bytes()


PARQUET = made(FRAME.write_parquet)
CSV = made(FRAME.write_csv)
TSV = made(lambda buffer: FRAME.write_csv(buffer, separator="\t"))
LINES = made(FRAME.write_ndjson)
PACKERS: dict[str, tuple[Compression, Callable[[bytes], bytes]]] = {
    ".gz": (Compression.GZIP, gzip.compress),
    ".zst": (Compression.ZSTD, zstd.compress),
    ".bz2": (Compression.BZIP2, bz2.compress),
    ".xz": (Compression.XZ, lzma.compress),
}
CONTENTS = {Format.PARQUET: PARQUET, Format.CSV: CSV, Format.TSV: TSV, Format.JSON_LINES: LINES}
ENDINGS = {
    Format.PARQUET: [".parquet", ".parq", ".pq", ".PARQUET", ".snappy.parquet", ".parquet.gzip"],
    Format.CSV: [".csv", ".psv", ".CSV"],
    Format.TSV: [".tsv", ".tab"],
    Format.JSON_LINES: [".jsonl", ".ndjson", ".json", ".JSON"],
}
SILENT = ["", ".txt", ".dat", ".c000", ".2024-01-01", ".out"]


@pytest.mark.parametrize("of", Format)
def test_content_decides_where_the_ending_says_nothing(tmp_path: Path, of: Format) -> None:
    for ending in SILENT:
        path = tmp_path / f"part-0{ending}"
        path.write_bytes(CONTENTS[of])
        assert (kind_of(path).format, kind_of(path).compression) == (of, None)
        if of is not Format.PARQUET:
            for packed, (compression, pack) in PACKERS.items():
                path.write_bytes(pack(CONTENTS[of]))
                assert (kind_of(path).format, kind_of(path).compression) == (of, compression)
                named = path.with_name(path.name + packed.upper())
                named.write_bytes(pack(CONTENTS[of]))
                assert kind_of(named).format is of


@pytest.mark.parametrize("of", Format)
@pytest.mark.parametrize("said", Format)
def test_an_ending_that_contradicts_the_content_is_an_error(tmp_path: Path, of: Format, said: Format) -> None:
    alike = of is said or {of, said} == {Format.CSV, Format.TSV}  # which separator is for the whole file to tell
    for ending in ENDINGS[said]:
        path = tmp_path / f"x{ending}"
        path.write_bytes(CONTENTS[of])
        if alike:
            assert kind_of(path).format is said
            continue
        with pytest.raises(
            TableError, match=r"x\.\S+: wanted .*, as its ending says, found .*; rename it to end in \."
        ):
            kind_of(path)


@pytest.mark.parametrize("packed", PACKERS)
def test_a_compression_that_contradicts_the_ending_is_an_error(tmp_path: Path, packed: str) -> None:
    for said in PACKERS:
        path = tmp_path / f"x.csv{said}"
        path.write_bytes(PACKERS[packed][1](CSV))
        if said == packed:
            assert kind_of(path).compression is PACKERS[packed][0]
            continue
        with pytest.raises(TableError, match=rf"as its ending says, found \w+; rename it x\.csv\{packed}$"):
            kind_of(path)
    (tmp_path / "x.csv").write_bytes(PACKERS[packed][1](CSV))
    with pytest.raises(TableError, match=rf"wanted no compression, .*; rename it to end in \.csv\{packed}"):
        kind_of(tmp_path / "x.csv")
    (tmp_path / f"y.csv{packed}").write_bytes(CSV)
    with pytest.raises(TableError, match=r"found none; rename it y\.csv$"):
        kind_of(tmp_path / f"y.csv{packed}")
    for name in ("x.parquet", "part", f"x.parquet{packed}"):
        (tmp_path / name).write_bytes(PACKERS[packed][1](PARQUET))
        with pytest.raises(TableError, match=r"wanted Parquet as it is, found it inside .*; unpack it"):
            kind_of(tmp_path / name)


@pytest.mark.parametrize("name", ["x.orc", "x.avro", "x.xls", "x.xlsx", "x.arrow"])
def test_an_ending_of_another_kind_of_table_is_contradicted_by_text(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(CSV)
    with pytest.raises(TableError, match=r"wanted what its ending says, found delimited text; rename it \.csv"):
        kind_of(tmp_path / name)


@pytest.mark.parametrize("line", [b"{'text': 'fine', 'overall': 5.0}", b'\x1e{"text": "fine"}'])
@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x"])
def test_lines_that_are_nearly_json_say_how_to_make_it(tmp_path: Path, line: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(line + b"\n" + line + b"\n")
    with pytest.raises(TableError, match=r"found lines of Python dicts or .*; read its lines with ast"):
        kind_of(tmp_path / name)


FOREIGN = {
    "ORC": (made(lambda buffer: orc.write_table(ARROW, buffer)), "ORC; convert"),
    "Avro": (b"Obj\x01\x04\x14avro.codec", "Avro; convert"),
    "Arrow file": (made(FRAME.write_ipc), "Arrow IPC; convert"),
    "Arrow stream": (made(stream), "Arrow IPC; convert"),
    "Feather": (b"FEA1\x00\x00\x00\x00" + bytes(99), "Feather; convert"),
    "zip": (zipped("a.csv"), "a zip archive; unpack"),
    "Excel": (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel file; save the sheet as CSV"),
    "OpenDocument": (zipped("mimetype", "content.xml"), "an OpenDocument file; save"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(999), "an old Excel file or another OLE document"),
    "tar": (made(tar), "a tar archive; unpack"),
    "pickle": (pickle.dumps(FRAME.to_dicts()), "a Python pickle; convert"),
    "old pickle": (pickle.dumps(FRAME.to_dicts(), protocol=2), "a Python pickle; convert"),
    "NumPy": (made(lambda buffer: np.save(buffer, np.arange(3))), "a NumPy file; convert"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(99), "HDF5; convert"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
    "HTML": (b"\n<!DOCTYPE html>\n<html><title>Sign in</title>", "an HTML page; check how the file was fetched"),
    "XML": (b'<?xml version="1.0"?>\n<reviews/>', "XML; convert"),
    "PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document; leave it out"),
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(99), "a picture; leave it out"),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(99), "a program; leave it out"),
    "rubbish": (np.random.default_rng(7).bytes(5000), "bytes that are no text; if it is text, name its --encoding"),
    "zeros": (bytes(5000), "bytes that are no text"),
    "array": (b'[{"text": "a"},\n{"text": "b"}\n]', "a JSON array; make lines of it with jq -c '.[]'"),
    "array, a row a line": (b'[\n{"text": "a"},\n{"text": "b"}\n]\n', "a JSON array; make"),
    "pretty object": (b'\xef\xbb\xbf{\n  "text": "a",\n  "n": {"a": 1}\n}\n', "JSON that is not one object a line"),
    "UTF-16 lines": (
        LINES.decode().encode("utf-16"),
        "wanted JSON Lines in UTF-8, found UTF-16; convert it with iconv",
    ),
}


@pytest.mark.parametrize(("content", "said"), FOREIGN.values(), ids=FOREIGN)
def test_other_files_are_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    for ending in ["", ".dat", ".json", *(() if content[:1] in (b"[", b"{", b"\xef") else (".csv", ".parquet"))]:
        path = tmp_path / f"x{ending}"
        path.write_bytes(content)
        with pytest.raises(TableError, match="wanted") as caught:
            kind_of(path)
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
    packed = tmp_path / "x.gz"
    packed.write_bytes(gzip.compress(content))
    with pytest.raises(TableError):
        kind_of(packed)


def test_a_database_is_refused_by_name(tmp_path: Path) -> None:
    content = database(tmp_path / "made")
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(TableError, match="found a SQLite database; convert"):
        kind_of(tmp_path / "x.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"text,n\na\x00b,1\n\x00,2\n",
        "text,n\nschön,1\n".encode("latin-1"),
        "text,n\ngut schön,1\n".encode("utf-16"),
        "text,n\ngut schön,1\n".encode("utf-16-be"),
        "text,n\ngut schön,1\n".encode("utf-32"),
        b"text\x01n\ngood\x01a\x02b\x03c\n" * 20,
        b"ORC,text\n1,a\n",
        b"Obj,text\n",
        b"BZh9,text\n",
        b"SEQ,text\n1,a\n",
        b"qwerty,text\n",
        b"MZ,text\n",
        b"BM,text\n",
        b"[id],[text]\n1,a\n",
        b"{id},{text}\n1,a\n",
        b'"{""a"": 1}",text\n1,a\n',
        b"\n\ntext,n\n",
        b"\n" * 70_000 + b"text,n\n",
        b"\xef\xbb\xbftext,n\n",
        "评论,评分\n很好,5\n".encode("gb18030"),
        "レビュー,点\n良い,5\n".encode("shift-jis"),
        "ЖЫЛ,ЮГД\nфыж,5\n".encode("cp866"),
    ],
)
@pytest.mark.parametrize("ending", [".csv", "", ".txt"])
def test_delimited_text_is_text_whatever_it_begins_with(tmp_path: Path, content: bytes, ending: str) -> None:
    path = tmp_path / f"x{ending}"
    path.write_bytes(content)
    assert kind_of(path).format is Format.CSV


def test_an_encoding_that_the_user_names_makes_a_text_of_any_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("评论,评分\n这个\u0100\u0200很好,5\n".encode("utf-16-le") * 30)
    assert kind_of(path, encoding="utf-16-le").format is Format.CSV


@settings(deadline=None, max_examples=200)
@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), st.sampled_from(["csv", "txt", "x"])
)
def test_text_is_never_taken_for_bytes(tmp_path_factory: pytest.TempPathFactory, text: str, ending: str) -> None:
    path = tmp_path_factory.mktemp("text") / f"a.{ending}"
    path.write_text(f"text,n\n{text},1\n", encoding="utf-8")
    assert kind_of(path).format is Format.CSV


@settings(deadline=None, max_examples=300)
@given(st.binary(), st.sampled_from(["", ".csv", ".json", ".parquet", ".csv.gz", ".xz"]))
def test_any_bytes_are_something_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, ending: str
) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"a{ending}"
    path.write_bytes(content)
    try:
        kind_of(path)
    except TableError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize(
    "content",
    [
        b'{"text": "a"}',
        b'\xef\xbb\xbf{"text": "a"}\r\n{"text": "b"}\r\n',
        b'\n{"text": "a"}\n',
        b'{"text": "a\n{"text": "b"}\n',
        b"{}\n",
        b'{"text": "' + b"long " * 50_000 + b'"}\n',
        b'{"text": "a"}\n' + b'{"text": "' + b"long " * 50_000 + b'"}\n',
    ],
)
def test_lines_of_objects_may_be_long_broken_or_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    assert kind_of(tmp_path / "x.json").format is Format.JSON_LINES


def test_an_empty_file_is_what_its_ending_says(tmp_path: Path) -> None:
    for name in ("x.csv", "x.parquet", "x.csv.gz"):
        (tmp_path / name).touch()
        assert kind_of(tmp_path / name).format in (Format.CSV, Format.PARQUET)
    for name in ("x", "x.txt", "x.gz"):
        (tmp_path / name).touch()
        with pytest.raises(NoReviews, match="wanted a review file, found an empty one"):
            kind_of(tmp_path / name)


@pytest.mark.parametrize(("name", "separator"), [("x.psv", "|"), ("x.tab", "\t"), ("x.tsv", "\t"), ("x.csv", ",")])
def test_an_ending_says_the_usual_separator(tmp_path: Path, name: str, separator: str) -> None:
    (tmp_path / name).write_bytes(b"text\n")
    assert kind_of(tmp_path / name).separator == separator


@pytest.mark.parametrize("packed", PACKERS)
def test_several_streams_in_a_row_are_one_file(tmp_path: Path, packed: str) -> None:
    path = tmp_path / f"x.csv{packed}"
    path.write_bytes(PACKERS[packed][1](b"text\n") + PACKERS[packed][1](b"a\n"))
    with open_plain(path) as file:
        assert file.read() == b"text\na\n"


@pytest.mark.parametrize("packed", PACKERS)
def test_a_file_cut_off_is_said_in_one_line(tmp_path: Path, packed: str) -> None:
    path = tmp_path / f"x.csv{packed}"
    path.write_bytes(PACKERS[packed][1](np.random.default_rng(7).bytes(9).hex().encode() * 9)[:-9])
    with pytest.raises(TableError, match=r"cannot be read as a table: .*; check that the file is whole"):
        kind_of(path)
