"""Whether the memory that a command may use is there at all: looked up before anything large is loaded.

Libraries that meet the end of memory abort or wait for ever, so there is no later moment to say it.
"""

import os

from sentiment_core.errors import ConfigError
from sentiment_core.machine import address_space, cores, memory

# Addresses are not memory: threads and allocators ask for far more than they use. Measured with up to 64 threads.
_ADDRESSES = 1600 * 2**20
_ADDRESSES_A_CORE = 512 * 2**20


def require_memory(limit: int) -> None:
    """Raise ConfigError unless this process may take `limit` bytes of memory, and the addresses that go with it."""
    there = memory()
    if there < limit:
        raise ConfigError(
            f"memory limit: wanted {limit >> 20}MB for this process, found that its container or machine gives it "
            f"{there >> 20}MB; give it more, or a lower --memory-limit"
        )
    addresses, wanted = address_space(), limit + _ADDRESSES + _ADDRESSES_A_CORE * cores()
    if addresses is not None and addresses < wanted:
        raise ConfigError(
            f"ulimit -v: wanted at least {wanted >> 20}MB of addresses (not memory) for a memory limit of "
            f"{limit >> 20}MB on {cores()} cores, found {addresses >> 20}MB; raise it: --memory-limit bounds memory"
        )


def hold_threads_to_quota() -> None:
    """Have libraries that count a machine's cores by themselves start no more threads than its container may run."""
    for name in ("POLARS_MAX_THREADS", "RAYON_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, str(cores()))
