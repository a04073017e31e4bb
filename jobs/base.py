"""Bases to train from: a Hugging Face name, a local folder, or the one that comes with the package."""

import hashlib
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging

from data.outputs import digest
from export.bundle import BUNDLED_BASE
from sentiment_core.errors import ConfigError

# Longer reviews keep both ends; attention over more costs more than it tells.
_LONGEST = 512
# What it says of heads that are new and masks that are absent is true of every training here.
logging.set_verbosity_error()


def resolve(base: str) -> str:
    """Return the folder of the bundled base for `bundled`, else `base` itself."""
    return str(BUNDLED_BASE) if base == "bundled" else base


def open_tokenizer(base: str) -> PreTrainedTokenizerFast:
    """Open the fast tokenizer of `base`, with a pad token: GPT-2 has none of its own and takes end-of-text."""
    tokenizer = _open(AutoTokenizer, base)
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ConfigError(f"--base {base}: wanted a tokenizer with a fast version, found {type(tokenizer).__name__}")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def open_base(kind: Any, base: str, **settings: Any) -> PreTrainedModel:
    """Open `base` as an auto class of transformers, in fp32. Raises ConfigError with one line if out of reach."""
    model: PreTrainedModel = _open(kind, base, dtype="float32", **settings)
    return model


def open_config(base: str, **settings: Any) -> PretrainedConfig:
    """Open the configuration of `base`. Raises ConfigError."""
    config: PretrainedConfig = _open(AutoConfig, base, **settings)
    return config


def longest_review(model: PretrainedConfig, tokenizer: PreTrainedTokenizerFast, wanted: int | None) -> int:
    """Return how many tokens of a review the model can read, at most `wanted`."""
    wanted = wanted or _LONGEST
    # RoBERTa counts two positions that no token takes; its tokenizer knows.
    positions = getattr(model, "max_position_embeddings", wanted)
    return int(min(wanted, positions, tokenizer.model_max_length))


def name_of(model: str) -> str:
    """Name a model so that others know it: no path of this machine, and more than a folder's name."""
    if not Path(model).is_dir():
        return model
    shape = open_config(model)
    return f"{Path(model).name} ({shape.model_type}, {shape.num_hidden_layers} layers of {shape.hidden_size})"


def content_of(model: str) -> dict[str, str | None]:
    """Tell a model from another of its name: by what is in its folder, or by the commit of the Hub."""
    folder = Path(resolve(model))
    if not folder.is_dir():
        return {"name": model, "commit": getattr(open_config(model), "_commit_hash", None)}
    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(f"{path.relative_to(folder)} {digest(path)}\n".encode())
    return {"sha256": found.hexdigest()}


def _open(kind: Any, base: str, **settings: Any) -> Any:
    place = resolve(base)
    local = Path(place).is_dir()
    try:
        return kind.from_pretrained(place, trust_remote_code=False, local_files_only=local, **settings)
    except Exception as error:  # a folder that lacks a file ends in whatever the code behind it trips over
        if local:
            raise ConfigError(f"--base {base}: {_lacking(kind, Path(place), error)}") from error
        raise ConfigError(
            f"--base {base}: not a local folder, and the Hugging Face Hub is out of reach or has no such model; "
            "give a folder that holds the model, or --base bundled"
        ) from error


def _lacking(kind: Any, folder: Path, error: Exception) -> str:
    if kind is AutoTokenizer and not (folder / "tokenizer.json").exists():
        there = ", ".join(sorted(path.name for path in folder.iterdir())[:10]) or "no file"
        return f"wanted the files of a tokenizer (tokenizer.json), found {there}; copy the tokenizer's files there, too"
    found = " ".join(str(error).split())[:200]
    return f"wanted a Hugging Face model folder, found {found or type(error).__name__}; give one that is whole"
