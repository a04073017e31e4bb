"""What a Parquet output is made of: row groups, the count read back, predictions, and nothing left behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from arrow_tables import made_up
from hypothesis import given
from hypothesis import strategies as st

from data.outputs import whole_file, whole_folder, write_json, writing
from data.parquet.table import open_parquet
from data.parquet.writer import ParquetWriter, open_parquet_writer
from data.predictions import columns, from_table, read_scored
from data.table import Batch
from sentiment_core.errors import OutputError, SpaceError, TableError
from sentiment_core.scorer import Predictions, Status

SCHEMA = pa.schema([("text", pa.string())])


def add(writer: ParquetWriter, texts: list[str | None]) -> None:
    rows = pa.table({"text": texts}, SCHEMA)
    writer.add(Batch(texts=texts, labels=[], rows=rows), columns(made_up(len(texts)), ""))


def groups(path: Path) -> list[int]:
    footer = pq.read_metadata(path)
    return [footer.row_group(place).num_rows for place in range(footer.num_row_groups)]


def test_a_stretch_of_long_rows_cuts_only_itself(tmp_path: Path) -> None:
    with open_parquet_writer(tmp_path / "t.parquet", SCHEMA, "") as writer:
        for _ in range(40):
            add(writer, ["short"] * 4099)
        for _ in range(4):
            add(writer, ["long " * 2_000_000] * 2)
        for _ in range(40):
            add(writer, ["short"] * 4096)
    found = groups(tmp_path / "t.parquet")
    assert sum(found) == 40 * (4099 + 4096) + 8
    assert len(found) == 3 + 3 + 3  # the first long rows end the third group
    assert max(found) <= 65_536 + 4099


def test_the_rows_are_counted_again_before_they_are_published(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"t\.parquet: wanted 4 rows, found 3 in what was written"),
        open_parquet_writer(tmp_path / "t.parquet", SCHEMA, "") as writer,
    ):
        add(writer, ["a", None, "c"])
        writer.rows += 1
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_nothing_and_the_old_file_stays(tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_text("old")
    with pytest.raises(RuntimeError), open_parquet_writer(tmp_path / "t.parquet", SCHEMA, "") as writer:
        add(writer, ["a"])
        raise RuntimeError
    assert (tmp_path / "t.parquet").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_no_rows_make_a_whole_file(tmp_path: Path) -> None:
    with open_parquet_writer(tmp_path / "t.parquet", SCHEMA, "p_"):
        pass
    assert pl.read_parquet(tmp_path / "t.parquet").schema == {
        "text": pl.String,
        "p_predicted_label": pl.Int8,
        "p_positive_probability": pl.Float32,
        "p_token_count": pl.UInt32,
        "p_score_status": pl.String,
    }


@given(
    st.lists(st.tuples(st.sampled_from(Status), st.booleans(), st.floats(0, 1, width=32), st.integers(0, 2**32 - 1)))
)
def test_predictions_come_back_as_they_went(rows: list[tuple[Status, bool, float, int]]) -> None:
    status, label, probability, tokens = zip(*rows, strict=True) if rows else ((), (), (), ())
    made = Predictions(
        label=np.array(label, np.int8),
        probability=np.array(probability, np.float32),
        token_count=np.array(tokens, np.uint32),
        status=np.array(status, np.str_),
    )
    table = columns(made, "p_")
    assert table.column(0).null_count == table.column(1).null_count == np.count_nonzero(~made.scored)
    found = from_table(table)
    for name in ("token_count", "status"):
        assert np.array_equal(getattr(found, name), getattr(made, name))
    for name in ("label", "probability"):
        assert np.array_equal(getattr(found, name)[made.scored], getattr(made, name)[made.scored])
        assert getattr(found, name).dtype == getattr(made, name).dtype


def scored(path: Path, **altered: list[object]) -> Path:
    table = columns(made_up(3), "p_").append_column("label", pa.array([1, 0, None]))
    for name, values in altered.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values))
    pq.write_table(table, path)
    return path


def test_a_scored_file_is_read_again(tmp_path: Path) -> None:
    ((labels, predictions),) = read_scored(open_parquet(scored(tmp_path / "t.parquet")), "label", "p_")
    assert labels == [1, 0, None]
    assert predictions.scored.tolist() == [True, False, True]


@pytest.mark.parametrize(
    "altered",
    [
        {"p_predicted_label": [1, 1, 1]},
        {"p_predicted_label": [2, None, 1]},
        {"p_predicted_label": [300, None, 1]},
        {"p_predicted_label": ["good", None, "bad"]},
        {"p_positive_probability": [0.5, None, 1.5]},
        {"p_positive_probability": [0.5, None, float("nan")]},
        {"p_token_count": [1, None, 2]},
        {"p_token_count": [1, -1, 2]},
        {"p_score_status": ["ok", "null", "fine"]},
        {"p_score_status": ["ok", None, "ok"]},
    ],
    ids=str,
)
def test_altered_predictions_are_refused(tmp_path: Path, altered: dict[str, list[object]]) -> None:
    with pytest.raises(TableError, match=r"predictions were altered: .*score it again"):
        list(read_scored(open_parquet(scored(tmp_path / "t.parquet", **altered)), "label", "p_"))


def test_a_file_without_predictions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"found no column predicted_label, .*score it first, or give its --prefix"):
        list(read_scored(open_parquet(scored(tmp_path / "t.parquet")), "label", ""))


@pytest.mark.parametrize("name", ["a" * 245 + ".parquet", "é" * 127, "a[1]{b}*?.parquet"])
def test_any_name_that_the_system_takes_is_written(tmp_path: Path, name: str) -> None:
    with open_parquet_writer(tmp_path / name, SCHEMA, "") as writer:
        add(writer, ["a"])
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_attempts_at_one_target_do_not_meet(tmp_path: Path) -> None:
    with whole_file(tmp_path / "t") as first:
        first.write_text("first")
        with whole_file(tmp_path / "t") as second:
            assert first.exists()
            second.write_text("second")
        assert (tmp_path / "t").read_text() == "second"
    assert (tmp_path / "t").read_text() == "first"


_KILLED = """
import os, sys; from pathlib import Path; from data.outputs import whole_file, whole_folder
with whole_file(Path("t")) as part, whole_file(Path("t.u")) as other, whole_folder(Path("model")) as building:
    part.write_text("half"); (building / "graph").write_text("half"); print("ready", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_attempt_left_goes_with_the_next(tmp_path: Path) -> None:
    paths = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", _KILLED]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=paths, text=True, **pipes) as job:
        assert job.stdout is not None
        assert job.stdout.readline() == "ready\n"
        write_json(tmp_path / "t", {})
        assert len(list(tmp_path.glob(".*"))) == 3  # one at work is left alone
        job.send_signal(signal.SIGKILL)
        job.wait()
    mine = tmp_path / ".t.notes.part"
    mine.write_text("somebody's")
    write_json(tmp_path / "t", {})
    assert len(list(tmp_path.glob(".*"))) == 3  # those of other targets
    write_json(tmp_path / "t.u", {})
    with whole_folder(tmp_path / "model") as building:
        assert building.name == "model"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".t.notes.part", "model", "t", "t.u"]


def test_no_space_is_an_error_of_its_own_from_arrow_too(tmp_path: Path) -> None:
    full = Path("/dev/full")
    # By a handle: pyarrow removes a path that it cannot write to.
    with (
        pytest.raises(SpaceError, match="No space left on device; free space"),
        writing(full),
        pa.OSFile(str(full), "wb") as sink,
    ):
        pq.write_table(pa.table({"a": list(range(10**5))}), sink)
    with pytest.raises(SpaceError), writing(full):
        raise pa.ArrowException("IOError: [errno 28] no space")
    target = tmp_path / "t.parquet"
    with pytest.raises(OutputError, match=r"t\.parquet: cannot be written: Permission"), writing(target):
        raise PermissionError(13, "denied")
