"""What a process may use is what its container gives it, and no run asks for more."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.bundle import BUNDLED
from export.footprint import within_limit
from sentiment_core.config import LEAST_MEMORY, ScoreConfig
from sentiment_core.errors import ConfigError
from sentiment_core.machine import adds_in_16_bits, cores, memory

ROOT = Path(__file__).parent.parent
MINE = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
# Files of a machine's tree, and the cores that they leave.
QUOTAS = {
    "none": ({}, None),
    "version 2, in a container": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100000 100000\n"}, 1),
    "version 2, part of a core": ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "1000 100000\n"}, 1),
    "version 2, no limit": ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/cpu.max": "max 100000\n"}, None),
    "version 2, of a group above": (
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "50000 100000\n",
        },
        1,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "4:cpu,cpuacct:/a\n3:memory:/a\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us": "90000\n",
            "sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us": "100000\n",
        },
        1,
    ),
    "version 1, no limit": (
        {
            "proc/self/cgroup": "4:cpu:/a\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
        },
        None,
    ),
    "version 1, the host's path": (
        {
            "proc/self/cgroup": "4:cpu:/docker/0123\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
        1,
    ),
}
LIMITS = {
    "version 2": ({"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "1000000\n"}, 1_000_000),
    "version 1": (
        {
            "proc/self/cgroup": "3:memory:/docker/0123\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000\n",
        },
        2_000_000,
    ),
}


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return root


@pytest.mark.parametrize(("files", "found"), QUOTAS.values(), ids=QUOTAS)
def test_cores_follow_a_containers_quota(tmp_path: Path, files: dict[str, str], found: int | None) -> None:
    assert cores(tree(tmp_path, files)) == (MINE if found is None else found)


@pytest.mark.parametrize(("files", "found"), LIMITS.values(), ids=LIMITS)
def test_memory_is_the_containers(tmp_path: Path, files: dict[str, str], found: int) -> None:
    assert memory(tree(tmp_path, files)) == found
    assert memory(tmp_path / "elsewhere") == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("-v 60000", "sentiment: "),
        ("-v 400000", "sentiment: ulimit -v: wanted at least "),
        ("-v 1200000", "sentiment: ulimit -v: wanted at least "),
        ("-v 2500000", "sentiment: ulimit -v: wanted at least "),
        ("-d 700000", "sentiment: memory limit: wanted 1024MB for this process, found that its container or machine "),
    ],
)
def test_too_little_memory_is_one_line(tmp_path: Path, limit: str, said: str) -> None:
    (tmp_path / "a.csv").write_text("text\nfine\n")
    score = f"{sys.executable} -m sentiment_core score {tmp_path}/a.csv --output {tmp_path}/out"
    done = subprocess.run(
        ["bash", "-c", f"ulimit {limit}; {score}"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith(said) and done.stderr.count("\n") == 1


@given(
    limit=st.integers(LEAST_MEMORY >> 20, 1 << 16), threads=st.integers(1, 256), batch_tokens=st.integers(1, 1 << 15)
)
def test_what_chunks_runs_and_memories_take_is_within_the_limit(limit: int, threads: int, batch_tokens: int) -> None:
    config = ScoreConfig(memory_limit=limit << 20, threads=threads, batch_tokens=batch_tokens)
    assert 0 < config.chunk_bytes < config.memory_limit
    assert 0 < config.runs_bytes < config.memory_limit
    try:
        held = within_limit(config, BUNDLED, 384)
    except ConfigError as error:
        assert "give a higher --memory-limit" in str(error)
        return
    assert 1 <= held.workers <= threads
    more = within_limit(ScoreConfig(memory_limit=limit << 21, threads=threads, batch_tokens=batch_tokens), BUNDLED, 384)
    assert more.workers >= held.workers


def test_many_threads_do_not_add_up(tmp_path: Path) -> None:
    """Of 64 runs of 4,096 tokens at once, 640 MB bear a few."""
    held = within_limit(ScoreConfig(memory_limit=LEAST_MEMORY, threads=64, batch_tokens=4096), BUNDLED, 384)
    assert held.workers < 4
    assert within_limit(ScoreConfig(threads=8), BUNDLED, 384).workers == 8


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="of x86 alone")
@pytest.mark.parametrize(
    ("flags", "found"),
    [("fpu avx2", True), ("fpu avx2 avx512_vnni", False), ("fpu avx_vnni amx_int8", False), (None, True)],
)
def test_products_overflow_where_the_processor_has_no_vnni(tmp_path: Path, flags: str | None, found: bool) -> None:
    if flags is not None:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc" / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\n")
    assert adds_in_16_bits(tmp_path) == found
