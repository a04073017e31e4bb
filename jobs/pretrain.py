"""sentiment pretrain: causal language modelling on review texts."""

import math
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.optim.lr_scheduler import LambdaLR
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPT2TokenizerFast,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
    set_seed,
)

from data.outputs import require_absent, whole_folder, write_json
from data.splits import is_validation
from export.runtime import Encoder
from jobs.base import longest_review, name_of, open_base, open_tokenizer
from jobs.embeddings import borrow_embeddings
from jobs.trainer import Report, TimeBudget, arguments, is_bf16, run
from jobs.training_data import TrainRequest, distinct, learnable
from jobs.work_folder import begun_with, work_folder
from sentiment_core.config import PretrainConfig
from sentiment_core.errors import ConfigError, TableError

END_OF_TEXT = "<|endoftext|>"
_Array = np.ndarray[Any, np.dtype[np.int32]]
_WARMUP_STEPS = 100
_HELD_OUT_BLOCKS = 256


def pretrain(request: TrainRequest, config: PretrainConfig, console: Console) -> None:
    """Train a causal language model on the training side of the texts of `request`; save it with its tokenizer.

    Texts on the validation and test sides of the project's split are never trained on: they give the held-out
    perplexity, and a classifier trained from this base has not seen the texts it is measured with.
    """
    require_absent(request.output)
    set_seed(config.seed)
    base = None if config.base is None else _from_base(config.base, config.length)
    texts = distinct(request.inputs, request)
    held_out = [text for text in texts if is_validation(text)]
    training = learnable(texts)
    console.print(f"{len(training):,} texts to train on, {len(held_out):,} held out")
    work, checkpoint = work_folder(request.output, config.resume, begun_with(request, config))
    tokenizer, model = base or from_scratch(training, config)
    if config.embeddings is not None:
        borrow_embeddings(model, tokenizer, config.embeddings)

    np.random.default_rng(config.seed).shuffle(training)
    encode = Encoder(Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()))
    blocks = _pack(encode, training, tokenizer.eos_token_id, config.length)
    held_out_blocks = _pack(encode, held_out, tokenizer.eos_token_id, config.length)[:_HELD_OUT_BLOCKS]
    if not len(blocks) or not len(held_out_blocks):
        raise TableError(
            f"{request.inputs[0]}: wanted text for a block of {config.length} tokens on each side, found less"
        )
    console.print(f"{blocks.size:,} tokens in {len(blocks):,} blocks; {model.num_parameters() / 1e6:.1f}M parameters")
    trainer = _trainer(model, (blocks, held_out_blocks), work, config, console)
    run(trainer, checkpoint)
    perplexity = math.exp(trainer.evaluate()["eval_loss"])
    report = {
        "base": config.base and name_of(config.base),
        "embeddings": config.embeddings and name_of(config.embeddings),
        "texts": len(training),
        "tokens_seen": trainer.state.global_step * config.batch_size * config.length,
        "held_out_perplexity": perplexity,
        "steps": trainer.state.global_step,
        "log": trainer.state.log_history,
    }
    with whole_folder(request.output) as building:
        model.save_pretrained(building)
        tokenizer.save_pretrained(str(building))
        write_json(building / "pretraining.json", report)
    shutil.rmtree(work)
    console.print(f"held-out perplexity {perplexity:.1f}; base written to {request.output}")


def _trainer(
    model: PreTrainedModel, sides: tuple[_Array, _Array], work: Path, config: PretrainConfig, console: Console
) -> Trainer:
    """Return the Trainer of `sides`, the blocks to learn and those held out."""
    blocks, held_out = sides
    budget = TimeBudget(config.max_minutes)
    steps = math.ceil(len(blocks) / config.batch_size * config.epochs)
    settings = arguments(
        work,
        bf16=is_bf16(work, model.config.hidden_size),
        seed=config.seed,
        max_steps=steps,
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=config.batch_size,
        max_grad_norm=1.0,
        save_steps=500,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = LambdaLR(
        optimizer, lambda step: min(1.0, (step + 1) / _WARMUP_STEPS) * max(0.02, budget.left(step, steps))
    )
    trainer: Trainer = Trainer(
        model=model,
        args=settings,
        train_dataset=_Blocks(blocks),
        eval_dataset=_Blocks(held_out),
        optimizers=(optimizer, schedule),
        callbacks=[Report(console), budget],
    )
    return trainer


def from_scratch(texts: Sequence[str], config: PretrainConfig) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
    """Return a tokenizer fitted on `texts` and a GPT-2 of random weights that reads its tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=config.vocabulary, special_tokens=[END_OF_TEXT], initial_alphabet=alphabet, show_progress=False
        ),
    )
    wrapped = GPT2TokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        unk_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        model_max_length=config.length,
    )
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=len(wrapped),
            n_positions=config.length,
            n_embd=config.width,
            n_layer=config.layers,
            n_head=config.width // 64,
            activation_function="gelu_pytorch_tanh",  # gelu_new in one fused operation
            # One pass over the data does not overfit, and dropout costs a third of a CPU's time.
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=wrapped.bos_token_id,
            eos_token_id=wrapped.eos_token_id,
            pad_token_id=wrapped.pad_token_id,
        )
    )
    return wrapped, model


def _from_base(base: str, length: int) -> tuple[PreTrainedTokenizerFast, PreTrainedModel]:
    tokenizer, model = open_tokenizer(base), open_base(AutoModelForCausalLM, base)
    reach = longest_review(model.config, tokenizer, length)
    if length > reach:
        raise ConfigError(f"--length {length}: wanted at most {reach} tokens, which is what {base} reads; give less")
    return tokenizer, model


def _pack(encode: Encoder, texts: Sequence[str], end: int, length: int) -> _Array:
    """Join texts with `end` between them and cut into (blocks, length) rows; the last, short one goes."""

    def ids() -> Iterator[int]:
        for start in range(0, len(texts), 1000):
            for text in encode(texts[start : start + 1000]):
                yield from text
                yield end

    stream = np.fromiter(ids(), dtype=np.int32)
    return stream[: len(stream) // length * length].reshape(-1, length)


class _Blocks(torch.utils.data.Dataset[dict[str, torch.Tensor]]):
    def __init__(self, blocks: _Array) -> None:
        self._blocks = blocks

    def __len__(self) -> int:
        return len(self._blocks)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        ids = torch.from_numpy(self._blocks[index].astype(np.int64))
        return {"input_ids": ids, "labels": ids}
