"""Outputs are whole or absent."""

from pathlib import Path

import pytest

from data.outputs import remove_stale_attempts, reserved, whole_file, whole_folder
from sentiment_core.errors import OutputError


def test_a_failed_write_leaves_nothing_and_the_old_file_stays(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    target.write_text("old")
    with pytest.raises(RuntimeError), whole_file(target) as part:
        part.write_text("new")
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert target.read_text() == "old"


def test_space_is_taken_first_and_filled_later(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    with reserved(target) as fill:
        (part,) = tmp_path.iterdir()
        assert part.stat().st_size > 10_000
        fill({"a": 1})
    assert target.read_text() == '{\n  "a": 1\n}\n'
    with pytest.raises(RuntimeError), reserved(target):
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_folder_is_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), whole_folder(tmp_path / "model") as building:
        (building / "config.json").write_text("{}")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole_folder(tmp_path / "model") as building:
        (building / "config.json").write_text("{}")
    with pytest.raises(OutputError, match="wanted a folder that does not exist yet"), whole_folder(tmp_path / "model"):
        pass


def test_a_place_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match=r"cannot be written: .*choose another --output"),
        whole_file(tmp_path / "file" / "x"),
    ):
        pass


def test_what_killed_runs_left_is_swept_and_what_is_at_work_stays(tmp_path: Path) -> None:
    for name in (".gone.csv.0123abcd.part", "day=1/.gone.parquet.0123abcd.part"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "mine.0123abcd.part").touch()
    with whole_file(tmp_path / "day=1" / "now.csv") as part:
        remove_stale_attempts(tmp_path)
        assert {path.name for path in tmp_path.rglob("*.part")} == {part.name, "mine.0123abcd.part"}
