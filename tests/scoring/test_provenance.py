"""What came from the same is taken up again, and a difference has a name."""

import json

from hypothesis import given
from hypothesis import strategies as st

from jobs.provenance import Provenance, code, scoring_code

values = st.integers(0, 3) | st.text(max_size=3) | st.lists(st.integers(0, 3) | st.none(), max_size=2)
parts = st.dictionaries(st.sampled_from("abcde"), values, max_size=5)


@given(parts, parts)
def test_records_differ_where_their_parts_do(one: dict[str, object], other: dict[str, object]) -> None:
    found = Provenance(parts=one).differs(json.loads(json.dumps(other)))
    as_read = [json.loads(json.dumps(each)) for each in (one, other)]
    assert found == sorted(name for name in one.keys() | other.keys() if as_read[0].get(name) != as_read[1].get(name))
    if not found and one.keys() == other.keys():
        assert Provenance(parts=one).digest == Provenance(parts=other).digest


def test_what_is_no_record_differs_in_everything() -> None:
    assert Provenance(parts={"b": 1, "a": 2}).differs("rubbish") == ["a", "b"]


def test_a_part_that_is_left_out_no_longer_counts() -> None:
    one, other = (Provenance(parts={"input": "x", "written": way}) for way in ("csv", "parquet"))
    assert one.digest != other.digest
    assert one.without("written").digest == other.without("written").digest


def test_code_is_told_by_its_source() -> None:
    assert code("sentiment_core.text") != code("sentiment_core.scorer")
    assert code("data") != code("data.table")
    assert {"code", "onnxruntime", "tokenizers"} <= scoring_code().keys()
