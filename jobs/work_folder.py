"""Where a training that was interrupted is found again, and what it was begun with."""

import json
import shutil
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from data.outputs import digest, write_json
from jobs.base import content_of
from jobs.provenance import Provenance, code
from jobs.search import TRIALS
from jobs.targets import TEACHER_SAID
from jobs.training_data import TrainRequest
from sentiment_core.config import PretrainConfig, TrainConfig
from sentiment_core.errors import ConfigError, OutputError

_PROVENANCE = "provenance.json"
# What decides which weights come out, beside the libraries.
_CODE = (
    *("sentiment_core", "data", "export.runtime", "jobs.base", "jobs.classifier", "jobs.classifier_trainer"),
    *("jobs.embeddings", "jobs.pretrain", "jobs.search", "jobs.targets", "jobs.teacher", "jobs.train", "jobs.trainer"),
    "jobs.training_data",
)
_LIBRARIES = ("torch", "transformers", "tokenizers", "numpy")
# Models are told apart by their content; how a training goes on is nothing of what it is.
_NOT_SETTINGS = ("resume", "base", "teacher", "embeddings")


def begun_with(request: TrainRequest, config: TrainConfig | PretrainConfig) -> Provenance:
    """Return the record of a training: its reviews, columns, models, settings, code and machine."""
    settings = {name: value for name, value in asdict(config).items() if name not in _NOT_SETTINGS}
    models = {name: getattr(config, name, None) for name in ("base", "teacher", "embeddings")}
    return Provenance(
        parts={
            **{
                name: [digest(path) for path in getattr(request, name)]
                for name in ("inputs", "validation", "unlabelled")
            },
            "columns": [request.text_column, request.label_column],
            "labels": str(request.naming),
            "layout": asdict(request.layout),
            **{f"--{name}": model and content_of(model) for name, model in models.items()},
            **{f"--{name.replace('_', '-')}": value for name, value in settings.items()},
            "code": code(*_CODE),
            "libraries": {name: version(name) for name in _LIBRARIES},
            "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        }
    )


def work_folder(output: Path, resume: bool, provenance: Provenance) -> tuple[Path, str | None]:
    """Return the folder of intermediate checkpoints beside `output`, and the one to go on from.

    A run that was cut before its first checkpoint may have left a teacher's word or trials there. Raises ConfigError
    where there is nothing to resume, or another training than that of `provenance`; and without `resume` where one
    was interrupted.
    """
    work = output.with_name(f".{output.name}.training")
    # The Trainer writes its state last: a checkpoint without one was cut short.
    whole = [state.parent for state in work.glob("checkpoint-*/trainer_state.json")]
    last = max(whole, key=lambda folder: int(folder.name.split("-")[1]), default=None)
    if resume:
        if not work.is_dir():
            raise ConfigError(f"{output}: nothing to resume: no run was cut; run again without --resume")
        require_same(work / _PROVENANCE, provenance, f"give what it was begun with, or remove {work} and --resume")
        return work, str(last) if last else None
    if last or any((work / name).exists() for name in (TEACHER_SAID, TRIALS)):
        raise ConfigError(
            f"{output}: wanted a new training, found one that was interrupted; go on with it by --resume, "
            f"or remove {work}"
        )
    shutil.rmtree(work, ignore_errors=True)
    try:
        work.mkdir(parents=True)
    except OSError as error:
        raise OutputError(f"{output}: cannot write there: {error.strerror}; choose another --output") from error
    write_json(work / _PROVENANCE, dict(provenance.parts))
    return work, None


def was_interrupted(output: Path) -> bool:
    """Say whether a training of `output` was cut."""
    return output.with_name(f".{output.name}.training").is_dir()


def require_same(kept: Path, provenance: Provenance, remedy: str) -> None:
    """Raise ConfigError where the record in the file `kept` is another than `provenance`; names the parts."""
    try:
        found: Any = json.loads(kept.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if others := provenance.differs(found):
        raise ConfigError(f"{kept.parent}: wanted what was begun there, found another in {', '.join(others)}; {remedy}")
