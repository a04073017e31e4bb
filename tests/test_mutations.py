"""Files as nobody should write them: whatever the bytes, rows or one error, never a traceback, never a lost line."""

import io
import os
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from conftest import mutate

from data.files import open_table, open_writer
from data.predictions import columns
from data.table import Format, Limits, Read, Rejected
from sentiment_core.errors import OutputError, TableError
from sentiment_core.scorer import Predictions, Status

# SENTIMENT_MUTATIONS=10000 for the long version, over all formats.
MUTATIONS = int(os.environ.get("SENTIMENT_MUTATIONS", "400"))
NAMES = ("m.parquet", "m.csv", "m.tsv", "m.jsonl")


def whole(name: str) -> bytes:
    frame = pl.DataFrame(
        {
            "text": ["caf\u00e9 good", None, 'a "quoted" one', "two, or\nmore", ""] * 40,
            "label": [1, 0, None, 1, 0] * 40,
            "extra": [{"x": [1.5]}, None, {"x": []}, {"x": None}, {"x": [0.0]}] * 40,
        }
    )
    buffer = io.BytesIO()
    match name.rsplit(".", maxsplit=1)[-1]:
        case "parquet":
            frame.write_parquet(buffer)
        case "jsonl":
            frame.write_ndjson(buffer)
        case "csv":
            frame.drop("extra").write_csv(buffer)
        case _:
            flat = frame.drop("extra").with_columns(pl.col("text").str.replace("\n", " "))
            flat.write_csv(buffer, separator="\t", quote_style="never")
    return buffer.getvalue()


def predictions(rows: int) -> Predictions:
    return Predictions(
        label=np.ones(rows, dtype=np.int8),
        probability=np.full(rows, 0.75, dtype=np.float32),
        token_count=np.ones(rows, dtype=np.uint32),
        status=np.full(rows, Status.OK),
    )


def copied(path: Path, target: Path) -> tuple[int, int, int, int]:
    """Read `path` and write it on; return rows and broken lines as surveyed, and as read."""
    surveyed: list[Rejected] = []
    read: list[Rejected] = []
    table = open_table(path)
    table.check_text("text")
    what = Read(text="text", typed=table.format is not Format.JSON_LINES)
    counted = table.survey(what, on_rejected=surveyed.append).rows
    rows = 0
    with open_writer(target, table.format, table, what, "new_") as writer:
        for batch in table.batches(what, Limits(rows=64), on_rejected=read.append):
            writer.add(batch, columns(predictions(len(batch)), "new_"))
            rows += len(batch)
    return counted, len(surveyed), rows, len(read)


@pytest.mark.parametrize("name", NAMES)
def test_any_bytes_give_rows_or_one_error(name: str, tmp_path: Path) -> None:
    dice, content, scored = random.Random(3), whole(name), 0
    path = tmp_path / name
    for _ in range(MUTATIONS // len(NAMES)):
        path.write_bytes(mutate(content, dice))
        try:
            if "text" not in open_table(path).columns:
                continue
            counted, surveyed, rows, read = copied(path, tmp_path / f"out-{name}")
        except (TableError, OutputError) as error:
            assert "\n" not in str(error)
            assert str(error).startswith(str(tmp_path))
            continue
        assert (counted, surveyed) == (rows, read)
        scored += 1
    assert scored > MUTATIONS // len(NAMES) // 20
    assert not list(tmp_path.glob(".*"))  # nothing is left behind under a temporary name
