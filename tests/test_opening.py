"""How a bundle is named and opened."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from export.bundle import BUNDLED, GRAPH, verify
from export.runtime import open_scorer


def test_a_start_reads_what_it_opens_and_inspect_reads_all(
    sentiment: Callable[..., Result], bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(bundle, folder)
    (folder / GRAPH).write_bytes(b"altered")  # the plain graph, which nobody scores with
    assert open_scorer(str(folder))[1].graph != GRAPH
    result = sentiment("inspect", folder)
    assert f"{folder / GRAPH}: wanted SHA-256" in str(result.exception)


@pytest.mark.parametrize("name", ["bundled", BUNDLED, str(BUNDLED)])
def test_a_bundle_is_a_folder_or_bundled(name: Path | str) -> None:
    scorer, manifest = open_scorer(name)
    assert manifest == verify(BUNDLED)
    assert scorer.score(["Lovely."]).label.tolist() == [1]


def test_bundled_is_a_name_for_every_command(sentiment: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nlovely\n")
    assert sentiment("score", tmp_path / "a.csv", "--output", tmp_path / "out", "--model", "bundled").return_value == 0
    assert "golden rows" in sentiment("inspect", "bundled").stdout
    for arguments in (("bundled", tmp_path / "a.csv"), (tmp_path / "a.csv",)):
        shown = sentiment("bench", *arguments).stdout
        assert "1 rows of a.csv" in shown and "tokens on average" in shown
