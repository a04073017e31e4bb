"""sentiment train: fine-tune a classifier on labelled reviews."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from sklearn.metrics import accuracy_score, f1_score
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
from data.reviews import VALIDATION, write_reviews
from export.parity import TorchRun
from export.runtime import Encoder
from jobs.base import longest_review, open_base, open_config, open_tokenizer
from jobs.baseline import baseline, tfidf
from jobs.classifier_trainer import ClassifierTrainer, reads_left_to_right
from jobs.loss_picture import draw_loss
from jobs.search import search
from jobs.trainer import LastLook, Report, arguments, is_bf16, run, work_folder
from jobs.training_data import Row, Targets, TrainRequest, oversampled, read_unlabelled, split
from jobs.training_report import print_report
from sentiment_core.calibration import cross_fitted, fit_decision
from sentiment_core.config import ScoreConfig, TrainConfig
from sentiment_core.errors import ConfigError
from sentiment_core.labels import ID2LABEL, LABEL2ID, Label
from sentiment_core.scorer import Decision, Scorer

# Early stopping looks several times an epoch: so many rows tell a trend, the final figures use all.
_STOPPING_ROWS = 5_000
# No path of this machine in what is handed on; how a run began is nothing of the model's.
_NOT_ON_THE_CARD = ("resume", "base", "teacher")
# What GPT-2, BERT and its kind, DistilBERT and Llama call it.
_DROPOUTS = (
    *("resid_pdrop", "embd_pdrop", "attn_pdrop", "hidden_dropout_prob", "attention_probs_dropout_prob"),
    *("dropout", "attention_dropout"),
)
# Travel with the checkpoint, so that export checks parity and int8 on real texts, and fits the decision of its graph.
_KEPT_ROWS = 5_000


def train(request: TrainRequest, config: TrainConfig, console: Console) -> None:
    """Fine-tune `config.base` on the reviews of `request` and write a checkpoint. Raises SentimentError's branches."""
    output = request.output
    require_absent(output)
    set_seed(config.seed)
    training, validation = split(request, config, console)
    tokenizer = open_tokenizer(config.base)
    max_length = longest_review(open_config(config.base), tokenizer, config.max_length)
    encode = Encoder(Tokenizer.from_str(tokenizer.backend_tokenizer.to_str()))
    work, checkpoint = work_folder(output, config.resume)

    targets = Targets.of(training)
    if config.teacher is not None:
        unlabelled = read_unlabelled(request, training, validation, console)
        targets = targets.softened(unlabelled, config.teacher, max_length, work, console)
    held_out = Targets.of(validation)
    if config.balance == "weights":
        targets, held_out = targets.weighted(training), held_out.weighted(validation)
    if config.balance == "files":
        targets, held_out = targets.weighted_by_file(training), held_out.weighted_by_file(validation)
    rows = targets.rows(encode, max_length)
    if config.balance == "oversample":
        rows = oversampled(rows, config.seed)
    sides = (rows, held_out.rows(encode, max_length))
    bf16 = is_bf16(work, open_config(config.base).hidden_size)

    def trainer_of(config: TrainConfig, folder: Path) -> Trainer:
        set_seed(config.seed)
        return _trainer(_classifier(config, tokenizer), tokenizer, sides, folder, config, bf16=bf16)

    trials: list[dict[str, Any]] = []
    if config.search:
        config, trials = search(trainer_of, config, work, console)
    trainer = trainer_of(config, work)
    trainer.add_callback(Report(console))
    run(trainer, checkpoint)
    model = cast(PreTrainedModel, trainer.model)

    console.print(f"evaluating on {len(validation):,} validation reviews")
    scorer = Scorer(
        encode,
        TorchRun(model, bf16=bf16),
        Decision(),
        max_length=max_length,
        pad_id=tokenizer.pad_token_id,
        config=ScoreConfig(batch_tokens=4096, threads=1),  # PyTorch has threads of its own
    )
    outputs = scorer.run(validation.texts)
    decision = fit_decision(outputs.logits, np.array(validation.labels))
    report = {
        "max_length": max_length,
        **asdict(decision),
        "validation": {
            "scored_by": "PyTorch",
            **cross_fitted(outputs, validation.texts, validation.labels).summarise(),
        },
        "baseline": baseline(tfidf(len(training)), training, validation),
        "card": {
            "base": Path(config.base).name,  # no path of this machine in what is handed on
            "trained_on": [path.name for path in request.inputs],
            "taught_by": None if config.teacher is None else Path(config.teacher).name,
            "training_reviews": min(len(targets.texts), trainer.state.global_step * config.batch_size),
            "validation_reviews": len(validation),
            "chosen_on_validation": _chosen(len(validation), config),
            "precision": "bf16" if bf16 else "fp32",
            "steps": trainer.state.global_step,
            "settings": {name: value for name, value in asdict(config).items() if name not in _NOT_ON_THE_CARD},
        },
        "trials": trials,
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


def _chosen(rows: int, config: TrainConfig) -> str:
    """Say what was chosen on how many validation rows; only what is cross-fitted leaves their figures as they are."""
    looked = f"{min(rows, _STOPPING_ROWS):,}"
    searched = f"settings ({looked}), " if config.search else ""
    return f"{searched}step ({looked}), temperature and threshold ({rows:,}, figures cross-fitted)"


def _classifier(config: TrainConfig, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    base = config.base
    shape = open_config(base, num_labels=len(Label), id2label=ID2LABEL, label2id=LABEL2ID)
    for name in _DROPOUTS:
        if config.dropout is not None and hasattr(shape, name):
            setattr(shape, name, config.dropout)
    model = open_base(AutoModelForSequenceClassification, base, config=shape, ignore_mismatched_sizes=True)
    rows = model.config.vocab_size
    if len(tokenizer) > rows:
        raise ConfigError(
            f"--base {base}: wanted a tokenizer of the model's own, found {len(tokenizer)} tokens for "
            f"{rows} embeddings; give a folder where both belong together"
        )
    model.config.pad_token_id = tokenizer.pad_token_id
    return model


def _trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    sides: tuple[list[Row], list[Row]],
    work: Path,
    config: TrainConfig,
    *,
    bf16: bool,
) -> Trainer:
    training, validation = sides
    if config.prefixes and not reads_left_to_right(model):
        raise ConfigError(
            f"--prefixes: wanted a base that reads from left to right, as GPT-2 does, found {model.config.model_type}; "
            "leave --prefixes out"
        )

    steps = max(1, round(len(training) / config.batch_size * config.epochs))
    steps = min(steps, config.max_steps or steps)
    look_every = max(1, round(min(steps / 2, len(training) / config.batch_size / config.evaluations_per_epoch)))
    settings = arguments(
        work,
        bf16=bf16,
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
    return ClassifierTrainer(
        prefixes=config.prefixes,
        model=model,
        args=settings,
        train_dataset=training,
        eval_dataset=validation[:_STOPPING_ROWS],
        data_collator=DataCollatorWithPadding(tokenizer),
        compute_metrics=_metrics,
        callbacks=[EarlyStoppingCallback(config.patience), LastLook()],
    )


def _metrics(prediction: Any) -> dict[str, float]:
    found = prediction.predictions.argmax(axis=1)
    labels = prediction.label_ids.argmax(axis=1)
    return {
        "accuracy": float(accuracy_score(labels, found)),
        "f1": float(f1_score(labels, found, zero_division=0.0)),
    }
