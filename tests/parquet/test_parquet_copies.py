"""Whatever a Parquet file holds, its scored copy holds too, as pyarrow reads both."""

from collections.abc import Callable
from itertools import chain
from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from arrow_tables import copy, read, tables
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.parquet.annotations import _SCHEMA, _elements, _footer, _Reader, _size_of_list, _struct
from data.table import Limits

NEW = ["p_predicted_label", "p_positive_probability", "p_token_count", "p_score_status"]


def assert_same(source: Path, target: Path) -> None:
    wanted, found = read(source), read(target)
    assert found.column_names == [*wanted.column_names, *NEW]
    kept = found.select(wanted.column_names)
    assert kept.schema.equals(wanted.schema, check_metadata=True)
    for mine, theirs in zip(kept.columns, wanted.columns, strict=True):
        # The second where places in a dictionary are equal, and the dictionary has grown.
        assert all(a.equals(b) or str(a) == str(b) for a, b in zip(mine, theirs, strict=True))
    footers = [pq.read_metadata(path).metadata or {} for path in (source, target)]
    assert {key for key in footers[0] if key != b"ARROW:schema"} <= footers[1].keys()
    leaves = [pq.ParquetFile(path).schema for path in (source, target)]
    for mine, theirs in zip(leaves[1], leaves[0], strict=False):
        if mine.physical_type == theirs.physical_type:
            assert str(mine.logical_type) == str(theirs.logical_type)


@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=150)
@given(
    table=tables(), limits=st.builds(Limits, rows=st.integers(1, 5), size=st.integers(1, 200)), group=st.integers(1, 9)
)
def test_types_nullability_metadata_and_values_stay(
    tmp_path: Path, table: pa.Table, limits: Limits, group: int
) -> None:
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=group)
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet", limits)
    assert_same(tmp_path / "in.parquet", tmp_path / "out.parquet")


