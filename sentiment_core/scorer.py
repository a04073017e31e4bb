"""Texts to predictions: clean, encode, bucket, run, probability, decide."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sentiment_core.batching import Ids, Mask, pad, plan
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import ConfigError
from sentiment_core.labels import Label
from sentiment_core.text import clean
from sentiment_core.truncation import head_and_tail

Logits = npt.NDArray[np.float32]


class Encode(Protocol):
    """Cleaned texts to token ids, whole and unpadded."""

    def __call__(self, texts: Sequence[str]) -> Sequence[Sequence[int]]: ...


class Run(Protocol):
    """(rows, length) ids and mask, padded on the right, to (rows, 2) logits in the order of Label.

    Several threads call it at once.
    """

    def __call__(self, ids: Ids, mask: Mask) -> Logits: ...


class Status(StrEnum):
    """What became of a row."""

    OK = "ok"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    NULL = "null"
    FAILED = "failed"


# Characters; enough for the tokenizer to keep every core busy.
_ENCODED_AT_ONCE = 1 << 18
SCORED = (Status.OK, Status.TRUNCATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How logits are read: a temperature for honest probabilities, a threshold for the label."""

    temperature: float = 1.0
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.temperature < float("inf"):
            raise ConfigError(f"temperature must be above 0, got {self.temperature}")
        if not 0 < self.threshold < 1:
            raise ConfigError(f"threshold must lie between 0 and 1, got {self.threshold}")

    def probability(self, logits: Logits) -> npt.NDArray[np.float32]:
        """(rows, 2) logits to (rows,) probability of Label.POSITIVE: the softmax of two, after Guo et al. 2017."""
        margin = (logits[:, Label.POSITIVE] - logits[:, Label.NEGATIVE]).astype(np.float64) / self.temperature
        # tanh does not overflow where exp(-margin) does.
        return (0.5 * (1.0 + np.tanh(0.5 * margin))).astype(np.float32)

    def decide(self, probability: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
        """(rows,) probabilities to (rows,) labels."""
        return (probability >= np.float32(self.threshold)).astype(np.int8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """One entry a row; label and probability mean nothing where the row is not `scored`."""

    label: npt.NDArray[np.int8]
    probability: npt.NDArray[np.float32]
    token_count: npt.NDArray[np.uint32]
    status: npt.NDArray[np.str_]

    @property
    def scored(self) -> npt.NDArray[np.bool_]:
        """True for rows that have a label."""
        return np.isin(self.status, SCORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """What a model says of each row before it is read: (rows, 2) logits, tokens and status of (rows,)."""

    logits: Logits
    token_count: npt.NDArray[np.uint32]
    status: npt.NDArray[np.str_]

    def read(self, decision: Decision) -> Predictions:
        """Read the logits by `decision`; a row whose logits are no numbers has failed, and has no score."""
        finite = np.asarray(np.isfinite(self.logits).all(axis=1))
        probability = decision.probability(np.where(finite[:, None], self.logits, np.float32(0)))
        return Predictions(
            label=decision.decide(probability),
            probability=probability,
            token_count=self.token_count,
            status=np.where(finite, self.status, Status.FAILED),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a scorer has done: rows that came, texts that were run, their tokens as cut and the padding beside them."""

    rows: int = 0
    texts_run: int = 0
    tokens: int = 0
    padding: int = 0
    encode_seconds: float = 0.0
    run_seconds: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    def __sub__(self, other: "Work") -> "Work":
        return Work(**{name: getattr(self, name) - getattr(other, name) for name in self.__dataclass_fields__})

    @property
    def padding_share(self) -> float | None:
        """Of all tokens that the model ran."""
        return self.padding / (self.tokens + self.padding) if self.tokens else None


class Scorer:
    """Scores texts; whatever the batch or the order, a text gets the same score.

    A text that comes again, in this call or a later one, is not run again while it is remembered. `work` adds up
    what was done.
    """

    def __init__(
        self, encode: Encode, run: Run, decision: Decision, *, max_length: int, pad_id: int, config: ScoreConfig
    ) -> None:
        self._encode, self._run, self._config = encode, run, config
        self._max_length, self._pad_id = max_length, pad_id
        self._known: dict[bytes, tuple[npt.NDArray[np.float32], int]] = {}
        self.decision = decision
        self.work = Work()

    @property
    def workers(self) -> int:
        """Threads that run the model."""
        return self._config.workers

    def score(self, texts: Sequence[str | None], on_rows: Callable[[int], None] = lambda rows: None) -> Predictions:
        """Score `texts` in order. `on_rows` hears how many rows each step has finished."""
        return self.run(texts, on_rows).read(self.decision)

    def run(self, texts: Sequence[str | None], on_rows: Callable[[int], None] = lambda rows: None) -> Outputs:
        """Run the model over `texts`, in order; logits of a row without tokens are 0."""
        if isinstance(texts, str):  # a sequence of texts, too: its letters
            raise ConfigError("texts: wanted a list of texts, found one text; give it as [text]")
        start = time.perf_counter()
        cleaned = [clean(text or "") for text in texts]
        keys = [blake2b(text.encode(), digest_size=16).digest() for text in cleaned]
        new = {key: text for key, text in zip(keys, cleaned, strict=True) if key not in self._known}
        on_rows(len(texts) - len(new))
        logits, count, done = self._run_new(list(new.values()), on_rows)
        spent = time.perf_counter() - start
        self.work += replace(done, rows=len(texts), encode_seconds=spent - done.run_seconds)
        self._known.update(zip(new, zip(logits, count.tolist(), strict=True), strict=True))
        known = [self._known[key] for key in keys]
        for key in list(islice(self._known, max(0, len(self._known) - self._config.remembered))):
            del self._known[key]
        token_count = np.array([tokens for _, tokens in known], dtype=np.uint32)
        status = np.select(
            [
                np.array([text is None for text in texts], dtype=bool),
                token_count == 0,
                token_count > self._max_length,
            ],
            [Status.NULL, Status.EMPTY, Status.TRUNCATED],
            Status.OK,
        )
        pairs = np.array([pair for pair, _ in known], dtype=np.float32).reshape(-1, len(Label))
        return Outputs(logits=pairs, token_count=token_count, status=status)

    def _run_new(
        self, texts: Sequence[str], on_rows: Callable[[int], None]
    ) -> tuple[Logits, npt.NDArray[np.int64], Work]:
        """Return (rows, 2) logits and the token count of each of the cleaned `texts`."""
        count = np.zeros(len(texts), dtype=np.int64)
        kept: list[Sequence[int]] = []
        for row, ids in enumerate(self._ids(texts)):
            count[row] = len(ids)
            if ids:
                kept.append(head_and_tail(ids, self._max_length))
        rows = np.flatnonzero(count)
        on_rows(len(texts) - len(rows))
        logits = np.zeros((len(texts), len(Label)), dtype=np.float32)

        def run(members: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
            logits[rows[members]] = self._run(*pad([kept[member] for member in members.tolist()], self._pad_id))
            return members

        start = time.perf_counter()
        lengths = np.array([len(ids) for ids in kept], dtype=np.int64)
        # The longest first, so that no core waits long for another one's last run.
        runs = list(plan(lengths, self._config.run_tokens))[::-1]
        pool = ThreadPoolExecutor(self._config.workers)
        try:
            for members in pool.map(run, runs):
                on_rows(len(members))
        finally:
            pool.shutdown(cancel_futures=True)
        tokens = int(lengths.sum())
        return (
            logits,
            count,
            Work(
                texts_run=len(kept),
                tokens=tokens,
                padding=sum(len(members) * int(lengths[members].max()) for members in runs) - tokens,
                run_seconds=time.perf_counter() - start,
            ),
        )

    def _ids(self, texts: Sequence[str]) -> Iterator[Sequence[int]]:
        """Encode, some texts at a time: an encoded text takes up to 240 times its size for a moment."""
        group: list[str] = []
        size = 0
        for text in texts:
            group.append(text)
            size += len(text)
            if size >= _ENCODED_AT_ONCE:
                yield from self._encode(group)
                group, size = [], 0
        yield from self._encode(group)
