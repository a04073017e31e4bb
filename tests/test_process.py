"""Whatever happens to the process, a run ends in time, says one line, and its status is true."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from jobs.cli import cli
from jobs.process.faults import contained, status_of, unexpected
from jobs.process.report import reported
from sentiment_core.errors import BundleError, SentimentError, SpaceError
from sentiment_core.status import ExitStatus, gravest

ROOT = Path(__file__).parent.parent
COMMAND = [sys.executable, "-m", "sentiment_core"]


def run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env={**os.environ, **(environment or {})}, cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_statuses_are_different_numbers_of_which_the_gravest_is_told() -> None:
    numbers = [int(status) for status in ExitStatus]
    assert len(set(numbers)) == len(numbers)
    assert gravest([]) is ExitStatus.DONE
    for lighter, graver in combinations(ExitStatus, 2):
        assert gravest([lighter, graver, lighter]) is gravest([graver, lighter]) is graver
    assert gravest([ExitStatus.FILES_FAILED, ExitStatus.QUALITY, ExitStatus.ROWS_SET_ASIDE]) is ExitStatus.QUALITY


def test_the_help_and_the_readme_say_what_every_status_means() -> None:
    said = " ".join(CliRunner().invoke(cli, ["--help"]).output.split())
    rows = [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    start = rows.index("| exit status | meaning | what to do |") + 1
    wanted = [f"| {status:d} | {status.meaning} | {status.remedy} |" for status in sorted(ExitStatus)]
    assert rows[start : start + len(wanted)] == wanted
    assert all(f"{status:d} {status.meaning}" in said for status in ExitStatus)


@pytest.mark.parametrize(
    "streams",
    [">&-", "2>&-", ">&- 2>&- <&-", ">/dev/full 2>/dev/full", "| true", "2>&1 | true"],
)
@pytest.mark.parametrize(("content", "status"), [("text,n\nfine,1\nbroken\n", 7), ("n\n1\n", 8)])
def test_streams_that_cannot_be_written_cost_no_run(tmp_path: Path, streams: str, content: str, status: int) -> None:
    (tmp_path / "a.csv").write_text(content)
    command = f"set -o pipefail; {' '.join(COMMAND)} score {tmp_path}/a.csv --output {tmp_path}/out {streams}"
    assert subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, check=False).returncode == status
    assert (tmp_path / "out" / "a.csv").exists() == (status == 7)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_streams_of_another_encoding_cost_no_run(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "很好 ü.csv").write_text("text\nfine\n")
    done = subprocess.run(
        [*COMMAND, "score", tmp_path / "很好 ü.csv", "--output", tmp_path / "out"],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0
    assert "csv" in done.stderr.decode(encoding)


def test_a_result_that_is_printed_is_lost_only_with_a_status() -> None:
    command = f"{' '.join(COMMAND)} inspect > /dev/full"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        6,
        "sentiment: standard output: cannot be written: No space left on device; choose another place for it\n",
    )


@pytest.mark.parametrize("name", ["data", "jobs", "export"])
@pytest.mark.parametrize("kind", ["package", "module"])
def test_a_foreign_package_of_our_name_is_named(tmp_path: Path, name: str, kind: str) -> None:
    foreign = tmp_path / name if kind == "package" else tmp_path / f"{name}.py"
    if kind == "package":
        foreign.mkdir()
        (foreign / "__init__.py").touch()
    else:
        foreign.touch()
    path = os.pathsep.join([str(tmp_path), str(ROOT)])
    start = "from sentiment_core.__main__ import main; main()"
    done = run([sys.executable, "-P", "-c", start], {"PYTHONPATH": path})
    assert done.returncode == 2
    assert done.stderr.startswith(f"sentiment: wanted its own package '{name}' in {ROOT}, found {foreign}")
    assert done.stderr.count("\n") == 1


class Panic(BaseException):
    """As Rust libraries raise it: no Exception."""


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (Panic("index out of bounds"), "a fault of this program: Panic: index out of bounds; report it with "),
        (RecursionError("too deep"), "a fault of this program: RecursionError: too deep; report it with "),
        (ValueError("two\nlines"), r"a fault of this program: ValueError: two\nlines; report it with "),
        (KeyError(), "a fault of this program: KeyError; report it with "),
        (OSError("s3://me:s3cret@bucket/a?token=t0ken"), "OSError: s3://***@bucket/a?***; report it with "),
        (MemoryError(), "no memory left (MemoryError); give a lower --memory-limit, or the machine more"),
        (ValueError("private " * 1000), "a fault of this program: ValueError: private "),
    ],
)
def test_what_nobody_foresaw_is_one_line_and_a_traceback(tmp_path: Path, error: BaseException, said: str) -> None:
    with pytest.raises(SentimentError) as caught, contained("a.csv", tmp_path):
        raise error
    line = str(caught.value)
    assert line.startswith("a.csv: ") and said in line and "\n" not in line and len(line) < 500
    for path in tmp_path.iterdir():
        report = path.read_text()
        assert str(path) in line and type(error).__name__ in report and "test_process.py" in report
        assert "s3cret" not in report and "t0ken" not in report and len(report) < 5000
    assert status_of(caught.value) is ExitStatus.FAULT


def test_a_traceback_has_one_place_a_file_and_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    for place in ("a.csv", "a.csv", "b.csv"):
        unexpected(ValueError("x"), place, tmp_path / "traces")
    assert len(list((tmp_path / "traces").iterdir())) == 2
    assert "could not be kept" in str(unexpected(ValueError("x"), "a.csv", Path("/proc/nowhere")))


@pytest.mark.parametrize("error", [SpaceError("full"), KeyboardInterrupt(), SystemExit(143)])
def test_what_is_meant_passes(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), contained("a.csv", tmp_path):
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, None),
        (BundleError("bundle: gone"), 4),
        (SpaceError("disk: full"), 10),
        (KeyboardInterrupt(), 130),
        (SystemExit(129), 129),
        (ValueError("x"), 1),
    ],
)
def test_a_run_is_reported_however_it_ends(tmp_path: Path, error: BaseException | None, status: int | None) -> None:
    path = tmp_path / "run.json"
    path.write_text('{"status": 0, "error": "yesterday"}')

    def report(status: ExitStatus | None, error: str | None) -> dict[str, Any]:
        return {"status": status, "error": error}

    with suppress(BaseException), reported(path, report):
        assert not path.exists()
        if error is not None:
            raise error
    found = json.loads(path.read_text())
    assert found["status"] == status
    assert bool(found["error"]) == (error is not None)


_STUCK = """
import hashlib, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from data.outputs import whole_file
from jobs.process.stops import listen

