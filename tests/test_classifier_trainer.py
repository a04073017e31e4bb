"""The loss of a classifier's training."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from click.testing import Result
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    TrainingArguments,
)

from jobs.classifier_trainer import ClassifierTrainer

PAD = 0


@pytest.fixture(scope="module")
def model() -> GPT2ForSequenceClassification:
    torch.manual_seed(0)
    return GPT2ForSequenceClassification(
        GPT2Config(vocab_size=50, n_positions=16, n_embd=16, n_layer=2, n_head=2, pad_token_id=PAD, initializer_range=1)
    )


def loss(
    model: GPT2ForSequenceClassification,
    reviews: Sequence[Sequence[int]],
    labels: Sequence[float],
    prefixes: float,
    folder: Path,
) -> float:
    trainer = ClassifierTrainer(
        prefixes=prefixes,
        model=model.train(),
        args=TrainingArguments(output_dir=str(folder), use_cpu=True, report_to=[]),
    )
    longest = max(map(len, reviews))
    masses = torch.tensor([[1 - label, label] for label in labels])
    ids = torch.tensor([[*review, *[PAD] * (longest - len(review))] for review in reviews])
    for dropout in (part for part in model.modules() if isinstance(part, torch.nn.Dropout)):
        dropout.p = 0.0
    with torch.inference_mode():
        inputs = {"input_ids": ids, "attention_mask": (ids != PAD).long(), "labels": masses}
        return float(trainer.compute_loss(model, inputs))


@pytest.mark.parametrize("prefixes", [0.0, 0.5, 1.0])
def test_a_batch_loses_what_its_reviews_lose_alone(
    prefixes: float, model: GPT2ForSequenceClassification, tmp_path: Path
) -> None:
    reviews, labels = [[5, 6, 7, 8, 9], [11], [3, 2]], [1.0, 0.0, 0.3]
    alone = [loss(model, [review], [label], prefixes, tmp_path) for review, label in zip(reviews, labels, strict=True)]
    assert loss(model, reviews, labels, prefixes, tmp_path) == pytest.approx(sum(alone) / 3, rel=1e-5)


def test_prefixes_are_the_review_cropped_at_every_token(model: GPT2ForSequenceClassification, tmp_path: Path) -> None:
    review = [5, 6, 7, 8]
    crops = [loss(model, [review[:end]], [1.0], 0.0, tmp_path) for end in range(1, 5)]
    along = sum(end * crop for end, crop in enumerate(crops, 1)) / 10  # the longer, the more
    assert loss(model, [review], [1.0], 1.0, tmp_path) == pytest.approx(along, rel=1e-5)
    assert loss(model, [review], [1.0], 0.25, tmp_path) == pytest.approx(0.75 * crops[-1] + 0.25 * along, rel=1e-5)


def test_what_reads_both_ways_has_no_prefixes(
    sentiment: Callable[..., Result], base: Path, labelled: Path, tmp_path: Path
) -> None:
    shape = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertForSequenceClassification(BertConfig(vocab_size=600, **shape)).save_pretrained(tmp_path / "bert")
    for path in base.glob("*token*"):
        (tmp_path / "bert" / path.name).write_bytes(path.read_bytes())
    arguments = ("--base", tmp_path / "bert", "--output", tmp_path / "c", "--prefixes", 0.5)
    assert str(sentiment("train", labelled, *arguments).exception) == (
        "--prefixes: wanted a base that reads from left to right, as GPT-2 does, found bert; leave --prefixes out"
    )
