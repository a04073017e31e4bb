"""What every training shares: the Trainer's settings, its progress and precision."""

import json
import time
import warnings
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from data.outputs import write_json

# Of an interrupted training, in its work folder.
_PRECISION = "precision.json"


def bf16_helps(width: int) -> bool:
    """Say whether bf16 products of this width are faster here than fp32 ones: measured, as CPUs differ by 10x."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        left, right = torch.ones(1024, width, dtype=dtype), torch.ones(width, 4 * width, dtype=dtype)
        left @ right
        start = time.perf_counter()
        for _ in range(5):
            left @ right
        seconds[dtype] = time.perf_counter() - start
    # Autocast converts weights and activations all the time: only a clear win pays for it.
    return seconds[torch.bfloat16] * 1.5 < seconds[torch.float32]


def is_bf16(work: Path, width: int) -> bool:
    """Say whether the training of `work` has bf16 products: measured once, so that one that goes on is the same."""
    kept = work / _PRECISION
    if not kept.exists():
        write_json(kept, {"bf16": bf16_helps(width)})
    return bool(json.loads(kept.read_text(encoding="utf-8"))["bf16"])


def arguments(work: Path, **settings: Any) -> TrainingArguments:
    """Return TrainingArguments with what all our trainings have in common; `settings` go through as they are."""
    return TrainingArguments(
        output_dir=str(work),
        use_cpu=not torch.cuda.is_available(),
        optim="adamw_torch_fused",
        weight_decay=0.01,
        logging_steps=20,
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        save_total_limit=2,
        **settings,
    )


def run(trainer: Trainer, checkpoint: str | None) -> None:
    """Train, from `checkpoint` if given, with our own reports instead of the Trainer's prints."""
    trainer.remove_callback(PrinterCallback)
    with warnings.catch_warnings():
        # Of checkpoints that are written within a second of each other: they are told apart by their number then.
        warnings.filterwarnings("ignore", message="mtime may not be reliable")
        trainer.train(resume_from_checkpoint=checkpoint)


class LastLook(TrainerCallback):
    """Validates after the last step too: the rate is lowest there, and often the loss."""

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if state.global_step >= state.max_steps:
            control.should_evaluate = True


class Report(TrainerCallback):
    """Says how training goes: a line at most every `seconds`, and one for each evaluation."""

    def __init__(self, console: Console, seconds: float = 15.0) -> None:
        self._console, self._seconds = console, seconds
        self._start = self._said = time.monotonic()

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        logs = logs or {}
        now = time.monotonic()
        if "eval_loss" not in logs and ("loss" not in logs or now - self._said < self._seconds):
            return
        self._said = now
        shown = "  ".join(
            f"{name.removeprefix('eval_')} {logs[name]:.4g}"
            for name in ("loss", "eval_loss", "eval_accuracy", "eval_f1", "learning_rate")
            if name in logs
        )
        kind = "validation" if "eval_loss" in logs else "training"
        self._console.print(
            f"step {state.global_step}/{state.max_steps}  {(now - self._start) / 60:.1f} min  {kind}  {shown}",
        )


class TimeBudget(TrainerCallback):
    """Stops after `minutes`; `left` falls from 1 to 0 with the nearer of the two ends, steps or minutes."""

    def __init__(self, minutes: float | None) -> None:
        self._minutes, self._start = minutes, time.monotonic()

    def left(self, step: int, steps: int) -> float:
        spent = (time.monotonic() - self._start) / 60 / self._minutes if self._minutes else 0.0
        return max(0.0, 1.0 - max(spent, step / steps))

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self.left(0, 1) == 0.0:
            control.should_training_stop = True
