"""A summary again, from scored files."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result

from sentiment_core.errors import TableError

Run = Callable[..., Result]


def scored(labels: list[int], said: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "label": labels,
            "predicted_label": pl.Series(said, dtype=pl.Int8),
            "positive_probability": pl.Series([0.2 + 0.6 * label for label in said], dtype=pl.Float32),
            "token_count": pl.Series([3] * len(said), dtype=pl.UInt32),
            "score_status": ["ok"] * len(said),
        }
    )


def test_files_are_summed_up_as_one(sentiment: Run, tmp_path: Path) -> None:
    (tmp_path / "scored" / "day=1").mkdir(parents=True)
    files = {"a.parquet": scored([1, 1, 0, 0], [1, 0, 0, 0]), "day=1/b.parquet": scored([0, 1], [1, 1])}
    for name, frame in files.items():
        frame.write_parquet(tmp_path / "scored" / name)
    pl.concat(list(files.values())).write_parquet(tmp_path / "all.parquet")
    whole = json.loads(sentiment("evaluate", tmp_path / "all.parquet").stdout)
    folder = json.loads(sentiment("evaluate", tmp_path / "scored").stdout)
    pattern = json.loads(sentiment("evaluate", tmp_path / "scored" / "**" / "*.parquet").stdout)
    assert whole["rows"] == 6
    assert whole["labels"]["scale"] == "1/0"
    assert whole["evaluation"]["accuracy"]["value"] == pytest.approx(4 / 6)
    for several in (folder, pattern):
        assert set(several.pop("labels")) == {str(tmp_path / "scored" / name) for name in files}
        assert several == {name: value for name, value in whole.items() if name != "labels"}


def test_a_file_that_was_never_scored_is_refused(sentiment: Run, tmp_path: Path) -> None:
    scored([1, 0], [1, 0]).drop("score_status").write_parquet(tmp_path / "a.parquet")
    result = sentiment("evaluate", tmp_path)
    assert isinstance(result.exception, TableError)
    assert "found no column score_status" in str(result.exception)
