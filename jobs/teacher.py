"""Distillation: what a strong, slow classifier says of the reviews that a small one learns from.

The student's target is a mixture of the label and the teacher's probability (Hinton et al. 2015, with the
teacher's own fitted temperature); a review without a label has the teacher's alone.
"""

import json
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification

from export.runtime import Encoder
from jobs.base import longest_review, open_base, open_tokenizer, resolve, torch_logits
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import ConfigError
from sentiment_core.labels import ID2LABEL
from sentiment_core.scorer import Decision, Scorer

_SECONDS_BETWEEN_LINES = 30.0


def soften(teacher: str, texts: Sequence[str], max_length: int, console: Console) -> npt.NDArray[np.float32]:
    """Return the probability of Label.POSITIVE that the checkpoint `teacher` gives each of `texts`.

    It reads as much of a review as it was trained to, and otherwise `max_length` tokens. Raises ConfigError for
    a teacher with other labels than ours.
    """
    tokenizer = open_tokenizer(teacher)
    model = open_base(AutoModelForSequenceClassification, teacher)
    if model.config.id2label != ID2LABEL:
        raise ConfigError(
            f"--teacher {teacher}: wanted id2label {ID2LABEL}, found {model.config.id2label}; "
            "give a checkpoint of `sentiment train`"
        )
    model.config.pad_token_id = tokenizer.pad_token_id
    report = Path(resolve(teacher)) / "training.json"
    trained = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
    device = "cuda" if torch.cuda.is_available() else "cpu"
    scorer = Scorer(
        Encoder(Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())),
        partial(torch_logits, model.eval().to(device)),
        Decision(temperature=trained.get("temperature", 1.0)),
        max_length=trained.get("max_length", longest_review(model.config, tokenizer, max_length)),
        pad_id=tokenizer.pad_token_id,
        config=ScoreConfig(batch_tokens=4096),
    )
    started = said = time.monotonic()
    done = 0

    def progress(rows: int) -> None:
        nonlocal said, done
        done += rows
        if time.monotonic() - said >= _SECONDS_BETWEEN_LINES:
            said = time.monotonic()
            left = (said - started) / done * (len(texts) - done) / 60
            console.print(f"teacher: {done:,} of {len(texts):,} reviews, {left:.0f} min left")

    return scorer.score(texts, progress).probability
