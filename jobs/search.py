"""sentiment train --search: learning rate, batch size, epochs and dropout by trials."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState
from rich.console import Console
from transformers import Trainer

from jobs.trainer import run
from sentiment_core.config import TrainConfig

# Of an interrupted search, in its work folder.
TRIALS = "trials.journal"
_SETTINGS = ("learning_rate", "batch_size", "epochs", "dropout")


def search(
    trainer_of: Callable[[TrainConfig, Path], Trainer], config: TrainConfig, work: Path, console: Console
) -> tuple[TrainConfig, list[dict[str, Any]]]:
    """Run `config.search` trials; return `config` with the settings of least validation loss, and all trials.

    One trial has the settings as they are, so that the best is never worse. Trials are kept in `work`: an interrupted
    search goes on after those that are finished.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(work / TRIALS))),
        sampler=optuna.samplers.TPESampler(seed=config.seed),
        study_name="train",
        load_if_exists=True,
    )
    finished = [trial for trial in study.trials if trial.state is TrialState.COMPLETE]
    as_they_are = {name: getattr(config, name) for name in _SETTINGS}
    # A search may have been cut before the end of its first trial.
    if all(trial.params != as_they_are for trial in finished):
        study.enqueue_trial(as_they_are)

    def objective(trial: optuna.Trial) -> float:
        settings: dict[str, Any] = {
            "learning_rate": trial.suggest_float("learning_rate", 1e-5, 5e-3, log=True),
            "batch_size": trial.suggest_categorical("batch_size", sorted({8, 16, 32, 64, config.batch_size})),
            "epochs": trial.suggest_float("epochs", min(1.0, config.epochs), max(4.0, config.epochs)),
            "dropout": trial.suggest_categorical("dropout", [None, 0.0, 0.1, 0.2]),
        }
        folder = work / f"trial-{trial.number}"
        trainer = trainer_of(replace(config, **settings), folder)
        run(trainer, None)
        shutil.rmtree(folder, ignore_errors=True)
        loss = cast(float, trainer.state.best_metric)
        console.print(f"trial {trial.number + 1} of {config.search}: validation loss {loss:.4f}  {_shown(settings)}")
        return loss

    study.optimize(objective, n_trials=max(0, (config.search or 0) - len(finished)))
    console.print(f"best: validation loss {study.best_value:.4f}  {_shown(study.best_params)}")
    trials = [{"validation_loss": trial.value, **trial.params} for trial in study.trials if trial.value is not None]
    return replace(config, **study.best_params), trials


def _shown(settings: dict[str, Any]) -> str:
    known = {name: value for name, value in settings.items() if value is not None}
    return "  ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in known.items())
