"""Which rows run together: length buckets under a token budget."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int64]
Mask = npt.NDArray[np.int64]


def plan(lengths: npt.NDArray[np.int64], batch_tokens: int) -> Iterator[npt.NDArray[np.intp]]:
    """Yield the row numbers of each run, rows of like length together, every row once.

    A run holds at most `batch_tokens` tokens, padding included; a row longer than that runs alone.
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    for end in range(1, len(order) + 1):
        # Lengths ascend, so the row that would come next is the one that all would be padded to.
        if end == len(order) or (end - start + 1) * lengths[order[end]] > batch_tokens:
            yield order[start:end]
            start = end


def pad(rows: Sequence[Sequence[int]], pad_id: int) -> tuple[Ids, Mask]:
    """Pad on the right to the longest row: (rows, length) ids and a mask of 1 for token, 0 for padding."""
    lengths = np.array([len(row) for row in rows])
    mask = (np.arange(lengths.max()) < lengths[:, None]).astype(np.int64)
    ids = np.full(mask.shape, pad_id, dtype=np.int64)
    ids[mask.astype(bool)] = np.concatenate([np.asarray(row, dtype=np.int64) for row in rows])
    return ids, mask