def long():
    hashlib.pbkdf2_hmac("sha256", b"", b"", 10**9)  # as a library that heeds no signal

listen()
with whole_file(Path(sys.argv[2])) as part:
    part.write_text("half")
    print("ready", flush=True)
    if sys.argv[1] == "itself":
        long()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(long).result()
"""


@pytest.mark.parametrize(("busy", "number"), [("itself", signal.SIGTERM), ("pool", signal.SIGHUP)])
def test_a_signal_ends_what_heeds_none_and_leaves_nothing(tmp_path: Path, busy: str, number: signal.Signals) -> None:
    job = subprocess.Popen([sys.executable, "-c", _STUCK, busy, tmp_path / "a"], cwd=ROOT, stdout=subprocess.PIPE)
    assert job.stdout is not None
    job.stdout.readline()
    job.send_signal(number)
    job.communicate(timeout=5)
    assert job.returncode == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored_stays_so() -> None:
    script = "import os, signal; from jobs.process.stops import listen; listen(); os.kill(os.getpid(), signal.SIGHUP)"
    assert run(["nohup", sys.executable, "-c", script]).returncode == 0


def test_a_base_without_a_tokenizer_is_one_line(
    sentiment: Callable[..., Any], base: Path, labelled: Path, tmp_path: Path
) -> None:
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((base / name).read_bytes())
    result = sentiment("train", labelled, "--base", tmp_path, "--output", tmp_path / "checkpoint")
    assert str(result.exception) == (
        f"--base {tmp_path}: wanted the files of a tokenizer (tokenizer.json), found config.json, model.safetensors; "
        "copy the tokenizer's files there, too"
    )
