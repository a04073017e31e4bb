"""What the recipe starts from: two pretrained models to be teachers, and a base of random weights."""

import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from jobs.embeddings import borrow_embeddings
from jobs.pretrain import from_scratch
from jobs.recipe.rows import read_rows
from sentiment_core.config import PretrainConfig

# As many rows a second as six layers of 256, and MiniLM's embeddings as they are: their width is this one's.
_LAYERS, _WIDTH, _LENGTH = 4, 384, 384


def write_bases(work: Path, *, minilm: Path, gguf: Path) -> None:
    """Write `work`/smollm2, `work`/minilm and `work`/start, each a Hugging Face folder; those that are there stay."""
    if not (work / "smollm2").exists():
        _thaw(gguf, work / "smollm2")
    if not (work / "minilm").exists():
        shutil.copytree(minilm, work / "minilm")
    if not (work / "start").exists():
        _start(work, work / "minilm")


def _start(work: Path, minilm: Path) -> None:
    """Write a tokenizer fitted on the training side, and a GPT-2 of random weights with the word vectors of `minilm`.

    Not the bundled base: it has learnt from what is measured now, sentences of SST-2 above all.
    """
    texts = read_rows(work / "training.jsonl.bz2").texts
    torch.manual_seed(0)
    tokenizer, model = from_scratch(
        texts, PretrainConfig(embeddings=str(minilm), layers=_LAYERS, width=_WIDTH, length=_LENGTH)
    )
    borrow_embeddings(model, tokenizer, str(minilm))
    tokenizer.save_pretrained(str(work / "start"))
    model.save_pretrained(work / "start")


def _thaw(gguf: Path, folder: Path) -> None:
    """Write the model and tokenizer of a GGUF file as a Hugging Face folder. Needs the package `gguf`."""
    settings: dict[str, Any] = {"gguf_file": gguf.name, "trust_remote_code": False}
    AutoTokenizer.from_pretrained(gguf.parent, **settings).save_pretrained(str(folder))
    AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float16, **settings).save_pretrained(folder)
