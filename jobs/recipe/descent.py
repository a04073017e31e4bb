"""Gradient descent within a time: for language models, classifiers on labels, and students on a teacher's word."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy, log_softmax

from jobs.recipe.tokens import Tokens, planned

Say = Callable[[str], None]
Floats = npt.NDArray[np.float32]

_SAID_EVERY = 10.0  # seconds
_WARMUP = 0.05
_PREDICTED_TOKENS = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long and how fast: it ends after `passes` or `seconds`, whichever is first, and the rate falls to 0 by then.

    `tokens` are those of a batch, padding included.
    """

    passes: float
    rate: float
    seconds: float = float("inf")
    tokens: int = 1 << 15
    decay: float = 0.01


def device() -> torch.device:
    """Where models are trained."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half_precision() -> AbstractContextManager[Any]:
    """Return a context of bf16 products on a GPU; a CPU stays in fp32."""
    kind = device().type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=kind == "cuda")


def descend(
    model: torch.nn.Module,
    one_pass: Callable[[], Iterable[Any]],
    loss_of: Callable[[Any], tuple[torch.Tensor, int]],
    pace: Pace,
    say: Say,
) -> None:
    """Train `model` in place on batches of `one_pass`, whose loss and number of tokens `loss_of` tells."""
    model.train()
    vectors = [weight for weight in model.parameters() if weight.ndim < 2]
    matrices = [weight for weight in model.parameters() if weight.ndim >= 2]
    groups = [{"params": matrices, "weight_decay": pace.decay}, {"params": vectors, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=True)
    start = said = time.monotonic()
    first = list(one_pass())
    steps = max(1, round(pace.passes * len(first)))
    seen, loss = 0, torch.zeros(())
    for step, batch in enumerate(_repeated(first, one_pass)):
        now = time.monotonic()
        progress = max((now - start) / pace.seconds, step / steps)
        if progress >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = pace.rate * min(1.0, progress / _WARMUP + 1e-3) * (1 - progress)
        loss, tokens = loss_of(batch)
        loss.backward()  # type: ignore[no-untyped-call]  # torch
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seen += tokens
        if now - said >= _SAID_EVERY or step == 0:
            said = now
            speed = seen / (time.monotonic() - start + 1e-9)
            say(f"  {now - start:.0f} s  step {step}/{steps}  loss {loss.item():.4f}  {speed:,.0f} tokens/s")
    model.eval()
    say(f"  {time.monotonic() - start:.0f} s  {step} of {steps} steps  loss {loss.item():.4f}  {seen:,} tokens")


def _repeated(first: list[Any], one_pass: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    yield from first
    while True:
        yield from one_pass()


def learn_language(model: Any, blocks: torch.Tensor, pace: Pace, say: Say) -> None:
    """Train the causal `model` to predict the next token in (blocks, length) ids."""
    dice = np.random.default_rng(0)
    size = max(1, pace.tokens // blocks.shape[1])

    def one_pass() -> list[torch.Tensor]:
        return list(torch.split(torch.from_numpy(dice.permutation(len(blocks))).to(blocks.device), size))

    def loss_of(rows: torch.Tensor) -> tuple[torch.Tensor, int]:
        return language_loss(model, blocks[rows].long()), rows.numel() * blocks.shape[1]

    with _padding_unasked(model):
        descend(model, one_pass, loss_of, pace, say)


@contextmanager
def _padding_unasked(model: Any) -> Iterator[None]:
    """Keep transformers from looking for padding in batches without a mask: it waits for the device each time."""
    pad_id, model.config.pad_token_id = model.config.pad_token_id, None
    try:
        yield
    finally:
        model.config.pad_token_id = pad_id


def language_loss(model: Any, ids: torch.Tensor) -> torch.Tensor:
    """Return the mean cross-entropy of each token after the first, in nats."""
    with half_precision():
        logits = model(input_ids=ids, use_cache=False).logits[:, :-1]
    return cross_entropy(logits.reshape(-1, logits.shape[-1]).float(), ids[:, 1:].reshape(-1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What a classifier learns from texts: (texts, labels) `masses`, whose sum is a text's weight.

    `prefixes` is the part of the loss that a causal model bears for its word on every beginning of a text, the longer
    the more; `masked` the share of tokens hidden in every other batch.
    """

    tokens: Tokens
    masses: Floats
    prefixes: float = 0.0
    masked: float = 0.0


