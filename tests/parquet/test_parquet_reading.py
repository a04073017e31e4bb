"""What is read of a Parquet file: texts, labels, only the columns asked for, in batches of bounded size."""

import math
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from arrow_tables import TEXTS, array, copy, tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.parquet.table import ParquetTable, open_parquet
from data.table import Limits, Read
from sentiment_core.errors import TableError


def written(path: Path, **columns: object) -> ParquetTable:
    pq.write_table(pa.table(columns), path)
    return open_parquet(path)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=50)
@given(
    table=tables(),
    rows=st.integers(1, 9),
    size=st.integers(1, 300),
    group=st.integers(1, 9),
    pick=st.randoms(use_true_random=False),
)
def test_limits_and_kept_columns_change_no_row(
    tmp_path: Path, table: pa.Table, rows: int, size: int, group: int, pick: "st.Random"
) -> None:
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=group)
    opened = open_parquet(tmp_path / "t.parquet")
    kept = tuple(pick.sample(opened.columns, pick.randint(0, len(opened.columns))))
    read = Read(text="text", kept=kept)
    small = list(opened.batches(read, Limits(rows=rows, size=size)))
    again = list(opened.batches(read, Limits(rows=rows, size=size)))
    assert [len(batch) for batch in small] == [len(batch) for batch in again]
    assert all(0 < len(batch) <= rows for batch in small)
    assert [text for batch in small for text in batch.texts] == table.column("text").to_pylist()
    assert all(batch.rows.schema.equals(opened.schema(read)) for batch in small)
    assert all(batch.rows.num_rows == len(batch) for batch in small)
    assert opened.survey(read).rows == len(table)


STRINGS = (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string()), pa.json_())
BYTES = (pa.binary(), pa.large_binary(), pa.dictionary(pa.int8(), pa.binary()))


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=15)
@given(texts=st.lists(TEXTS, min_size=1, max_size=9))
@pytest.mark.parametrize("kind", [*STRINGS, *BYTES], ids=str)
def test_text_is_text_however_it_is_stored(tmp_path: Path, kind: pa.DataType, texts: list[str | None]) -> None:
    table = written(tmp_path / "t.parquet", text=array(texts, kind), id=list(range(len(texts))))
    table.check_text("text")
    (batch,) = table.batches(Read(text="text", label="text"), Limits())
    assert list(batch.texts) == list(batch.labels) == texts


def test_fixed_bytes_and_nothing_but_nulls_are_text(tmp_path: Path) -> None:
    table = written(tmp_path / "t.parquet", fixed=pa.array([b"abc", None], pa.binary(3)), none=pa.nulls(2))
    for column, wanted in (("fixed", ["abc", None]), ("none", [None, None])):
        table.check_text(column)
        (batch,) = table.batches(Read(text=column), Limits())
        assert batch.texts == wanted


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2]),
        pa.array([["a"], ["b"]]),
        pa.array([{"a": "b"}] * 2),
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16] * 2, pa.binary(16))),
        pa.array([b"\xff\xfe", b"ok"]).take(pa.array([0, 0])),
    ],
    ids=lambda column: str(column.type),
)
def test_what_is_no_text_is_refused_by_its_type(tmp_path: Path, column: pa.Array) -> None:
    table = written(tmp_path / "t.parquet", other=column)
    found = "bytes that are no UTF-8" if column.type == pa.binary() else str(column.type).split("<")[0]
    with pytest.raises(TableError, match=f"column 'other': wanted text, found {found}.*--text-column"):
        table.check_text("other")


@pytest.mark.parametrize("kind", [pa.string(), pa.binary()], ids=str)
def test_a_text_that_is_no_utf8_keeps_its_place_and_its_bytes(tmp_path: Path, kind: pa.DataType) -> None:
    raw = [b"fine", b"cut in the mid\xc3", b"good"]
    table = written(tmp_path / "t.parquet", text=pa.array(raw).view(kind))
    table.check_text("text")
    (batch,) = table.batches(Read(text="text", label="text"), Limits())
    assert batch.texts == ["fine", None, "good"]
    assert batch.labels == ["fine", "cut in the mid\\xc3", "good"]
    assert batch.rows.column(0).cast(pa.binary()).to_pylist() == raw


