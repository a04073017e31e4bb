"""JSON Lines: every line accounted for, and written on byte for byte."""

import bz2
import gzip
import io
import json
import lzma
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data.jsonlines.lines import BrokenLine, parse, rejected_line
from data.jsonlines.splice import cut, put_in
from data.jsonlines.table import JsonLinesTable, open_json_lines
from data.jsonlines.writer import write_json_lines
from data.table import Batch, Limits, Read, Rejected
from sentiment_core.errors import OutputError, TableError

ANY_SIZE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
NAMES = ("predicted_label", "positive_probability", "token_count", "score_status")

keys = st.sampled_from(["text", "stars", "a", "é", "", 'q"', "x.y", "{", "}"]) | st.text(
    st.characters(codec="utf-8"), max_size=4
)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=12)
    | st.sampled_from(["}", '"}', "{", "\\", "a\nb\u2028", "😀"])
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)
objects = st.dictionaries(keys, values, max_size=5)
ends = st.sampled_from(["\n", "\r\n", " \n", "\t \r\n"])


@st.composite
def written(draw: st.DrawFn, of: dict[str, Any]) -> bytes:
    """Draw one of the ways in which an object is written."""
    separators = draw(st.sampled_from([(", ", ": "), (",", ":"), (" ,  ", "\t: ")]))
    text = json.dumps(of, ensure_ascii=draw(st.booleans()), separators=separators)
    before, after = draw(st.sampled_from([("", ""), (" ", " "), ("\t", "")]))
    return f"{before}{text[:-1]}{after}}}{draw(ends)}".encode()


lines = st.lists(objects.flatmap(written), min_size=1, max_size=8)


def opened(folder: Path, content: bytes, name: str = "r.jsonl") -> JsonLinesTable:
    (folder / name).write_bytes(content)
    return open_json_lines(folder / name)


def whole(table: JsonLinesTable, read: Read, limits: Limits | None = None) -> pa.Table:
    return pa.concat_tables(batch.rows for batch in table.batches(read, limits or Limits()))


def predictions(rows: int, prefix: str = "") -> pa.Table:
    """Make predictions as scoring does, every third of them of a row that was not scored."""
    scored = [row % 3 != 2 for row in range(rows)]
    columns = [
        pa.array([row % 2 if yes else None for row, yes in enumerate(scored)], pa.int8()),
        pa.array([np.float32(0.1) * row if yes else None for row, yes in enumerate(scored)], pa.float32()),
        pa.array(range(rows), pa.uint32()),
        pa.array(["ok" if yes else "null" for yes in scored], pa.string()),
    ]
    return pa.table(columns, [prefix + name for name in NAMES])


def copied(table: JsonLinesTable, target: Path, read: Read, rows: int = 4096) -> bytes:
    limits = Limits(rows=rows)
    with write_json_lines(target) as writer:
        for batch in table.batches(read, limits, on_rejected=lambda each: None):
            writer.add(batch, predictions(len(batch)))
    return target.read_bytes()


UNTYPED = Read(text="text", typed=False)


