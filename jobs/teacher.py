"""Distillation: what a strong, slow classifier says of the reviews that a small one learns from.

The student's target is a mixture of the label and the teacher's probability (Hinton et al. 2015, with the
teacher's own fitted temperature); a review without a label has the teacher's alone.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

from export.parity import TorchRun
from export.runtime import Encoder
from jobs.base import longest_review, open_base, open_config, open_tokenizer, resolve
from jobs.log import Log
from jobs.progress import Progress
from jobs.trainer import bf16_helps
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import ConfigError
from sentiment_core.labels import ID2LABEL
from sentiment_core.scorer import Decision, Scorer

_SCORED_AT_ONCE = 8192


def soften(teacher: str, texts: Sequence[str], max_length: int, console: Console) -> npt.NDArray[np.float32]:
    """Return the probability of Label.POSITIVE that the checkpoint `teacher` gives each of `texts`.

    It reads as much of a review as it was trained to, and otherwise `max_length` tokens.
    """
    tokenizer = open_tokenizer(teacher)
    model: Any = open_base(AutoModelForSequenceClassification, teacher)
    model.config.pad_token_id = tokenizer.pad_token_id
    report = Path(resolve(teacher)) / "training.json"
    trained = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    scorer = Scorer(
        Encoder(Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())),
        TorchRun(model.to(device), bf16=bf16_helps(model.config.hidden_size)),
        Decision(temperature=trained.get("temperature", 1.0)),
        max_length=trained.get("max_length", longest_review(model.config, tokenizer, max_length)),
        pad_id=tokenizer.pad_token_id,
        config=ScoreConfig(batch_tokens=4096, threads=1),  # PyTorch has threads of its own
    )
    with Progress(Log(console), Path(teacher), len(texts)) as progress:
        # Some at a time: the tokens of all of them are not held at once.
        said = [
            scorer.score(texts[start : start + _SCORED_AT_ONCE], progress.advance).probability
            for start in range(0, len(texts), _SCORED_AT_ONCE)
        ]
    return np.concatenate(said)


def require_teacher(teacher: str) -> None:
    """Raise ConfigError where `teacher` is out of reach or has other labels than ours."""
    labels = open_config(teacher).id2label
    if labels != ID2LABEL:
        raise ConfigError(
            f"--teacher {teacher}: wanted id2label {ID2LABEL}, found {labels}; give a checkpoint of `sentiment train`"
        )
