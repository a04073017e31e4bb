"""Token ids of many texts on the device that learns, and batches of like length."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from export.runtime import Encoder
from jobs.recipe.passages import passages
from jobs.recipe.rows import read_rows
from sentiment_core.truncation import head_and_tail

_ENCODED_AT_ONCE = 20_000
# Texts whose lengths fall into one such step may share a batch, in any order.
_STEP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """The ids of all texts in one row, and how many are each text's."""

    ids: torch.Tensor
    starts: torch.Tensor
    lengths: npt.NDArray[np.int64]

    @classmethod
    def of(cls, ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64], device: torch.device) -> "Tokens":
        """Put ids on `device`."""
        starts = np.cumsum(lengths) - lengths
        return cls(ids=torch.from_numpy(ids).to(device), starts=torch.from_numpy(starts).to(device), lengths=lengths)

    @classmethod
    def read(cls, path: Path, device: torch.device) -> "Tokens":
        """Read what `encode_sides` wrote."""
        with np.load(path, allow_pickle=False) as found:
            return cls.of(found["ids"], found["lengths"], device)

    def where(self, kept: npt.NDArray[np.int64]) -> "Tokens":
        """Return the texts of the rows `kept`; the ids of all stay where they are."""
        places = torch.from_numpy(kept).to(self.starts.device)
        return Tokens(ids=self.ids, starts=self.starts[places], lengths=self.lengths[kept])

    def batch(self, rows: npt.NDArray[np.int64], pad_id: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (rows, length) ids, padded on the right, and the (rows,) lengths."""
        device = self.ids.device
        lengths = torch.from_numpy(self.lengths[rows]).to(device)
        places = torch.arange(int(self.lengths[rows].max()), device=device)
        starts = self.starts[torch.from_numpy(rows).to(device)]
        found = self.ids[(starts[:, None] + places).clamp_(max=len(self.ids) - 1)].long()
        return found.masked_fill_(places >= lengths[:, None], pad_id), lengths

    def blocks(self, length: int, end: int) -> torch.Tensor:
        """Return all texts in an order of chance, each with `end` behind it, as (blocks, length) ids.

        The last, short block goes.
        """
        ids, starts = self.ids.cpu().numpy(), self.starts.cpu().numpy()
        order = np.random.default_rng(0).permutation(len(starts))
        parts = [part for row in order for part in (ids[starts[row] : starts[row] + self.lengths[row]], [end])]
        stream = torch.from_numpy(np.concatenate(parts).astype(np.int32)).to(self.ids.device)
        return stream[: len(stream) // length * length].reshape(-1, length)


def encode_sides(work: Path, bases: Sequence[str], max_length: int, say: Callable[[str], None]) -> None:
    """Write to `work`/tokens those of passages, validation and test for each of `bases`, cut as scoring cuts them.

    Beside them, uncut, what a language model learns from and is tried on. A file that is there is not written again.
    """
    sides = {side: read_rows(work / f"{side}.jsonl.bz2") for side in ("training", "validation", "test")}
    made = passages(sides["training"])
    texts = {"passages": made.texts, "validation": sides["validation"].texts, "test": sides["test"].texts}
    whole = {"whole-training": sides["training"].texts, "whole-validation": sides["validation"].texts}
    folder = work / "tokens"
    folder.mkdir(exist_ok=True)
    np.save(folder / "rows.npy", made.rows)
    for base in bases:
        encode = Encoder.open(work / base)
        for what, some in {**texts, **whole}.items():
            path = folder / f"{base}-{what}.npz"
            if not path.exists():
                ids, lengths = _encoded(some, encode, 1 << 30 if what in whole else max_length)
                part = path.with_suffix(".part.npz")
                np.savez(part, ids=ids, lengths=lengths)
                part.rename(path)
                say(f"{base}: {len(ids):,} tokens of {len(lengths):,} {what}")


def _encoded(
    texts: Sequence[str], encode: Encoder, max_length: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    parts: list[npt.NDArray[np.int32]] = []
    for start in range(0, len(texts), _ENCODED_AT_ONCE):
        encoded = encode(texts[start : start + _ENCODED_AT_ONCE])
        parts += [np.array(head_and_tail(ids, max_length), dtype=np.int32) for ids in encoded]
    lengths = np.array([len(part) for part in parts], dtype=np.int64)
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32), lengths


def planned(
    lengths: npt.NDArray[np.int64], tokens: int, dice: np.random.Generator | None = None
) -> list[npt.NDArray[np.int64]]:
    """Return batches of rows of like length, of at most `tokens` each with padding; rows without tokens are in none.

    With `dice` in an order of chance, else the longest first.
    """
    rows = np.flatnonzero(lengths)
    if dice is not None:
        rows = dice.permutation(rows)
    rows = rows[np.argsort(-(lengths[rows] // _STEP if dice is not None else lengths[rows]), kind="stable")]
    batches = list(_cut(rows, lengths, tokens))
    return batches if dice is None else [batches[place] for place in dice.permutation(len(batches))]


def _cut(rows: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], tokens: int) -> Iterator[npt.NDArray[np.int64]]:
    start = 0
    while start < len(rows):
        longest = min(int(lengths[rows[start]]) // _STEP * _STEP + _STEP - 1, int(lengths.max()))
        end = start + max(1, tokens // longest)
        yield rows[start:end]
        start = end