@ANY_SIZE
@given(content=lines, mark=st.booleans(), last=st.booleans(), rows=st.integers(1, 9))
def test_a_line_is_what_it_was_and_four_fields(
    tmp_path: Path, content: list[bytes], mark: bool, last: bool, rows: int
) -> None:
    content = [b"\xef\xbb\xbf" + content[0] if mark else content[0], *content[1:]]
    content[-1] = content[-1] if last else content[-1].rstrip(b"\r\n")
    found = copied(opened(tmp_path, b"".join(content)), tmp_path / "out.jsonl", UNTYPED, rows).splitlines(keepends=True)
    assert len(found) == len(content)
    for place, (before, after) in enumerate(zip(content, found, strict=True)):
        new = predictions(rows).slice(place % rows, 1)
        end = before.rindex(b"}")
        assert after.startswith(before[:end])
        assert after.endswith(before[end:])
        assert json.loads(after.decode("utf-8-sig")) == {
            **json.loads(before.decode("utf-8-sig")),
            NAMES[0]: new[0][0].as_py(),
            NAMES[1]: None if new[1][0].as_py() is None else float(str(np.float32(new[1][0].as_py()))),
            NAMES[2]: new[2][0].as_py(),
            NAMES[3]: new[3][0].as_py(),
        }


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"{}", b'{"p":1}'),
        (b"{ }\r\n", b'{ "p":1}\r\n'),
        (b'{"a":{}}\n', b'{"a":{},"p":1}\n'),
        (b'{"a":"{"}  \n', b'{"a":"{","p":1}  \n'),
        (b'{"a":"}\\"}" }\n', b'{"a":"}\\"}" ,"p":1}\n'),
        (b'\xef\xbb\xbf{"a":1}', b'\xef\xbb\xbf{"a":1,"p":1}'),
    ],
)
def test_fields_come_before_the_closing_brace(line: bytes, wanted: bytes) -> None:
    assert put_in(line, b'"p":1') == wanted


@ANY_SIZE
@given(of=objects, data=st.data())
def test_kept_fields_are_what_they_were(of: dict[str, Any], data: st.DataObject) -> None:
    line = data.draw(written(of))
    kept = data.draw(st.sets(st.sampled_from([*of, "none"])))
    found = cut(line, kept)
    assert json.loads(found) == {key: value for key, value in of.items() if key in kept}
    assert list(json.loads(found)) == [key for key in of if key in kept]
    assert cut(found, kept) == found
    assert found[-1:] == line[-1:]


def test_kept_values_stay_byte_for_byte(tmp_path: Path) -> None:
    table = opened(tmp_path, b' {"text" : "\\u00e9", "n": 1.50E+3 , "big": 123456789012345678901234567890}\r\n')
    found = copied(table, tmp_path / "out.jsonl", Read(text="text", kept=("n", "big"), typed=False))
    assert found.startswith(b' {"n": 1.50E+3,"big": 123456789012345678901234567890,"predicted_label":0,')
    assert found.endswith(b"}\r\n")


def same(found: Any, value: Any, kind: pa.DataType) -> bool:
    """Compare what a typed column holds with the value of the line: a string may be its JSON text."""
    if value is None or found is None:
        return found is value
    if pa.types.is_string(kind):
        return bool(found == value if isinstance(value, str) else json.loads(found) == value)
    if pa.types.is_struct(kind):
        fields = {field.name: field.type for field in kind}
        return set(value) <= set(fields) and all(same(found[key], value.get(key), of) for key, of in fields.items())
    if pa.types.is_list(kind):
        return len(found) == len(value) and all(
            same(one, other, kind.value_type) for one, other in zip(found, value, strict=True)
        )
    return bool(found == value) and isinstance(value, bool) == pa.types.is_boolean(kind)