ROWS = 500
SAMPLE = pa.table(
    {
        "text": [f"fine thing number {row % 40}" for row in range(ROWS)],
        "n": pa.array(range(ROWS), pa.int64()),
        "f": pa.array([row / 7 for row in range(ROWS)], pa.float32()),
        "day": pa.array(range(ROWS), pa.date32()),
        "tags": [["a", None], [], None, ["b"]] * (ROWS // 4),
        "when": pa.array([row * 1000 for row in range(ROWS)], pa.timestamp("ns")),
        "price": pa.array(range(ROWS), pa.decimal256(70, 3)),
    }
)


@pytest.mark.parametrize(
    "options",
    [
        {"version": "1.0"},
        {"version": "2.4", "data_page_version": "2.0"},
        {"compression": "none"},
        *({"compression": codec} for codec in ("snappy", "gzip", "brotli", "lz4", "zstd")),
        {"use_dictionary": False, "column_encoding": {"text": "DELTA_BYTE_ARRAY", "n": "DELTA_BINARY_PACKED"}},
        {"use_dictionary": False, "column_encoding": {"text": "DELTA_LENGTH_BYTE_ARRAY", "f": "BYTE_STREAM_SPLIT"}},
        {"row_group_size": 7},
        {"data_page_size": 64, "write_batch_size": 4},
        {"store_schema": False},
        {"use_deprecated_int96_timestamps": True},
        {"write_page_checksum": True, "write_page_index": True},
        {"store_decimal_as_integer": True},
        {"use_compliant_nested_type": False},
    ],
    ids=str,
)
def test_however_pyarrow_wrote_it(tmp_path: Path, options: dict[str, object]) -> None:
    pq.write_table(SAMPLE, tmp_path / "in.parquet", **options)
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert_same(tmp_path / "in.parquet", tmp_path / "out.parquet")


def by_polars(path: Path) -> None:
    pl.DataFrame(
        {
            "text": pl.Series(["a", None, "c"], dtype=pl.Categorical),
            "kind": pl.Series(["x", "y", "x"], dtype=pl.Enum(["y", "x"])),
            "list": [[1], [], None],
            "nested": [{"x": 1.5, "y": "z"}] * 3,
            "wide": pl.Series([1, 2, None], dtype=pl.Int128).cast(pl.Decimal(38, 2)),
            "none": pl.Series([None] * 3, dtype=pl.Null),
        }
    ).write_parquet(path)


def by_duckdb(path: Path) -> None:
    duckdb.sql(
        "SELECT 'so so' AS text, 'a'::ENUM ('b', 'a') AS enum, INTERVAL 3 DAY AS step, uuid() AS id, "
        "'12:00:00+00'::TIMETZ AS utc, TIME '12:00:00' AS time, '{}'::JSON AS json, DATE '9999-01-01' AS far, "
        "1::HUGEINT AS huge, 1.5::DECIMAL(38, 3) AS price, [1, NULL] AS list, {'a': 1, 'b': [{'c': 'd'}]} AS struct, "
        "MAP {'k': 1} AS map, 'x'::BLOB AS blob, TIMESTAMPTZ '2024-01-01 00:00:00+00' AS zoned, '101'::BIT AS bits"
    ).write_parquet(str(path))


def by_another_language(path: Path) -> None:
    """Columns with an annotation that pyarrow does not know, and with BSON, which Arrow has no type for."""
    pq.write_table(
        pa.table({"text": ["a"], "new": [b"x"], "bson": [b"{}"], "list": [[b"x"]]}), path, store_schema=False
    )
    footer = _footer(path)
    elements = _elements(footer)
    elements[2] |= {10: (12, bytes([0xFC, 0x00, 0x00]) + b"")}  # a union's field 15
    elements[3] |= {6: (5, bytes([20 << 1])), 10: (12, bytes([0xDC, 0x00, 0x00]))}
    schema = _size_of_list(len(elements)) + b"".join(map(_struct, elements))
    changed = _struct(dict(_Reader(footer).fields()) | {_SCHEMA: (9, schema)})
    content = path.read_bytes()[: -8 - len(footer)]
    path.write_bytes(content + changed + len(changed).to_bytes(4, "little") + b"PAR1")


@pytest.mark.parametrize("write", [by_polars, by_duckdb, by_another_language])
def test_whoever_wrote_it(tmp_path: Path, write: Callable[[Path], None]) -> None:
    write(tmp_path / "in.parquet")
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert_same(tmp_path / "in.parquet", tmp_path / "out.parquet")


def test_an_unknown_annotation_is_one_to_keep(tmp_path: Path) -> None:
    by_another_language(tmp_path / "in.parquet")
    kinds = [str(leaf.logical_type) for leaf in pq.ParquetFile(tmp_path / "in.parquet").schema]
    assert kinds == ["String", "Undefined", "BSON", "None"]
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet", kept=("bson", "new"))
    kinds = [str(leaf.logical_type) for leaf in pq.ParquetFile(tmp_path / "out.parquet").schema]
    assert kinds[:2] == ["BSON", "Undefined"]


@pytest.mark.parametrize("name", ["reviews[1].parquet", "st*r?.parquet", "b{a,c}.parquet", "s3:x#%20.parquet"])
def test_a_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    pq.write_table(SAMPLE, tmp_path / name)
    copy(tmp_path / name, tmp_path / "out" / name)
    assert_same(tmp_path / name, tmp_path / "out" / name)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [name]


def test_others_read_the_copy_alike(tmp_path: Path) -> None:
    table = SAMPLE.drop(["price"])
    pq.write_table(table, tmp_path / "in.parquet", row_group_size=99)
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet")
    place = str(tmp_path / "out.parquet")
    wanted = pl.DataFrame(pq.read_table(place))
    assert wanted.schema["p_predicted_label"] == pl.Int8
    assert wanted.schema["p_positive_probability"] == pl.Float32
    assert wanted.schema["p_token_count"] == pl.UInt32
    assert wanted.schema["p_score_status"] == pl.String
    assert pl.read_parquet(place).equals(wanted)
    assert pl.DataFrame(pyarrow.dataset.dataset(place).to_table()).equals(wanted)
    assert pl.DataFrame(duckdb.read_parquet(place).to_arrow_table()).equals(wanted)


def test_a_dictionary_keeps_its_order_its_spare_values_and_its_rank(tmp_path: Path) -> None:
    kind = pa.dictionary(pa.int8(), pa.string(), ordered=True)
    sizes = pa.DictionaryArray.from_arrays(
        pa.array([2, 0, None, 1] * 50, pa.int8()), ["S", "M", "L", "XL"], ordered=True
    )
    pq.write_table(pa.table({"text": ["a"] * 200, "size": sizes}), tmp_path / "in.parquet", row_group_size=30)
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet", Limits(rows=7))
    found = read(tmp_path / "out.parquet").column("size")
    assert found.type == kind
    assert found.num_chunks == 1
    assert found.chunk(0).dictionary.to_pylist() == ["S", "M", "L", "XL"]
    assert found.to_pylist() == sizes.to_pylist()


def test_dictionaries_that_fit_into_no_one_stay_apart(tmp_path: Path) -> None:
    schema = pa.schema([("text", pa.string()), ("d", pa.dictionary(pa.int8(), pa.string()))])
    values = [[f"{group} {value}" for value in range(100)] for group in range(4)]
    with pq.ParquetWriter(tmp_path / "in.parquet", schema) as writer:
        for each in values:
            column = pa.DictionaryArray.from_arrays(pa.array(range(100), pa.int8()), each)
            writer.write_table(pa.table([pa.array(["a"] * 100), column], schema))
    copy(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert read(tmp_path / "out.parquet").column("d").to_pylist() == [*chain.from_iterable(values)]