@pytest.mark.parametrize(
    ("column", "counts"),
    [
        (pa.array([1, 1, None, 5], pa.int8()), {1: 2, None: 1, 5: 1}),
        (pa.array([math.nan, 1.0, math.nan, None]), {math.nan: 2, 1.0: 1, None: 1}),
        (pa.array([True, False, True, None]), {True: 2, False: 1, None: 1}),
        (array([1, 0, 1, None], pa.bool8()), {True: 2, False: 1, None: 1}),
        (pa.array(["pos", "neg", None, "pos"]).dictionary_encode(), {"pos": 2, "neg": 1, None: 1}),
        (pa.array([Decimal("4.5"), None] * 2), {Decimal("4.5"): 2, None: 2}),
        (pa.array([b"pos", b"neg"] * 2), {"pos": 2, "neg": 2}),
        (pa.nulls(4), {None: 4}),
    ],
    ids=lambda column: str(getattr(column, "type", "")),
)
def test_labels_are_counted_as_python_has_them(tmp_path: Path, column: pa.Array, counts: dict[object, int]) -> None:
    table = written(tmp_path / "t.parquet", text=["a"] * 4, label=column)
    read = Read(text="text", label="label")
    table.check_label("label")
    assert table.survey(read).labels == counts
    (batch,) = table.batches(read, Limits())
    assert {value: list(batch.labels).count(value) for value in batch.labels} == counts


@pytest.mark.parametrize(
    "column",
    [pa.array([["a"]]), pa.array([{"a": 1}]), pa.array([3], pa.timestamp("ns"))],
    ids=lambda column: column.type,
)
def test_a_column_that_cannot_hold_labels_is_scored_without(tmp_path: Path, column: pa.Array) -> None:
    table = written(tmp_path / "t.parquet", text=["a"], label=column)
    with pytest.raises(TableError, match=r"column 'label': wanted labels, found .*--label-column"):
        table.check_label("label")
    read = Read(text="text", label="label")
    assert table.survey(read).labels is None
    (batch,) = table.batches(read, Limits())
    assert batch.labels == []
    assert batch.rows.column("label").combine_chunks().equals(column)


@pytest.mark.parametrize("values", [map(str, range(1001)), ["many letters" * 2000 + str(row) for row in range(60)]])
def test_too_many_values_are_no_labels(tmp_path: Path, values: list[str]) -> None:
    labels = list(values)
    table = written(tmp_path / "t.parquet", text=labels, label=labels)
    assert table.survey(Read(text="text", label="label")).labels is None
    assert table.survey(Read(text="text", label="label")).rows == len(labels)


def test_a_broken_column_costs_nothing_where_it_is_not_read(tmp_path: Path) -> None:
    table = pa.table({"a.b": ["x" * 50], "a": [{"b": "y" * 50}], "text": ["z" * 50]})
    pq.write_table(table, tmp_path / "t.parquet", compression="none", use_dictionary=False, write_statistics=False)
    content = (tmp_path / "t.parquet").read_bytes()
    assert content.count(b"\x32\0\0\0" + b"y" * 50) == 1
    (tmp_path / "t.parquet").write_bytes(content.replace(b"\x32\0\0\0" + b"y" * 50, b"\xff\0\0\0" + b"y" * 50))
    copy(tmp_path / "t.parquet", tmp_path / "out.parquet", kept=("a.b",))
    assert pq.read_table(tmp_path / "out.parquet").column("a.b").to_pylist() == ["x" * 50]
    with pytest.raises(TableError, match=r"t\.parquet: column 'a': cannot be read as Parquet: .* write it again"):
        copy(tmp_path / "t.parquet", tmp_path / "out.parquet")