@ANY_SIZE
@given(rows=st.lists(objects, min_size=1, max_size=6), limit=st.integers(1, 7))
@example(rows=[{"a": 1}, {"a": 2.5}, {"b": 2**53 + 1}, {"b": 0.5}, {"c": 2**64}], limit=2)
@example(rows=[{"a": {}}, {"b": []}, {"a": {}, "c": [{}]}], limit=1)
@example(rows=[{str(key): 1 for key in range(300)}, {"z": {str(key): 1 for key in range(300)}}], limit=1)
def test_typed_columns_hold_what_the_lines_say(tmp_path: Path, rows: list[dict[str, Any]], limit: int) -> None:
    table = opened(tmp_path, b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    found = whole(table, Read(text="text"), Limits(rows=limit))
    assert found.schema == table.schema(Read(text="text"))
    assert found.column_names == list(dict.fromkeys(key for row in rows for key in row)) == list(table.columns)
    assert sum(map(len, table.batches(Read(text="text"), Limits(rows=limit)))) == len(rows)
    for column in found.column_names:
        for value, row in zip(found[column].to_pylist(), rows, strict=True):
            assert same(value, row.get(column), found.schema.field(column).type)
    if found.num_columns:
        pq.write_table(found, tmp_path / "t.parquet")
        assert pq.read_table(tmp_path / "t.parquet").to_pylist() == found.to_pylist()


def test_late_keys_and_late_types_are_not_dropped(tmp_path: Path) -> None:
    content = (
        b'{"text": "a", "n": 1, "o": {"x": 1}}\n' * 5000 + b'{"text": "b", "n": 0.5, "late": true, "o": {"y": []}}'
    )
    found = whole(opened(tmp_path, content), Read(text="text"))
    assert found.num_rows == 5001
    assert found.slice(5000).to_pylist() == [{"text": "b", "n": 0.5, "o": {"x": None, "y": []}, "late": True}]


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        ([1, 2], pa.int64()),
        ([1, 0.5], pa.float64()),
        ([2**53 + 1, 0.5], pa.string()),
        ([2**63], pa.string()),
        ([True, 1], pa.string()),
        (["a", 1], pa.string()),
        ([None], pa.string()),
        ([[], [1]], pa.list_(pa.int64())),
        ([{}, {"a": 1}], pa.struct([("a", pa.int64())])),
        ([{}], pa.string()),
        ([[1], {"a": 1}], pa.string()),
    ],
)
def test_one_type_holds_all_values_of_a_key(tmp_path: Path, found: list[Any], kind: pa.DataType) -> None:
    table = opened(tmp_path, b"".join(json.dumps({"v": value}).encode() + b"\n" for value in found))
    assert table.schema(Read(text="v")).field("v").type == kind
    for value, line in zip(whole(table, Read(text="v"))["v"].to_pylist(), found, strict=True):
        assert same(value, line, kind)


BROKEN = {
    b'{"text": "a"': "no JSON: expecting ',' delimiter",
    b"text,n": "no JSON: expecting value",
    b'{"text": "a"} {"text": "b"}': "no JSON: extra data",
    b"{'text': 'a'}": "no JSON: expecting property name enclosed in double quotes",
    b"[1]": "no object",
    b'"text"': "no object",
    b"null": "no object",
    b'{"text": "\xff"}': "not utf-8: byte 0xff",
    b'{"text": "\xed\xa0\x80"}': "not utf-8: byte 0xed",
    b'{"a": "\\ud83d"}': "a lone surrogate",
    b'{"\\udc00": 1}': "a lone surrogate",
    b'{"text": "a", "text": "b"}': "a key stands twice in an object",
    b'{"o": {"a": 1, "a": 2}}': "a key stands twice in an object",
    b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}": "nested too deeply",
    b'{"a": ' + b"[" * 99_999 + b"]" * 99_999 + b"}": "nested too deeply",
    b'{"a": ' + b"1" * 9999 + b"}": "a number of too many digits",
    b"\x00" * 50: "no JSON: expecting value",
}


@pytest.mark.parametrize(("line", "reason"), BROKEN.items(), ids=[f"{line[:20]!r}" for line in BROKEN])
def test_a_broken_line_is_set_aside_as_it_stood(tmp_path: Path, line: bytes, reason: str) -> None:
    table = opened(tmp_path, b'{"text": "a"}\n\n' + line + b'\r\n{"text": "b"}\n')
    for read in (UNTYPED, Read(text="text")):
        rejected: list[Rejected] = []
        assert sum(map(len, table.batches(read, Limits(), on_rejected=rejected.append))) == 2
        assert [(each.line, each.reason) for each in rejected] == [(3, reason)]
        assert rejected[0].text.encode("utf-8", "surrogateescape") == line
        assert table.survey(read, on_rejected=rejected.append).rows == 2
        assert rejected[1] == rejected[0]
        kept = json.loads(rejected_line(rejected[0]))
        assert kept == {"line": 3, "reason": reason, "text": rejected[0].text}
        with pytest.raises(
            TableError, match=r"r\.jsonl: line 3: .*; mend the line, or set it aside with --on-bad-rows"
        ):
            table.survey(read)


