"""Frozen settings of each job, validated once. A default is written here and nowhere else."""

from dataclasses import dataclass
from typing import Literal, get_args

from sentiment_core.errors import ConfigError
from sentiment_core.machine import cores

Balance = Literal["weights", "files", "oversample", "none"]


def _positive(**settings: float | None) -> None:
    for name, value in settings.items():
        if value is not None and value <= 0:
            raise ConfigError(f"{name} must be above 0, got {value}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PretrainConfig:
    """How a causal language model is trained. Lengths are in tokens; `base` None starts from scratch."""

    base: str | None = None
    embeddings: str | None = None
    layers: int = 4
    width: int = 256
    vocabulary: int = 8192
    length: int = 256
    epochs: float = 1.0
    learning_rate: float = 1e-3
    batch_size: int = 16
    max_minutes: float | None = None
    seed: int = 0
    resume: bool = False

    def __post_init__(self) -> None:
        if self.base is not None and self.embeddings is not None:
            raise ConfigError("embeddings are for a model from scratch, and a base has its own: give one of the two")
        _positive(
            layers=self.layers,
            length=self.length,
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            max_minutes=self.max_minutes,
        )
        if self.width < 64 or self.width % 64:
            raise ConfigError(f"width must be a multiple of 64, the size of a head, got {self.width}")
        if self.vocabulary < 512:
            raise ConfigError(f"vocabulary must be at least 512, bytes included, got {self.vocabulary}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """How a classifier is fine-tuned. `max_length` is in tokens; None is what the base reads, up to 512.

    `dropout` None is the base's own; `prefixes` is a share of the loss; `search` is a number of trials.
    """

    base: str = "gpt2"
    teacher: str | None = None
    max_length: int | None = None
    epochs: float = 3.0
    max_steps: int | None = None
    learning_rate: float = 5e-5
    warmup_share: float = 0.06
    batch_size: int = 16
    balance: Balance = "weights"
    dropout: float | None = None
    prefixes: float = 0.0
    patience: int = 2
    search: int | None = None
    evaluations_per_epoch: int = 2
    seed: int = 0
    resume: bool = False

    def __post_init__(self) -> None:
        _positive(
            epochs=self.epochs,
            max_steps=self.max_steps,
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            patience=self.patience,
            search=self.search,
            evaluations_per_epoch=self.evaluations_per_epoch,
        )
        if self.max_length is not None and self.max_length < 8:
            raise ConfigError(f"max_length must be at least 8 tokens, got {self.max_length}")
        if self.dropout is not None and not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must lie in [0, 1), got {self.dropout}")
        if not 0 <= self.prefixes <= 1:
            raise ConfigError(f"prefixes must lie in [0, 1], got {self.prefixes}")
        if not 0 <= self.warmup_share < 1:
            raise ConfigError(f"warmup_share must lie in [0, 1), got {self.warmup_share}")
        if self.balance not in get_args(Balance):
            raise ConfigError(f"balance must be one of {', '.join(get_args(Balance))}, got {self.balance!r}")


# What the process holds whatever the chunk: interpreter, Polars, Arrow, ONNX Runtime, a model of 124M in int8, and
# what the tokenizer takes for a moment.
_RESIDENT = 512 * 2**20
LEAST_MEMORY = 640 * 2**20
# Bytes held for one byte of a chunk while it is cleaned, tokenised, scored and written; see tests/test_memory.py.
_BYTES_PER_BYTE = 48
# Larger chunks win nothing, and many runs at once need the memory.
_LARGEST_CHUNK = 1 << 22
# A run that fits the caches of a core, measured; enough at once to keep a GPU busy.
_RUN_TOKENS = {"cpu": 256, "cuda": 1 << 15}
# A key of 16 bytes, two logits and a count, with what Python puts around them.
_BYTES_PER_REMEMBERED = 512
# Of the memory limit, one part in so many.
_REMEMBERED_PART = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreConfig:
    """How a table is scored. `batch_tokens` counts padding and by default suits `device`; `threads` 0 takes every core.

    Memory is in bytes.
    """

    chunk_rows: int = 4096
    device: Literal["cpu", "cuda"] = "cpu"
    batch_tokens: int | None = None
    threads: int = 0
    memory_limit: int = 2**30

    def __post_init__(self) -> None:
        _positive(chunk_rows=self.chunk_rows, batch_tokens=self.batch_tokens)
        if self.device not in _RUN_TOKENS:
            raise ConfigError(f"device must be cpu or cuda, got {self.device!r}")
        if self.threads < 0:
            raise ConfigError(f"threads must be 0 (every core) or more, got {self.threads}")
        if self.memory_limit < LEAST_MEMORY:
            least, got = LEAST_MEMORY >> 20, self.memory_limit >> 20
            raise ConfigError(f"memory limit must be at least {least}MB, got {got}MB")

    @property
    def run_tokens(self) -> int:
        """Tokens of one run of the model, padding included."""
        return self.batch_tokens or _RUN_TOKENS[self.device]

    @property
    def workers(self) -> int:
        """Threads that run the model, each a batch of its own."""
        return self.threads or cores()

    @property
    def remembered(self) -> int:
        """Texts whose score is remembered, for when they come again."""
        return self.memory_limit // _REMEMBERED_PART // _BYTES_PER_REMEMBERED

    @property
    def chunk_bytes(self) -> int:
        """Bytes of a chunk, so that everything made of it stays within `memory_limit`."""
        return min(_LARGEST_CHUNK, self._divided // 2 // _BYTES_PER_BYTE)

    @property
    def runs_bytes(self) -> int:
        """Bytes that runs of the model may take together, beyond what one small run does."""
        return self._divided - self.chunk_bytes * _BYTES_PER_BYTE

    @property
    def _divided(self) -> int:
        """What chunks and runs share."""
        return self.memory_limit - self.memory_limit // _REMEMBERED_PART - _RESIDENT
