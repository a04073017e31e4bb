"""Nothing leaves the machine: no socket is tried, no file written under HOME, and no network is missed."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
# Prints whatever would reach another machine; binding to this one is how urllib3 looks for IPv6.
_WATCHED = """
import sys
REACH = {"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"}
sys.addaudithook(lambda event, given: print("REACHED", event, given, file=sys.stderr) if event in REACH else None)
from sentiment_core.__main__ import main
main()
"""


def run(home: Path, arguments: Sequence[object], *before: str) -> subprocess.CompletedProcess[str]:
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "HF_", "MPL", "ORT_"))}
    return subprocess.run(
        [*before, sys.executable, "-c", _WATCHED, *map(str, arguments)],
        env={**kept, "HOME": str(home)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "a.csv"
    path.write_text("text,label\n" + "lovely,1\nawful,0\n" * 4)
    return path


def test_scoring_and_what_belongs_to_it_stays_here(rows: Path, tmp_path: Path) -> None:
    for arguments in (
        ("score", rows, "--output", tmp_path / "out"),
        ("evaluate", tmp_path / "out" / "a.csv", "--label-column", "label"),
        ("inspect", "bundled"),
        ("bench", rows),
    ):
        done = run(tmp_path / "home", arguments)
        assert (done.returncode, "REACHED" in done.stderr) == (0, False), done.stderr
    assert list((tmp_path / "home").rglob("*")) == []


def test_training_and_export_stay_here(base: Path, labelled: Path, tmp_path: Path) -> None:
    for arguments in (
        ("train", labelled, "--base", base, "--output", tmp_path / "checkpoint", "--max-steps", 2),
        ("export", tmp_path / "checkpoint", "--output", tmp_path / "bundle"),
    ):
        done = run(tmp_path / "home", arguments)
        assert (done.returncode, "REACHED" in done.stderr) == (0, False), done.stderr
    assert list((tmp_path / "home").rglob("*")) == []


def test_without_a_network_the_bytes_are_the_same(rows: Path, tmp_path: Path) -> None:
    alone = ("unshare", "--net", "--map-root-user")
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody leave the network")
    for name, before in (("with", ()), ("without", alone)):
        assert run(tmp_path / "home", ("score", rows, "--output", tmp_path / name), *before).returncode == 0
    assert (tmp_path / "with" / "a.csv").read_bytes() == (tmp_path / "without" / "a.csv").read_bytes()