@pytest.mark.parametrize(
    "line",
    [
        b'{"a": "\\ud83d\\ude00"}',
        b'{"a": NaN, "b": -Infinity}',
        b'{"a": "\\\\ud83d"}',
        b'{"a": [' + b"[],[]," * 200 + b"1]}",
    ],
)
def test_what_looks_broken_may_be_whole(line: bytes) -> None:
    assert parse(line)


@ANY_SIZE
@given(content=st.lists(objects.flatmap(written) | st.binary(max_size=12).map(lambda line: line + b"\n"), max_size=8))
def test_every_line_is_a_row_or_rejected_or_blank(tmp_path: Path, content: list[bytes]) -> None:
    content = [b'{"text": "first"}\n', *b"".join(content).splitlines(keepends=True)]
    content = b"".join(content).split(b"\n")
    table = opened(tmp_path, b"\n".join(content))
    rejected: list[Rejected] = []
    found = [
        line.as_py()
        for batch in table.batches(UNTYPED, Limits(rows=3), on_rejected=rejected.append)
        for line in batch.rows["line"]
    ]
    there = Counter(line.rstrip(b"\r") for line in content if line.strip())
    assert (
        Counter(line.rstrip(b"\r\n") for line in found)
        + Counter(each.text.encode("utf-8", "surrogateescape") for each in rejected)
        == there
    )
    assert all(
        content[each.line - 1].rstrip(b"\r").decode("utf-8", "surrogateescape") == each.text for each in rejected
    )
    assert table.survey(UNTYPED, on_rejected=rejected.append).rows == len(found)


@ANY_SIZE
@given(content=lines, rows=st.integers(1, 9), size=st.integers(1, 200))
@pytest.mark.parametrize("typed", [True, False])
def test_limits_change_nothing(tmp_path: Path, content: list[bytes], typed: bool, rows: int, size: int) -> None:
    table = opened(tmp_path, b"".join(content))
    read = Read(text="text", label="stars", typed=typed)
    batches = list(table.batches(read, Limits(rows=rows, size=size)))
    (at_once,) = table.batches(read, Limits())
    assert [text for batch in batches for text in batch.texts] == at_once.texts
    assert [label for batch in batches for label in batch.labels] == at_once.labels
    if at_once.rows.num_columns:
        assert pa.concat_tables(batch.rows for batch in batches).equals(at_once.rows)
    assert all(len(batch) <= rows for batch in batches)


def test_a_text_is_a_string_and_any_other_value_is_none(tmp_path: Path) -> None:
    table = opened(tmp_path, b'{"text": "a"}\n{"text": null}\n{"n": 1}\n{"text": 5}\n{"text": ["a"]}\n{"text": ""}\n')
    (batch,) = table.batches(UNTYPED, Limits())
    assert batch.texts == ["a", None, None, None, None, ""]
    table.check_text("text")
    with pytest.raises(TableError, match=r"column 'n': wanted text, found numbers; name another with --text-column"):
        table.check_text("n")


def test_label_values_are_counted(tmp_path: Path) -> None:
    table = opened(
        tmp_path, b'{"text": "a", "s": 1}\n{"text": "a", "s": NaN}\n{"text": "a"}\n{"text": "a", "s": "x"}\n'
    )
    read = Read(text="text", label="s", typed=False)
    assert table.survey(read).labels == {1: 1, None: 2, "x": 1}
    (batch,) = table.batches(read, Limits())
    assert batch.labels == [1, None, None, "x"]
    assert table.survey(UNTYPED).labels is None


