"""sentiment train: fine-tune a classifier on labelled reviews."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from sklearn.metrics import accuracy_score, f1_score
from sklearn.utils.class_weight import compute_class_weight
from tokenizers import Tokenizer
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    EarlyStoppingCallback,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
    set_seed,
)

from data.outputs import require_absent, whole_folder, write_json
from data.reviews import VALIDATION, Reviews, read_reviews, write_reviews
from data.splits import is_validation
from export.runtime import Encoder
from jobs.base import open_base, open_tokenizer
from jobs.baseline import baseline
from jobs.loss_picture import draw_loss
from jobs.trainer import Report, arguments, run, work_folder
from jobs.training_report import print_report
from sentiment_core.batching import Ids, Mask
from sentiment_core.calibration import fit_decision
from sentiment_core.config import ScoreConfig, TrainConfig
from sentiment_core.errors import ConfigError, TableError
from sentiment_core.labels import ID2LABEL, LABEL2ID, Label, Truth
from sentiment_core.scorer import Decision, Logits, Scorer
from sentiment_core.summary import Tally
from sentiment_core.truncation import head_and_tail

# Early stopping looks several times an epoch: so many rows tell a trend, the final figures use all.
_STOPPING_ROWS = 5_000
# Travel with the checkpoint, so that export checks parity and int8 on real texts.
_KEPT_ROWS = 1_000


def train(
    inputs: Sequence[Path],
    validation_file: Path | None,
    columns: tuple[str | None, str | None],
    output: Path,
    config: TrainConfig,
    console: Console,
) -> None:
    """Fine-tune `config.base` on the reviews of `inputs` and write a checkpoint to `output`.

    `columns` are the names of text and label, None to find them. Raises SentimentError's branches.
    """
    require_absent(output)
    set_seed(config.seed)
    training, validation = _split(inputs, validation_file, columns, config, console)
    tokenizer = open_tokenizer(config.base)
    model = _classifier(config.base, tokenizer)
    # RoBERTa counts two positions that no token takes; its tokenizer knows.
    positions = getattr(model.config, "max_position_embeddings", config.max_length)
    max_length = min(config.max_length, positions, tokenizer.model_max_length)
    encode = Encoder(Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()))
    work, checkpoint = work_folder(output, config.resume)

    trainer = _trainer(model, tokenizer, (training, validation), partial(_rows, encode, max_length), work, config)
    trainer.add_callback(Report(console))
    run(trainer, checkpoint)

    console.print(f"evaluating on {len(validation):,} validation reviews")
    scorer = Scorer(
        encode,
        partial(_logits, model.eval()),
        Decision(),
        max_length=max_length,
        pad_id=tokenizer.pad_token_id,
        config=ScoreConfig(batch_tokens=4096),
    )
    outputs = scorer.run(validation.texts)
    decision = fit_decision(outputs.logits, np.array(validation.labels))
    summary = Tally.of(outputs.read(decision), Truth(labels=validation.labels)).summarise()
    report = {
        "max_length": max_length,
        **asdict(decision),
        "validation": summary,
        "baseline": baseline(training, validation),
        "card": {
            "base": Path(config.base).name,  # no path of this machine in what is handed on
            "trained_on": [path.name for path in inputs],
            "training_reviews": len(training),
            "validation_reviews": len(validation),
            "steps": trainer.state.global_step,
            "settings": {name: value for name, value in asdict(config).items() if name != "resume"},
        },
        "log": trainer.state.log_history,
    }
    with whole_folder(output) as building:
        model.save_pretrained(building)
        tokenizer.save_pretrained(str(building))
        kept = validation.where([row < _KEPT_ROWS for row in range(len(validation))])
        write_reviews(kept, building / VALIDATION)
        write_json(building / "training.json", report)
        draw_loss(trainer.state.log_history, building / "loss.png")
    shutil.rmtree(work)
    print_report(report, output, console)


def _split(
    inputs: Sequence[Path],
    validation_file: Path | None,
    columns: tuple[str | None, str | None],
    config: TrainConfig,
    console: Console,
) -> tuple[Reviews, Reviews]:
    reviews = read_reviews(inputs, *columns)
    notes = list(reviews.notes)
    if validation_file is None:
        side = [is_validation(text, config.validation_share) for text in reviews.texts]
        training, validation = reviews.where([not held for held in side]), reviews.where(side)
    else:
        validation = read_reviews([validation_file], *columns)
        notes += validation.notes
        held_out = set(validation.texts)
        training = reviews.where([text not in held_out for text in reviews.texts])
        if len(training) < len(reviews):
            notes.append(f"left out of training: {len(reviews) - len(training):,} reviews that stand in validation")
    for note in notes:
        console.print(note)
    for name, part in (("training", training), ("validation", validation)):
        counts = {label.name.lower(): part.labels.count(label) for label in Label}
        console.print(
            f"{name}: {len(part):,} reviews, {counts['positive']:,} positive, {counts['negative']:,} negative"
        )
        if 0 in counts.values():
            raise TableError(
                f"{inputs[0]}: wanted both labels on the {name} side, found {counts}; give more labelled rows"
            )
    # By hash order, not file order, so that its first rows are a fair sample.
    order = np.random.default_rng(config.seed).permutation(len(validation))
    return training, Reviews(
        texts=[validation.texts[row] for row in order], labels=[validation.labels[row] for row in order]
    )


def _classifier(base: str, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    model = open_base(
        AutoModelForSequenceClassification,
        base,
        num_labels=len(Label),
        id2label=ID2LABEL,
        label2id=LABEL2ID,
        ignore_mismatched_sizes=True,
    )
    rows = model.config.vocab_size
    if len(tokenizer) > rows:
        raise ConfigError(
            f"--base {base}: wanted a tokenizer of the model's own, found {len(tokenizer)} tokens for "
            f"{rows} embeddings; give a folder where both belong together"
        )
    model.config.pad_token_id = tokenizer.pad_token_id
    return model


def _rows(encode: Encoder, max_length: int, reviews: Reviews) -> list[dict[str, Any]]:
    return [
        {"input_ids": list(head_and_tail(ids, max_length)), "labels": int(label)}
        for ids, label in zip(encode(reviews.texts), reviews.labels, strict=True)
    ]


def _trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    sides: tuple[Reviews, Reviews],
    rows: Any,
    work: Path,
    config: TrainConfig,
) -> Trainer:
    training, validation = (rows(side) for side in sides)
    labels = np.array([row["labels"] for row in training])
    weights = None
    if config.class_weights == "balanced":
        balanced = compute_class_weight("balanced", classes=np.array(list(Label)), y=labels)
        weights = torch.tensor(balanced, dtype=torch.float32)

    def loss(outputs: Any, labels: torch.Tensor, num_items_in_batch: Any = None) -> torch.Tensor:
        logits = outputs["logits"].float()
        return torch.nn.functional.cross_entropy(
            logits, labels, weight=None if weights is None else weights.to(logits.device)
        )

    steps = max(1, round(len(training) / config.batch_size * config.epochs))
    steps = min(steps, config.max_steps or steps)
    look_every = max(1, round(min(steps / 2, len(training) / config.batch_size / config.evaluations_per_epoch)))
    settings = arguments(
        work,
        width=model.config.hidden_size,
        seed=config.seed,
        max_steps=steps,
        learning_rate=config.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=round(steps * config.warmup_share),
        per_device_train_batch_size=config.batch_size,
        per_device_eval_batch_size=2 * config.batch_size,
        group_by_length=True,
        eval_strategy="steps",
        eval_steps=look_every,
        save_steps=look_every,
        load_best_model_at_end=True,
        metric_for_best_model="eval_loss",
    )
    tokenizer.padding_side = "right"
    trainer: Trainer = Trainer(
        model=model,
        args=settings,
        train_dataset=training,
        eval_dataset=validation[:_STOPPING_ROWS],
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_loss_func=loss,
        compute_metrics=_metrics,
        callbacks=[EarlyStoppingCallback(config.patience)],
    )
    return trainer


def _metrics(prediction: Any) -> dict[str, float]:
    found = prediction.predictions.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(prediction.label_ids, found)),
        "f1": float(f1_score(prediction.label_ids, found, zero_division=0.0)),
    }


def _logits(model: PreTrainedModel, ids: Ids, mask: Mask) -> Logits:
    with torch.inference_mode():
        output = model(
            input_ids=torch.from_numpy(ids).to(model.device), attention_mask=torch.from_numpy(mask).to(model.device)
        )
    logits: Logits = output.logits.float().cpu().numpy()
    return logits
