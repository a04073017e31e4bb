"""What the person on call reads: statuses, logs, gates, modes of files."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from conftest import made_up_reviews

from sentiment_core.errors import one_line

Run = Callable[..., Result]


@pytest.mark.parametrize(
    ("floor", "status"), [("accuracy=0.8", 0), ("f1=0.5", 0), ("accuracy=1.0", 5), ("recall=0.99999", 5)]
)
def test_poor_labels_are_a_status(sentiment: Run, bundle: Path, tmp_path: Path, floor: str, status: int) -> None:
    frame = made_up_reviews(200).with_columns(
        label=pl.when(pl.int_range(200) < 4).then(1 - pl.col("label")).otherwise("label")
    )
    frame.write_parquet(tmp_path / "a.parquet")
    result = sentiment(
        "score", tmp_path / "a.parquet", "--output", tmp_path / "out", "--model", bundle, "--fail-under", floor
    )
    assert result.return_value == status
    assert len(json.loads((tmp_path / "out" / ".sentiment" / "run.json").read_text())["quality"]) == (status == 5)
    assert ("quality: a.parquet: " in result.stderr) == (status == 5)


def test_a_log_for_collectors_is_json_to_the_last_line(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,n\nfine,1\nbroken\n")
    (tmp_path / "b.csv").write_text("n\n1\n")
    command = [sys.executable, "-m", "jobs.cli", "score", "--log-format", "json", "--model", str(bundle), "--output"]
    done = subprocess.run(
        [*command, tmp_path / "out", tmp_path / "a.csv", tmp_path / "b.csv"],
        capture_output=True,
        text=True,
        check=False,
    )
    entries = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(each["level"], each["event"]) for each in entries] == [
        ("info", "scoring"),
        ("warning", "rejected"),
        ("error", "set-aside"),
        ("error", "done"),
    ]
    done = subprocess.run(
        [*command, tmp_path / "out", tmp_path / "no.csv"], capture_output=True, text=True, check=False
    )
    entry = json.loads(done.stderr.splitlines()[-1])
    assert (entry["event"], entry["exit_status"], done.returncode) == ("failed", 8, 8)


def test_no_secret_of_an_address_is_said(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    address = "https://me:s3cret@example.org/a.csv?token=t0ken&x=1"
    result = sentiment("score", address, "--output", tmp_path / "out", "--model", bundle)
    assert "s3cret" not in str(result.exception) + result.stderr
    assert "t0ken" not in str(result.exception) + result.stderr
    assert "https:/***@example.org/a.csv?***: wanted review files" in str(result.exception)


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("a\nb", r"a\nb"),
        ("\x1b[31mred", r"\x1b[31mred"),
        (os.fsdecode(b"\xff"), r"\udcff"),
        ("gut, schön 🎉", "gut, schön 🎉"),
    ],
)
def test_a_log_line_is_one_printable_line(said: str, shown: str) -> None:
    assert one_line(said) == shown


def test_outputs_have_the_mode_that_the_user_asked_for(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,n\nfine,1\nbroken\n")
    made_up_reviews(5).write_parquet(tmp_path / "b.parquet")
    arguments = ["score", tmp_path / "a.csv", tmp_path / "b.parquet", "--output", tmp_path / "out", "--model", bundle]
    subprocess.run(
        [sys.executable, "-m", "jobs.cli", *map(str, arguments)], umask=0o027, stderr=subprocess.DEVNULL, check=False
    )
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir() if path.is_file()}
    assert modes.keys() == {
        "a.csv",
        "b.parquet",
        ".a.csv.rejected.csv",
        ".a.csv.summary.json",
        ".b.parquet.summary.json",
    }
    assert set(modes.values()) == {0o640}