def faulty(kind: str, folder: Path) -> Path:
    path = folder / "t.parquet"
    written(path, text=["a"] * 100)
    content = path.read_bytes()
    if kind == "cut":
        path.write_bytes(content[:-20])
    elif kind == "encrypted":
        path.write_bytes(content[:-4] + b"PARE")
    elif kind == "twice":
        pq.write_table(pa.Table.from_arrays([pa.array(["a"])] * 2, ["x", "x"]), path)
    elif kind == "absent":
        path.unlink()
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    elif kind == "empty":
        path.write_bytes(b"")
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("cut", "cannot be read as Parquet: .*check that the file is whole"),
        ("empty", "cannot be read as Parquet: .*check that the file is whole"),
        ("encrypted", "found an encrypted one; decrypt it first"),
        ("twice", "wanted columns of different names, found 'x' twice or more"),
        ("absent", "cannot be read: No such file or directory"),
        ("folder", "is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_with_its_cause(tmp_path: Path, kind: str, message: str) -> None:
    with pytest.raises(TableError, match=message) as found:
        open_parquet(faulty(kind, tmp_path))
    assert "\n" not in str(found.value)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    table = written(tmp_path / "t.parquet", text=["a"])
    with pytest.raises(TableError, match="wanted a column 'stars', found text"):
        table.schema(Read(text="text", kept=("stars",)))


_LAUNCHER = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-c", *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""
_COPY = "import sys; from pathlib import Path; from arrow_tables import copy; copy(*map(Path, sys.argv[1:]))"


def peak_of_a_copy(source: Path) -> int:
    """Copy in a process of its own; return its largest resident size in MB."""
    command = [sys.executable, "-c", _LAUNCHER, _COPY, str(source), str(source.with_name("out.parquet"))]
    paths = {"PYTHONPATH": ":".join([str(Path(__file__).parent), str(Path(__file__).parents[2])])}
    return int(subprocess.run(command, capture_output=True, text=True, check=True, env=paths).stdout)


@pytest.fixture(scope="session")
def ceiling(tmp_path_factory: pytest.TempPathFactory) -> int:
    """What a copy of any file may take: 200 MB more than that of one row."""
    path = tmp_path_factory.mktemp("little") / "t.parquet"
    pq.write_table(long_texts(1, 40), path)
    return peak_of_a_copy(path) + 200


def long_texts(rows: int, letters: int) -> pa.Table:
    return pa.table({"text": [f"{row} fine words " * (letters // 14) for row in range(rows)]})


@pytest.mark.parametrize(
    ("parts", "group"),
    [
        ([(60, 1_000_000)], 60),
        ([(80_000, 3000)], 80_000),
        ([(20_000, 40), (60, 1_000_000), (20_000, 40)], 100),
        ([(100, 40), (4, 15_000_000)], 4),
    ],
)
def test_memory_does_not_grow_with_the_rows(
    tmp_path: Path, ceiling: int, parts: list[tuple[int, int]], group: int
) -> None:
    table = pa.concat_tables(long_texts(*part) for part in parts)
    pages = {"write_batch_size": 1, "data_page_size": 1 << 16, "compression": "none"}
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=group, **pages)
    assert peak_of_a_copy(tmp_path / "t.parquet") < ceiling


@pytest.mark.parametrize("encoded", [False, True])
def test_a_text_that_a_dictionary_repeats_is_held_a_few_times_at_most(
    tmp_path: Path, ceiling: int, encoded: bool
) -> None:
    column = pa.array(["short"] * 10_000 + ["long " * 200_000] * 400)
    pq.write_table(pa.table({"text": column.dictionary_encode() if encoded else column}), tmp_path / "t.parquet")
    assert peak_of_a_copy(tmp_path / "t.parquet") < ceiling
