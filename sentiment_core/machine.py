"""What the system lets this process have: cores and memory, less in a container than the machine has."""

import math
import os
import resource
from collections.abc import Iterator
from pathlib import Path


def cores(root: Path = Path("/")) -> int:
    """Return how many threads can run at once: the cores that this process may use, less its container's quota."""
    # macOS has no affinity.
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [math.ceil(quota) for quota in _quotas(root)]
    return max(1, min([mine, *quotas]))


def memory(root: Path = Path("/")) -> int:
    """Return the bytes that this process may take: of its machine, its container, or `ulimit -d`."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    groups = [*_numbers(root, "", "memory.max"), *_numbers(root, "memory", "memory.limit_in_bytes")]
    return min([machine, *(limit for limit, *_ in groups), *_limit(resource.RLIMIT_DATA)])


def address_space() -> int | None:
    """Return the bytes of addresses that this process may take (`ulimit -v`), or None where nothing limits it."""
    return next(_limit(resource.RLIMIT_AS), None)


def adds_in_16_bits(root: Path = Path("/")) -> bool:
    """Say whether int8 products may overflow here: x86 processors without VNNI add them up in 16 bits."""
    if os.uname().machine not in ("x86_64", "i686"):
        return False
    try:
        return "vnni" not in (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # macOS has none, and hardly any Intel Mac has VNNI
        return True


def _limit(kind: int) -> Iterator[int]:
    soft, _ = resource.getrlimit(kind)
    if soft != resource.RLIM_INFINITY:
        yield soft


def peak_memory() -> int:
    """Return the most bytes that this process has held so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if os.uname().sysname == "Darwin" else peak * 1024


def _quotas(root: Path) -> Iterator[float]:
    """Yield the cores' worth of time that each control group above this process may take."""
    for quota, period in (found for found in _numbers(root, "", "cpu.max") if len(found) == 2):
        yield quota / period
    times = zip(_numbers(root, "cpu", "cpu.cfs_quota_us"), _numbers(root, "cpu", "cpu.cfs_period_us"), strict=False)
    for (quota, *_), (period, *_) in times:
        if quota > 0:
            yield quota / period


def _numbers(root: Path, controller: str, name: str) -> Iterator[list[int]]:
    """Yield the numbers in the file `name` of this process's control group and of each one above it.

    `controller` is "" for the one tree of version 2. From within a container the path of a group may be the
    host's, of which only the top is to be seen.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:  # macOS has none
        return
    for _, controllers, place in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controller not in controllers.split(","):
            continue
        top = root / "sys/fs/cgroup" / controllers
        group = top / place.lstrip("/")
        for folder in (group, *(above for above in group.parents if above == top or top in above.parents)):
            try:
                words = (folder / name).read_text(encoding="utf-8").split()
                yield [int(word) for word in words]
            except (OSError, ValueError):  # not there, or "max"
                continue
