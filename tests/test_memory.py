"""The memory limit holds, whatever the rows are like."""

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

LIMIT = 640  # the least that may be asked for


# A process of its own in between, as a child's peak counts what its parent held when it was forked.
_LAUNCHER = """
import resource, subprocess, sys
print(subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
"""


def peak_of(*arguments: object) -> int:
    """Run the command; return the largest resident size of its process, in MB."""
    command = [sys.executable, "-c", _LAUNCHER, sys.executable, "-m", "jobs.cli", *map(str, arguments)]
    status, peak = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert status == "0"
    return int(peak)


@pytest.mark.parametrize("name", ["rows.parquet", "rows.csv"])
@pytest.mark.parametrize(("length", "rows"), [(1_000_000, 40), (3_000, 12_000)])
def test_long_rows_stay_below_the_limit(bundle: Path, tmp_path: Path, name: str, length: int, rows: int) -> None:
    frame = pl.DataFrame({"text": [f"{row} fine words " * (length // 14) for row in range(rows)]})
    frame.write_parquet(tmp_path / name) if name.endswith("parquet") else frame.write_csv(tmp_path / name)
    peak = peak_of(
        *("score", tmp_path / name, "--output", tmp_path / "out", "--model", bundle),
        *("--memory-limit", f"{LIMIT}MB", "--batch-tokens", 4096),
    )
    assert peak < LIMIT
