"""Files as nobody should write them: whatever the bytes, rows or one error, never a traceback, never a lost line."""

import csv
import io
import os
import random
from pathlib import Path

import polars as pl
import pytest
from data.dialect import Dialect
from data.records import Records, Rejected
from data.tables import scan
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentiment_core.errors import TableError

# SENTIMENT_MUTATIONS=10000 for the long version.
MUTATIONS = int(os.environ.get("SENTIMENT_MUTATIONS", "400"))


def whole(name: str) -> bytes:
    frame = pl.DataFrame(
        {
            "text": ["caf\u00e9 good", None, 'a "quoted" one', "two\nlines", ""] * 40,
            "label": [1, 0, None, 1, 0] * 40,
            "extra": [{"x": [1.5]}, None, {"x": []}, {"x": None}, {"x": [0.0]}] * 40,
        }
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer) if name.endswith("parquet") else frame.drop("extra").write_csv(buffer)
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
                mutated[at:at] = bytes(dice.choices(b'",;\r\n\x00\xff\xef\xbb\xbf', k=dice.choice([1, 3])))
            case _:
                mutated[at:] = b"" if dice.random() < 0.2 else mutated[at:]
        if not mutated:
            return b""
    return bytes(mutated)


@pytest.mark.parametrize("name", ["m.parquet", "m.csv"])
def test_any_bytes_give_rows_or_one_error(name: str, tmp_path: Path) -> None:
    dice, content, read = random.Random(3), whole(name), 0
    for _ in range(MUTATIONS // 2):
        (tmp_path / name).write_bytes(mutate(content, dice))
        rejected: list[Rejected] = []
        try:
            table = scan(tmp_path / name)
            rows = sum(map(len, table.batches(64, on_rejected=rejected.append)))
            assert table.count(on_rejected=lambda each: None) == rows
            read += 1
        except TableError as error:
            assert "\n" not in str(error)
            assert str(error).startswith(str(tmp_path / name))
    assert read > 0


alphabet = st.text(st.sampled_from('ab,;"\r\n\x00\u00e9'), max_size=40)


@given(text=alphabet, newline=st.sampled_from(["\n", "\r\n", "\r"]))
def test_no_line_is_lost_whatever_the_quotes(text: str, newline: str) -> None:
    """Every letter that is no quote, separator or line end comes out in a cell or in a rejected line."""
    dialect = Dialect(encoding="utf-8", newline=newline, separator=",")
    records = Records(iter(text.split("\r" if newline == "\r" else "\n")), dialect)
    found = [records.header, *records]
    kept = "".join(
        each.text if isinstance(each, Rejected) else "".join(cell or "" for cell in each or []) for each in found
    )
    for letter in "ab;\x00\u00e9":
        assert kept.count(letter) == text.count(letter)


cells = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=2, max_size=2)
# A quote that is never closed may make a record with what follows; see test_faults.py for those.
broken = st.sampled_from(["one field", "a,b,c", '"a" b,c'])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lines=st.lists(cells | broken, max_size=12), newline=st.sampled_from(["\n", "\r\n"]))
def test_broken_lines_cost_no_other(tmp_path: Path, lines: list[list[str] | str], newline: str) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=newline, quoting=csv.QUOTE_ALL)
    writer.writerow(["text", "more"])
    for line in lines:
        buffer.write(line + newline) if isinstance(line, str) else writer.writerow(line)
    (tmp_path / "x.csv").write_bytes(buffer.getvalue().encode())
    rejected: list[Rejected] = []
    rows = pl.concat(scan(tmp_path / "x.csv").batches(3, on_rejected=rejected.append)).rows()
    assert [list(row) for row in rows] == [line for line in lines if isinstance(line, list)]
    assert [each.text for each in rejected] == [line for line in lines if isinstance(line, str)]