@pytest.mark.parametrize("label", [b'{"s": [1]}\n', b"".join(b'{"s": %d}\n' % n for n in range(1001))])
def test_values_that_are_no_labels_are_not_counted(tmp_path: Path, label: bytes) -> None:
    table = opened(tmp_path, b'{"s": 1}\n' + label)
    assert table.survey(Read(text="text", label="s")).labels is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found an empty file; check what writes it"),
        (b"\n\n", "found an empty file; check what writes it"),
        (b'{"text": "a"\n[]\n', "found none (line 1: no JSON: expecting ',' delimiter); check what writes it"),
        (b"{" + b",".join(b'"%d": 1' % key for key in range(4097)) + b"}", "found more than 4,096 different keys"),
    ],
)
def test_a_file_without_rows_says_so(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(TableError) as caught:
        opened(tmp_path, content)
    assert said in str(caught.value)


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"line 1: wanted a JSON object, found more than 64 MB without a line end"):
        opened(tmp_path, b'{"text": "' + b"a" * (1 << 26) + b'"}')


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("", None), (".gz", gzip), (".GZ", gzip), (".zst", zstd), (".bz2", bz2), (".xz", lzma)],
)
def test_a_compressed_file_is_written_compressed(tmp_path: Path, ending: str, pack: Any) -> None:
    content = b'{"text": "a"}\n{"text": "b"}\n'
    table = opened(tmp_path, pack.compress(content) if pack else content, f"r.json{ending}")
    found = copied(table, tmp_path / f"out.json{ending}", UNTYPED, 1)
    assert found == copied(table, tmp_path / f"again.json{ending}", UNTYPED, 1)
    found = pack.decompress(found) if pack else found
    assert pl.read_ndjson(io.BytesIO(found)).columns == ["text", *NAMES]


def test_probabilities_have_the_shortest_digits_that_give_them(tmp_path: Path) -> None:
    table = opened(tmp_path, b"{}\n" * 2000)
    probabilities = np.random.default_rng(7).random(2000, dtype=np.float32) ** 9
    probabilities[:4] = 0, 1, 1e-38, 0.1
    with write_json_lines(tmp_path / "out.jsonl") as writer:
        for batch in table.batches(UNTYPED, Limits()):
            writer.add(batch, pa.table({"p": pa.array(probabilities, pa.float32())}))
    rows = [json.loads(line)["p"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert np.array_equal(np.array(rows, np.float32), probabilities)
    assert all(len(repr(row)) <= len(str(of)) + 2 for row, of in zip(rows, probabilities, strict=True))
    assert rows[3] == 0.1


def test_an_output_is_whole_or_absent_and_its_rows_are_counted(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    (batch,) = opened(tmp_path, b'{"text": "a"}\n').batches(UNTYPED, Limits())
    with pytest.raises(RuntimeError), write_json_lines(target) as writer:
        writer.add(batch, predictions(1))
        raise RuntimeError
    double = Batch(texts=["a"], labels=[], rows=pa.table({"line": [b'{"text": "a"}\n\n']}))
    with (
        pytest.raises(OutputError, match=r"out\.jsonl: wanted 1 rows, found 2 in what was written"),
        write_json_lines(target) as writer,
    ):
        writer.add(double, predictions(1))
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_a_prefix_is_part_of_the_names(tmp_path: Path) -> None:
    (batch,) = opened(tmp_path, b'{"score_status": "mine"}\n').batches(UNTYPED, Limits())
    with write_json_lines(tmp_path / "out.jsonl") as writer:
        writer.add(batch, predictions(1, "new_"))
    assert json.loads((tmp_path / "out.jsonl").read_text())["new_score_status"] == "ok"


def test_nothing_is_a_number_that_json_cannot_hold() -> None:
    with pytest.raises(BrokenLine):
        parse(b'{"a": .5}')
    assert math.isnan(parse(b'{"a": NaN}')["a"])


def test_a_number_that_no_float_holds_stays_as_it_is_spelled(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text":"a","k":1e400,"d":0.1,"e":0.5}\n{"text":"b","k":1.5,"d":12345678901234567890.5,"e":2}\n')
    table = open_json_lines(path)
    (batch,) = table.batches(Read(text="text"), Limits())
    assert batch.rows.select(["k", "d", "e"]).to_pydict() == {
        "k": ["1e400", "1.5"],
        "d": ["0.1", "12345678901234567890.5"],
        "e": [0.5, 2.0],
    }
