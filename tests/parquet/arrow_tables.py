"""Arrow tables of every type that Parquet can hold, as Hypothesis draws them, and what is done with them."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from data.parquet.table import open_parquet
from data.parquet.writer import open_parquet_writer
from data.predictions import columns
from data.table import Limits, Read
from sentiment_core.scorer import Predictions

TEXTS = st.none() | st.text(st.characters(codec="utf-8"), max_size=12)
_WHOLE = {
    pa.int8(): st.integers(-(2**7), 2**7 - 1),
    pa.uint8(): st.integers(0, 2**8 - 1),
    pa.int16(): st.integers(-(2**15), 2**15 - 1),
    pa.uint16(): st.integers(0, 2**16 - 1),
    pa.int32(): st.integers(-(2**31), 2**31 - 1),
    pa.uint32(): st.integers(0, 2**32 - 1),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.date32(): st.integers(-(2**31), 2**31 - 1),
    pa.time32("s"): st.integers(0, 86_399),
    pa.time32("ms"): st.integers(0, 86_399_999),
    pa.time64("us"): st.integers(0, 86_399_999_999),
    pa.time64("ns"): st.integers(0, 86_399_999_999_999),
    pa.timestamp("s"): st.integers(-(2**40), 2**40),
    pa.timestamp("ms", "UTC"): st.integers(-(2**60), 2**60),
    pa.timestamp("us", "Europe/Berlin"): st.integers(-(2**60), 2**60),
    pa.timestamp("ns"): st.integers(-(2**60), 2**60),
    pa.duration("us"): st.integers(-(2**60), 2**60),
}
_LEAVES: list[st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[object]]]] = [
    *(st.just((kind, values)) for kind, values in _WHOLE.items()),
    st.just((pa.bool_(), st.booleans())),
    st.just((pa.float32(), st.floats(width=32, allow_nan=False))),
    st.just((pa.float64(), st.floats(allow_nan=False))),
    st.just((pa.null(), st.none())),
    *(st.just((kind, st.text(max_size=9))) for kind in (pa.string(), pa.large_string())),
    *(st.just((kind, st.binary(max_size=9))) for kind in (pa.binary(), pa.large_binary())),
    st.just((pa.binary(3), st.binary(min_size=3, max_size=3))),
    st.just((pa.dictionary(pa.int8(), pa.string()), st.sampled_from(["one", "two", "three"]))),
    st.just((pa.dictionary(pa.int32(), pa.large_string(), ordered=True), st.text(max_size=3))),
    st.just((pa.decimal32(9, 2), st.integers(-(10**6), 10**6))),
    st.just((pa.decimal128(38, 5), st.integers(-(10**30), 10**30))),
    st.just((pa.decimal256(76, 5), st.integers(-(10**70), 10**70))),
]
# pyarrow makes none of these within another type, or cuts none to row groups.
_EXTENSIONS = [
    st.just((pa.string_view(), st.text(max_size=20))),
    st.just((pa.uuid(), st.binary(min_size=16, max_size=16))),
    st.just((pa.bool8(), st.sampled_from([0, 1]))),
    st.just((pa.json_(), st.sampled_from(["{}", '"a"']))),
    st.just((pa.opaque(pa.int32(), "point", "somebody"), st.integers(0, 9))),
    st.just((pa.fixed_shape_tensor(pa.int8(), [2]), st.just([1, 2]))),
]


def _nested(
    inner: st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[object]]],
) -> st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[object]]]:
    def list_of(each: tuple[pa.DataType, st.SearchStrategy[object]]) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        return pa.list_(each[0]), st.lists(st.none() | each[1], max_size=3)

    def struct_of(each: tuple[pa.DataType, st.SearchStrategy[object]]) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        return pa.struct([("x.y", each[0]), ("z", pa.int8())]), st.fixed_dictionaries(
            {"x.y": st.none() | each[1], "z": st.none()}
        )

    def map_of(each: tuple[pa.DataType, st.SearchStrategy[object]]) -> tuple[pa.DataType, st.SearchStrategy[object]]:
        return pa.map_(pa.string(), each[0]), st.lists(st.tuples(st.text(max_size=3), st.none() | each[1]), max_size=3)

    return inner.map(list_of) | inner.map(struct_of) | inner.map(map_of)


TYPES = st.recursive(st.one_of(_LEAVES), _nested, max_leaves=3) | st.one_of(_EXTENSIONS)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    """A table whose column `text` is a review, beside others of any type, name and metadata."""
    rows = draw(st.integers(0, 12))
    names = draw(st.lists(st.text(st.characters(codec="utf-8", categories=("L", "P", "S")), min_size=1), max_size=4))
    fields, arrays = [], []
    for name in dict.fromkeys(name for name in names if name != "text"):
        kind, values = draw(TYPES)
        nullable = pa.types.is_null(kind) or draw(st.booleans())
        drawn = draw(st.lists((st.none() | values) if nullable else values, min_size=rows, max_size=rows))
        fields.append(pa.field(name, kind, nullable, draw(st.sampled_from([None, {"unit": "stars"}]))))
        arrays.append(array(drawn, kind))
    fields.insert(draw(st.integers(0, len(fields))), pa.field("text", pa.string()))
    place = [field.name for field in fields].index("text")
    arrays.insert(place, pa.array(draw(st.lists(TEXTS, min_size=rows, max_size=rows)), pa.string()))
    return pa.table(arrays, pa.schema(fields, draw(st.sampled_from([None, {"made": "by hand", "pandas": "{}"}]))))


def array(values: list[object], kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(kind, pa.array(values, kind.storage_type))
    return pa.array(values, kind)


def read(path: Path) -> pa.Table:
    file = pq.ParquetFile(path, coerce_int96_timestamp_unit="us")
    # One by one, as pyarrow reads no dictionary within another type across groups.
    groups = [file.read_row_group(place) for place in range(file.num_row_groups)]
    return pa.concat_tables(groups) if groups else file.read()


def made_up(rows: int) -> Predictions:
    """Predictions with and without a score."""
    status = np.array(["ok", "null", "truncated"] * rows)[:rows].astype(np.str_)
    return Predictions(
        label=np.arange(rows, dtype=np.int8) % 2,
        probability=np.linspace(0, 1, rows, dtype=np.float32),
        token_count=np.arange(rows, dtype=np.uint32),
        status=status,
    )


def copy(source: Path, target: Path, limits: Limits | None = None, kept: tuple[str, ...] | None = None) -> None:
    """Write what scoring writes of `source`."""
    table = open_parquet(source)
    columns_read = Read(text="text", kept=kept)
    with open_parquet_writer(target, table.schema(columns_read), "p_", source) as writer:
        for batch in table.batches(columns_read, limits or Limits()):
            writer.add(batch, columns(made_up(len(batch)), "p_"))
