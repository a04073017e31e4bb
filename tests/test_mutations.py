"""Files as nobody should write them: whatever the bytes, rows or one error, never a traceback, never a lost line."""

import io
import os
import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest

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


def mutate(content: bytes, dice: random.Random) -> bytes:
    """Change, drop, repeat or cut bytes here and there."""
    mutated = bytearray(content)
    for _ in range(dice.choice([1, 1, 2, 8])):
        at = dice.randrange(len(mutated))
        match dice.randrange(5):
            case 0:
                mutated[at] = dice.randrange(256)
            case 1:
                del mutated[at : at + dice.choice([1, 4, 50])]
            case 2:
                mutated[at:at] = mutated[at : at + dice.choice([1, 4, 50])]
            case 3:
                mutated[at:at] = bytes(dice.choices(b'",;\t{}\r\n\x00\xff\xef\xbb\xbf', k=dice.choice([1, 3])))
            case _:
                mutated[at:] = b"" if dice.random() < 0.2 else mutated[at:]
        if not mutated:
            return b""
    return bytes(mutated)


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