def learn_labels(model: Any, lesson: Lesson, pace: Pace, say: Say) -> None:
    """Train the classifier `model` on `lesson`."""
    dice = np.random.default_rng(0)
    chance = torch.Generator(device()).manual_seed(0)
    pad_id = model.config.pad_token_id
    targets = torch.from_numpy(lesson.masses).to(device())

    def one_pass() -> list[npt.NDArray[np.int64]]:
        return planned(lesson.tokens.lengths, pace.tokens, dice)

    def loss_of(rows: npt.NDArray[np.int64]) -> tuple[torch.Tensor, int]:
        ids, lengths = lesson.tokens.batch(rows, pad_id)
        if lesson.masked and dice.random() < 0.5:
            hidden = torch.rand(ids.shape, device=ids.device, generator=chance) < lesson.masked
            ids = ids.masked_fill(hidden, pad_id)
        target = targets[torch.from_numpy(rows).to(targets.device)]
        with half_precision():
            every, logits = _read(model, ids, lengths)
        loss = -(target * log_softmax(logits.float(), dim=-1)).sum(dim=-1).mean()
        if lesson.prefixes and every is not None:
            places = torch.arange(1, ids.shape[1] + 1, device=ids.device)
            share = places * (places <= lengths[:, None])
            along = -(target[:, None] * log_softmax(every.float(), dim=-1)).sum(dim=-1)
            prefixes = ((along * share).sum(dim=1) / share.sum(dim=1)).mean()
            loss = (1 - lesson.prefixes) * loss + lesson.prefixes * prefixes
        return loss, ids.numel()

    with _padding_unasked(model):
        descend(model, one_pass, loss_of, pace, say)


def _read(model: Any, ids: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor | None, torch.Tensor]:
    """Return a causal model's logits at every token, and any model's logits of each text."""
    if hasattr(model, "score"):
        # Padding stands right: no token of a text attends to it, and attention is faster without a mask.
        hidden = model.base_model(input_ids=ids, use_cache=False).last_hidden_state
        with torch.autocast(ids.device.type, enabled=False):
            every = model.score(hidden.float())
        return every, every[torch.arange(len(ids), device=ids.device), lengths - 1]
    mask = torch.arange(ids.shape[1], device=ids.device) < lengths[:, None]
    return None, model(input_ids=ids, attention_mask=mask.long()).logits


def margins(model: Any, tokens: Tokens, seconds: float = float("inf")) -> Floats:
    """Return what `model` says of each text: the logit of positive less that of negative.

    NaN where `seconds` ended before its turn came, which is by chance.
    """
    model.eval()
    said = np.full(len(tokens.lengths), np.nan, dtype=np.float32)
    said[tokens.lengths == 0] = 0.0
    start = time.monotonic()
    waiting: list[tuple[npt.NDArray[np.int64], torch.Tensor]] = []
    size = _PREDICTED_TOKENS if device().type == "cuda" else 1 << 13
    pad_id = model.config.pad_token_id
    with torch.inference_mode(), half_precision(), _padding_unasked(model):
        for number, rows in enumerate(planned(tokens.lengths, size, np.random.default_rng(0))):
            if time.monotonic() - start > seconds:
                break
            _, logits = _read(model, *tokens.batch(rows, pad_id))
            waiting.append((rows, (logits[:, 1] - logits[:, 0]).float()))
            if number % 16 == 15:  # the device is asked now and then, so that time is told by what it has done
                waiting[-1][1].sum().item()
    for rows, margin in waiting:
        said[rows] = margin.cpu().numpy()
    return said
