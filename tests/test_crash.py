"""Whatever stops a run, the same command goes on, and its outputs are an uninterrupted run's."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from conftest import made_up_reviews
from polars.testing import assert_frame_equal

from data.outputs import whole_file, writing
from sentiment_core.errors import OutputError, SpaceError

Run = Callable[..., Result]
# SENTIMENT_CRASHES=200 for the long version.
CRASHES = int(os.environ.get("SENTIMENT_CRASHES", "20"))
# What differs between two runs that write the same.
_OF_THE_RUN = ("seconds", "rows_per_second", "rows_resumed", "texts_run", "padding_share", "output", "rejected")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    frame = made_up_reviews(900)
    frame.write_parquet(folder / "a.parquet")
    frame.write_csv(folder / "b.csv.gz", compression="gzip")
    (folder / "c.tsv").write_bytes(b"id\ttext\n1\tlovely\nbroken\n" + b"2\tawful soup\n" * 700)
    return folder


def command(inputs: Path, output: Path, bundle: Path) -> list[str]:
    arguments = ["score", inputs, "--output", output, "--model", bundle, "--chunk-rows", 60, "--threads", 1]
    return [sys.executable, "-m", "jobs.cli", *map(str, arguments), "--log-format", "json"]


def published(output: Path) -> dict[str, bytes]:
    """The content of every file that a reader may see."""
    return {
        path.name: path.read_bytes()
        for path in output.glob("*")
        if path.is_file() and not path.name.startswith(".") and not path.name.endswith(".json")
    }


def summaries(output: Path) -> dict[str, dict[str, object]]:
    found = {path.name: json.loads(path.read_text()) for path in output.glob(".*.summary.json")}
    return {name: {k: v for k, v in of.items() if k not in _OF_THE_RUN} for name, of in found.items()}


@pytest.fixture(scope="module")
def uninterrupted(inputs: Path, bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """An output nothing disturbed, and how many seconds it took."""
    output = tmp_path_factory.mktemp("uninterrupted")
    start = time.monotonic()
    assert subprocess.run(command(inputs, output, bundle), stderr=subprocess.DEVNULL, check=False).returncode == 7
    return output, time.monotonic() - start


def finished_chunks(output: Path) -> int:
    return len(list((output / ".sentiment").glob("chunks/*/*.arrow")))


def test_killed_at_any_moment_it_goes_on_and_ends_the_same(
    inputs: Path, bundle: Path, uninterrupted: tuple[Path, float], tmp_path: Path
) -> None:
    wanted, seconds = uninterrupted
    dice = random.Random(0)
    crashes = rounds = 0
    while crashes < CRASHES:
        output = tmp_path / str(rounds)
        rounds += 1
        while True:
            kept = finished_chunks(output)
            job = subprocess.Popen(command(inputs, output, bundle), stderr=subprocess.PIPE, text=True)
            try:
                _, log = job.communicate(timeout=dice.uniform(0.3, 1.0) * seconds)
            except subprocess.TimeoutExpired:
                job.kill()
                _, log = job.communicate()
            resumed = [json.loads(line) for line in log.splitlines() if '"resumed"' in line]
            # A chunk that was finished is never scored again; only the one in hand is.
            assert sum(each["chunks"] for each in resumed[:1]) in (0, kept)
            assert all(content == published(wanted)[name] for name, content in published(output).items())
            if job.returncode >= 0:
                assert job.returncode == 7
                break
            crashes += 1
        assert published(output) == published(wanted)
        assert summaries(output) == summaries(wanted)
        assert sorted(path.name for path in (output / ".sentiment").iterdir()) == ["lock", "run.json"]
        assert not list(output.glob(".*.part"))


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
def test_a_stopped_run_leaves_at_once_and_keeps_its_chunks(
    inputs: Path, bundle: Path, tmp_path: Path, number: int, status: int
) -> None:
    job = subprocess.Popen(command(inputs, tmp_path / "out", bundle), stderr=subprocess.PIPE, text=True)
    while finished_chunks(tmp_path / "out") < 3:
        time.sleep(0.01)
    job.send_signal(number)
    start = time.monotonic()
    _, log = job.communicate()
    assert job.returncode == status
    assert time.monotonic() - start < 5
    assert "Traceback" not in log
    assert finished_chunks(tmp_path / "out") >= 3
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".sentiment"]


def test_a_damaged_chunk_is_scored_again(
    inputs: Path, bundle: Path, uninterrupted: tuple[Path, float], tmp_path: Path
) -> None:
    job = subprocess.Popen(command(inputs, tmp_path / "out", bundle), stderr=subprocess.DEVNULL)
    while finished_chunks(tmp_path / "out") < 5:
        time.sleep(0.01)
    job.kill()
    job.wait()
    chunks = sorted((tmp_path / "out" / ".sentiment").glob("chunks/*/*.arrow"))
    os.truncate(chunks[0], 100)
    chunks[1].write_bytes(bytes(chunks[1].stat().st_size))
    chunks[2].unlink()
    sound = len(chunks) - 3
    again = subprocess.run(command(inputs, tmp_path / "out", bundle), stderr=subprocess.DEVNULL, check=False)
    assert again.returncode == 7
    assert published(tmp_path / "out") == published(uninterrupted[0])
    # Sound chunks are taken up, or every test of this file would pass with a ledger that finds nothing.
    assert json.loads((tmp_path / "out" / ".a.parquet.summary.json").read_text())["rows_resumed"] == 60 * sound


def test_two_runs_at_once_have_one_winner(
    inputs: Path, bundle: Path, uninterrupted: tuple[Path, float], tmp_path: Path
) -> None:
    for pair in range(int(os.environ.get("SENTIMENT_PAIRS", "3"))):
        output = tmp_path / str(pair)
        jobs = [subprocess.Popen(command(inputs, output, bundle), stderr=subprocess.PIPE, text=True) for _ in range(2)]
        logs = [job.communicate()[1] for job in jobs]
        statuses = [job.returncode for job in jobs]
        assert sorted(statuses) == [7, 9]
        loser = statuses.index(9)
        assert f"found process {jobs[1 - loser].pid} on " in logs[loser]
        assert published(output) == published(uninterrupted[0])


def test_what_is_done_and_unchanged_is_skipped(sentiment: Run, inputs: Path, bundle: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def score(*arguments: object, model: Path = bundle) -> set[str]:
        sentiment("score", tmp_path / "in", "--output", out, "--model", model, *arguments)
        files = json.loads((out / ".sentiment" / "run.json").read_text())["files"]
        return {each["input"]["name"] for each in files if not each["skipped"]}

    (tmp_path / "in").mkdir()
    frame = made_up_reviews(20)
    frame.write_parquet(tmp_path / "in" / "a.parquet")
    (tmp_path / "in" / "b.csv").write_text("text,n\ngood,1\nbroken\n")
    assert score() == {"a.parquet", "b.csv"}
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*") if path.is_file()}
    assert score() == set()
    after = {path: path.stat().st_mtime_ns for path in out.rglob("*.*") if path.is_file()}
    assert {path.name for path in before if before[path] != after[path]} == {"run.json"}
    assert score("--force") == {"a.parquet", "b.csv"}
    assert score("--prefix", "new_") == {"a.parquet", "b.csv"}
    assert score("--prefix", "new_") == set()
    frame.head(10).write_parquet(tmp_path / "in" / "a.parquet")
    assert score("--prefix", "new_") == {"a.parquet"}
    (out / "a.parquet").write_bytes((out / "a.parquet").read_bytes() + b"x")
    (out / ".b.csv.rejected.csv").unlink()
    assert score("--prefix", "new_") == {"a.parquet", "b.csv"}
    assert len(pl.read_parquet(out / "a.parquet")) == 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB, where this process may mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True, check=False
    ).returncode:
        pytest.skip("this process may not mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_breaks_nothing_and_the_run_goes_on(
    inputs: Path, bundle: Path, uninterrupted: tuple[Path, float], small_disk: Path
) -> None:
    dice = random.Random(1)
    output, ballast = small_disk / "out", small_disk / "ballast"
    for _ in range(4):
        free = dice.randrange(4_000, 90_000)
        statistics = os.statvfs(small_disk)
        ballast.write_bytes(bytes(max(0, statistics.f_bavail * statistics.f_bsize - free)))
        done = subprocess.run(command(inputs, output, bundle), capture_output=True, text=True, check=False)
        assert done.returncode == 10, done.stderr
        assert "No space left on device; free space and run the same command again" in done.stderr
        assert "Traceback" not in done.stderr
        if output.exists():
            assert all(content == published(uninterrupted[0])[name] for name, content in published(output).items())
        ballast.unlink()
    assert subprocess.run(command(inputs, output, bundle), stderr=subprocess.DEVNULL, check=False).returncode == 7
    assert published(output) == published(uninterrupted[0])


def test_an_error_at_any_write_breaks_nothing(sentiment: Run, bundle: Path, tmp_path: Path) -> None:
    """The system refuses every byte of a file past a limit, which moves through every file that a run writes."""
    made_up_reviews(300).write_parquet(tmp_path / "a.parquet")
    made_up_reviews(300).write_csv(tmp_path / "b.csv")
    out = tmp_path / "out"
    arguments = ("score", tmp_path / "a.parquet", tmp_path / "b.csv", "--output", out, "--model", bundle)
    wanted = tmp_path / "wanted"
    sentiment(*arguments[:4], wanted, *arguments[5:])
    sizes = [path.stat().st_size for path in wanted.rglob("*") if path.is_file()]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    failed = 0
    try:
        for limit in range(0, max(sizes), max(sizes) // 25):
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            try:
                result = sentiment(*arguments, "--force", "--chunk-rows", 50)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            failed += result.exception is not None or result.return_value != 0
            assert "Traceback" not in result.stderr
            assert isinstance(result.exception, OutputError | None)
            for name in ("a.parquet", "b.csv"):
                if (out / name).exists():
                    assert (out / name).read_bytes() == (wanted / name).read_bytes()
            assert not list(out.glob(".*.part"))
    finally:
        signal.signal(signal.SIGXFSZ, old)
    assert failed > 20
    assert sentiment(*arguments).return_value == 0
    for name in ("a.parquet", "b.csv"):
        assert (out / name).read_bytes() == (wanted / name).read_bytes()


def test_no_space_is_an_error_of_its_own(tmp_path: Path) -> None:
    full = Path("/dev/full")
    message = "/dev/full: cannot be written: No space left on device; free space and run the same command again"
    with pytest.raises(SpaceError, match=message), writing(full), full.open("wb") as file:
        file.write(b"x")
    with pytest.raises(SpaceError), writing(full):
        pl.DataFrame({"a": [1]}).write_parquet(full)
    with pytest.raises(SpaceError), whole_file(tmp_path / "t.csv") as part, writing(tmp_path / "t.csv"):
        part.unlink()
        part.symlink_to(full)
        part.write_bytes(b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_resumed_frame_is_equal_too(uninterrupted: tuple[Path, float], inputs: Path) -> None:
    out = pl.read_parquet(uninterrupted[0] / "a.parquet")
    assert_frame_equal(out.select("id", "text", "label"), pl.read_parquet(inputs / "a.parquet"))
