"""Files as nobody should write them: rows or one error, the same rows again when written, never a traceback."""

import csv
import io
import os
import random
from pathlib import Path

import pytest
from conftest import mutate
from delimited_files import opened, read_again, rewritten, rows_of

from data.delimited.layout import Layout
from data.table import Read, Rejected
from sentiment_core.errors import TableError

# SENTIMENT_MUTATIONS=10000 for the long version.
MUTATIONS = int(os.environ.get("SENTIMENT_MUTATIONS", "400")) // 4
ROWS = [
    ["text", "label", "day"],
    *[["caf\u00e9 good", "1", "2019-01-02"], ['a "quoted" one', "0", "3"], ["two\nlines, and", "", "4"], ["", "0", ""]]
    * 20,
]


def whole(kind: str) -> bytes:
    if kind == "unquoted":
        return "".join("\t".join(cell.replace("\n", " ") for cell in row) + "\n" for row in ROWS).encode()
    buffer = io.StringIO(newline="")
    match kind:
        case "escaped":
            csv.writer(buffer, doublequote=False, escapechar="\\", quoting=csv.QUOTE_ALL).writerows(ROWS)
        case "bars":
            csv.writer(buffer, delimiter="|", lineterminator="\n").writerows(ROWS)
        case _:
            csv.writer(buffer).writerows(ROWS)
    return buffer.getvalue().encode("cp1252" if kind == "bars" else "utf-8")


@pytest.mark.parametrize("kind", ["quoted", "unquoted", "escaped", "bars"])
def test_any_bytes_give_rows_or_one_error(tmp_path: Path, kind: str) -> None:
    dice, content, read = random.Random(3), whole(kind), 0
    path = tmp_path / ("x.tsv" if kind == "unquoted" else "x.csv")
    for _ in range(MUTATIONS):
        rejected: list[Rejected] = []
        counted: list[Rejected] = []
        try:
            table = opened(path, mutate(content, dice))
            rows = rows_of(table, rejected, 64)
            if len(rejected) <= len(rows):
                assert table.survey(Read(text=table.columns[0]), on_rejected=counted.append).rows == len(rows)
                assert counted == rejected
            target = path.with_name("out" + path.suffix)
            rewritten(table, target)
            assert read_again(target, Layout(), table.columns) == rows
            read += 1
        except TableError as error:
            assert "\n" not in str(error)
            assert str(error).startswith(str(tmp_path))
    assert read > MUTATIONS / 2
