"""sentiment train: fine-tune a classifier on labelled reviews."""

import shutil
from dataclasses import asdict, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from sklearn.metrics import accuracy_score, f1_score
from transformers import DataCollatorWithPadding, EarlyStoppingCallback, PreTrainedModel, Trainer, set_seed

from data.outputs import require_absent, whole_folder, write_json
from data.reviews import VALIDATION, write_reviews
from export.parity import TorchRun
from jobs.base import name_of
from jobs.baseline import baseline, evaluated, tfidf
from jobs.classifier import Start
from jobs.classifier_trainer import ClassifierTrainer
from jobs.loss_picture import draw_loss
from jobs.search import search
from jobs.targets import Rows, Targets
from jobs.teacher import require_teacher
from jobs.trainer import LastLook, Report, arguments, is_bf16, run
from jobs.training_data import Sides, TrainRequest, read_unlabelled, split
from jobs.training_report import measured, print_end, print_report
from jobs.work_folder import begun_with, work_folder
from sentiment_core.calibration import cross_fitted, fit_decision
from sentiment_core.config import ScoreConfig, TrainConfig
from sentiment_core.scorer import Decision, Scorer

# Early stopping looks several times an epoch: so many rows tell a trend, the final figures use all.
_STOPPING_ROWS = 5_000
# No path of this machine in what is handed on; how a run began is nothing of the model's.
_NOT_ON_THE_CARD = ("resume", "base", "teacher")
# Travel with the checkpoint, so that export checks parity and int8 on real texts, and fits the decision of its graph.
_KEPT_ROWS = 5_000


def train(request: TrainRequest, config: TrainConfig, console: Console) -> None:
    """Fine-tune `config.base` on the reviews of `request` and write a checkpoint. Raises SentimentError's branches."""
    require_absent(request.output)
    start = look_at(config)
    sides = split(request, config.seed, console)
    work, checkpoint = work_folder(request.output, config.resume, begun_with(request, config))
    training, validation = _rows(request, config, start, sides, (work, console))
    bf16 = is_bf16(work, start.width)

    def trainer_of(config: TrainConfig, folder: Path) -> Trainer:
        set_seed(config.seed)
        return _trainer(start, (training, validation), folder, config, bf16=bf16)

    trials: list[dict[str, Any]] = []
    if config.search:
        config, trials = search(trainer_of, config, work, console)
    trainer = trainer_of(config, work)
    trainer.add_callback(Report(console))
    run(trainer, checkpoint)
    print_end(trainer.state, console)
    figures = _measure(trainer, start, sides, console)
    card = _card(request, replace(config, max_length=start.max_length), sides, trainer, len(training.masses))
    report = {
        **figures,
        "card": {**card, "measured": measured(figures["test"]["evaluation"])},
        "trials": trials,
        "log": trainer.state.log_history,
    }
    _write(request.output, trainer, start, sides, report)
    shutil.rmtree(work)
    print_report(report, request.output, console)


def look_at(config: TrainConfig) -> Start:
    """Look at what `config` begins with before any review is read. Raises ConfigError."""
    if config.teacher is not None:
        require_teacher(config.teacher)
    return Start.look_at(config)


def _rows(
    request: TrainRequest, config: TrainConfig, start: Start, sides: Sides, at: tuple[Path, Console]
) -> tuple[Rows, Rows]:
    """Return what is learnt and what stops it; `at` is the work folder, and the console."""
    work, console = at
    targets = Targets.of(sides.training)
    if config.teacher is not None:
        unlabelled = read_unlabelled(request, sides, console)
        targets = targets.softened(unlabelled, config.teacher, start.max_length, work, console)
    rows = targets.balanced(config.balance, sides.training).rows(start.encode, start.max_length)
    if config.balance == "oversample":
        rows = rows.oversampled(config.seed)
    stopping = sides.validation.take(range(min(len(sides.validation), _STOPPING_ROWS)))
    held_out = Targets.of(stopping).balanced(config.balance, stopping)
    return rows, held_out.rows(start.encode, start.max_length)


def _measure(trainer: Trainer, start: Start, sides: Sides, console: Console) -> dict[str, Any]:
    """Fit the decision on the validation side, and measure it on the test side, of which nothing was learnt."""
    console.print(f"evaluating on {len(sides.validation):,} validation and {len(sides.test):,} test reviews")
    scorer = Scorer(
        start.encode,
        TorchRun(cast(PreTrainedModel, trainer.model), bf16=trainer.args.bf16),
        Decision(),
        max_length=start.max_length,
        pad_id=start.tokenizer.pad_token_id,
        config=ScoreConfig(batch_tokens=4096, threads=1),  # PyTorch has threads of its own
    )
    outputs = scorer.run(sides.validation.texts)
    decision = fit_decision(outputs.logits, np.array(sides.validation.labels))
    chosen = cross_fitted(outputs, sides.validation.texts, sides.validation.labels)
    return {
        "max_length": start.max_length,
        **asdict(decision),
        "validation": {"scored_by": "PyTorch", **chosen.summarise()},
        "test": {"scored_by": "PyTorch", **evaluated(scorer.run(sides.test.texts), decision, sides.test)},
        "baseline": baseline(tfidf(len(sides.training)), sides),
    }


def _card(request: TrainRequest, config: TrainConfig, sides: Sides, trainer: Trainer, texts: int) -> dict[str, Any]:
    """Say what the model is; `texts` is how many there were to learn from, the teacher's included."""
    kept = trainer.state.best_global_step or trainer.state.global_step
    return {
        "base": name_of(config.base),
        "trained_on": list(dict.fromkeys(path.name for path in request.inputs)),
        "taught_by": None if config.teacher is None else name_of(config.teacher),
        "training_reviews": min(texts, kept * config.batch_size),
        "validation_reviews": len(sides.validation),
        "test_reviews": len(sides.test),
        "chosen_on_validation": _chosen(len(sides.validation), config),
        "sha256": sides.digests(),
        "date": datetime.now(UTC).date().isoformat(),
        "version": version("review-sentiment"),
        "precision": "bf16" if trainer.args.bf16 else "fp32",
        "steps": trainer.state.global_step,
        "kept_step": kept,
        "settings": {name: value for name, value in asdict(config).items() if name not in _NOT_ON_THE_CARD},
    }


def _chosen(rows: int, config: TrainConfig) -> str:
    """Say what was chosen on how many validation rows; only what is cross-fitted leaves their figures as they are."""
    looked = f"{min(rows, _STOPPING_ROWS):,}"
    searched = f"settings ({looked}), " if config.search else ""
    return f"{searched}step ({looked}), temperature and threshold ({rows:,}, figures cross-fitted)"


def _write(output: Path, trainer: Trainer, start: Start, sides: Sides, report: dict[str, Any]) -> None:
    with whole_folder(output) as building:
        cast(PreTrainedModel, trainer.model).save_pretrained(building)
        start.tokenizer.save_pretrained(str(building))
        kept = sides.validation.take(range(min(len(sides.validation), _KEPT_ROWS)))
        write_reviews(kept, building / VALIDATION)
        write_json(building / "training.json", report)
        draw_loss(trainer.state.log_history, building / "loss.png")


def _trainer(start: Start, sides: tuple[Rows, Rows], work: Path, config: TrainConfig, *, bf16: bool) -> Trainer:
    training, validation = sides
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
    return ClassifierTrainer(
        prefixes=config.prefixes,
        model=start.classifier(config.dropout),
        args=settings,
        train_dataset=training,
        eval_dataset=validation,
        data_collator=DataCollatorWithPadding(start.tokenizer),
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
