"""From the sides to a student: what is learnt, in an order that can be cut and gone on with.

Every stage leaves a file or a folder, and is not run again while it is there. Everything chosen (how far the teachers
are to be trusted, against each other and at all) is chosen on the validation side.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.linear_model import LogisticRegression
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification

from jobs.recipe.descent import Floats, Lesson, Pace, device, language_loss, learn_labels, learn_language, margins
from jobs.recipe.rows import Rows, read_rows
from jobs.recipe.targets import softened, weighed
from jobs.recipe.tokens import Tokens, encode_sides
from sentiment_core.labels import ID2LABEL, LABEL2ID, Label

_PERPLEXITY_BLOCKS = 512
# What teachers speak of.
_HEARD = ("passages", "validation", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What each training is given. Teachers are folders of `work`; `left_out` names sets that nobody learns from.

    `compiled` blocks of GPT-2 learn twice the tokens a second on a GPU, after half a minute of compiling. `labelling`
    are the seconds that a teacher has for the passages, and for the test side;
    `heed` is the teachers' share of a review's target, the rest is its label's.
    """

    max_length: int = 384
    teachers: Mapping[str, Pace] = field(
        default_factory=lambda: {
            "smollm2": Pace(passes=1.5, rate=1e-4),
            "minilm": Pace(passes=3.0, rate=2e-4),
        }
    )
    linear: bool = True
    base: Pace = field(default_factory=lambda: Pace(passes=10, rate=2e-3, decay=0.05))
    student: Pace = field(default_factory=lambda: Pace(passes=12, rate=8e-4))
    labelling: float = float("inf")
    teacher_prefixes: float = 0.3
    prefixes: float = 0.4
    masked: float = 0.1
    heed: float = 0.8
    left_out: Sequence[str] = ()
    compiled: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Workshop:
    """The folder `work` with the sides, the bases to start from, and under `target` what is made of them."""

    work: Path
    target: Path
    plan: Plan
    say: Callable[[str], None]

    def run(self) -> None:
        """Run every stage that has not been run."""
        self.target.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        encode_sides(self.work, [*self.plan.teachers, "start"], self.plan.max_length, self.say)
        linear = self.linear() if self.plan.linear else None
        for name in self.plan.teachers:
            self.teacher(name)
        self.base()
        for name in self.plan.teachers:
            self.labels(name)
        if linear is not None and linear.wait():
            sys.exit("the linear teacher failed")
        self.ensemble()
        self.student()

    def linear(self) -> "subprocess.Popen[bytes] | None":
        """Start fitting the linear teacher beside the others, in a process of its own: it needs no GPU."""
        if (self.target / "words.npz").exists():
            return None
        return subprocess.Popen(
            [sys.executable, "-m", "jobs.recipe", "words", str(self.work), str(self.target / "words.npz")]
        )

    def teacher(self, name: str) -> None:
        """Fine-tune the base `name` on the labels of the training side."""
        if (self.target / name).exists():
            return
        start = time.monotonic()
        training = self._side("training")
        tokens = self._tokens(name, "passages").where(np.arange(len(training)))
        self.say(f"{name}: {len(training):,} reviews, {tokens.lengths.sum():,} tokens")
        model = self._classifier(self.work / name)
        lesson = Lesson(tokens=tokens, masses=weighed(training), prefixes=self.plan.teacher_prefixes)
        learn_labels(model, lesson, self.plan.teachers[name], self.say)
        self._report(name, margins(model, self._tokens(name, "validation")), start)
        self._save(model, name, self.work / name)

    def labels(self, name: str) -> None:
        """Let the teacher `name` speak of every passage of the training side, of validation and of test."""
        if (self.target / f"{name}.npz").exists():
            return
        start = time.monotonic()
        model = self._classifier(self.target / name)
        said = {}
        for what in _HEARD:
            limit = float("inf") if what == "validation" else self.plan.labelling
            said[what] = margins(model, self._tokens(name, what), limit)
            known = int((~np.isnan(said[what])).sum())
            self.say(f"{name}: {known:,} of {len(said[what]):,} {what} in {time.monotonic() - start:.0f} s")
        _keep(self.target / f"{name}.npz", said)

    def ensemble(self) -> None:
        """Join the teachers: each one's log-odds by a weight, fitted on the validation side."""
        if (self.target / "ensemble.npz").exists():
            return
        names = [*self.plan.teachers, *(["words"] if self.plan.linear else [])]
        said = {name: np.load(self.target / f"{name}.npz", allow_pickle=False) for name in names}
        joint = LogisticRegression(C=np.inf).fit(_columns(said, "validation"), self._side("validation").labels)
        weights = dict(zip(names, joint.coef_[0].round(4).tolist(), strict=True))
        self.say(f"ensemble: {weights}, intercept {joint.intercept_[0]:.3f}")
        heard = {
            what: joint.decision_function(np.nan_to_num(_columns(said, what))).astype(np.float32) for what in _HEARD
        }
        for name in names:
            for what in _HEARD:
                heard[what][np.isnan(said[name][what])] = np.nan
        self._report("ensemble", heard["validation"], time.monotonic())
        _keep(self.target / "ensemble.npz", heard)
        self._note("ensemble weights", {**weights, "intercept": round(float(joint.intercept_[0]), 4)})

    def base(self) -> None:
        """Train the language model of `start` on the texts of the training side."""
        if (self.target / "base").exists():
            return
        start = time.monotonic()
        model: Any = AutoModelForCausalLM.from_pretrained(self.work / "start", trust_remote_code=False)
        model = self._compiled(model.to(device()))
        end, length = model.config.eos_token_id, model.config.n_positions
        blocks = self._tokens("start", "whole-training").blocks(length, end)
        held_out = self._tokens("start", "whole-validation").blocks(length, end)
        self.say(f"base: {blocks.numel():,} tokens in {len(blocks):,} blocks")
        for dropout in (part for part in model.modules() if isinstance(part, torch.nn.Dropout)):
            dropout.p = 0.1  # ten passes would be learnt by heart
        learn_language(model, blocks, self.plan.base, self.say)
        model.eval()
        with torch.inference_mode():
            losses = [
                language_loss(model, part.long()).item() for part in torch.split(held_out[:_PERPLEXITY_BLOCKS], 32)
            ]
        perplexity = float(np.exp(np.mean(losses)))
        self.say(f"base: perplexity {perplexity:.1f} on validation; {time.monotonic() - start:.0f} s")
        self._note("base perplexity", round(perplexity, 2))
        self._save(model, "base", self.work / "start")

    def student(self) -> None:
        """Distil the ensemble into a classifier of the base's."""
        if (self.target / "student").exists():
            return
        start = time.monotonic()
        training, said = self._side("training"), np.load(self.target / "ensemble.npz", allow_pickle=False)["passages"]
        masses = softened(weighed(training), said, self.plan.heed)
        heard = np.flatnonzero(~np.isnan(said))
        tokens = self._tokens("start", "passages").where(heard)
        self.say(f"student: {len(heard):,} texts, {tokens.lengths.sum():,} tokens")
        model = self._classifier(self.target / "base")
        lesson = Lesson(tokens=tokens, masses=masses[heard], prefixes=self.plan.prefixes, masked=self.plan.masked)
        learn_labels(model, lesson, self.plan.student, self.say)
        self._save(model, "student", self.work / "start")
        said_of = {what: margins(model, self._tokens("start", what)) for what in ("validation", "test")}
        self._report("student", said_of["validation"], start)
        _keep(self.target / "student.npz", said_of)

    def _side(self, name: str) -> Rows:
        rows = self._read(name)
        return rows if name == "test" else rows.without(self.plan.left_out)

    @cache  # noqa: B019  # a workshop lives as long as the process
    def _read(self, name: str) -> Rows:
        return read_rows(self.work / f"{name}.jsonl.bz2")

    def _tokens(self, base: str, what: str) -> Tokens:
        """Return the tokens of what `_side` returns, or of the passages made of it."""
        tokens = Tokens.read(self.work / "tokens" / f"{base}-{what}.npz", device())
        return tokens.where(self._kept(what)) if self.plan.left_out and what != "test" else tokens

    def _kept(self, what: str) -> npt.NDArray[np.int64]:
        sets = self._read("validation" if what.endswith("validation") else "training").sets
        if what == "passages":
            sets = sets[np.load(self.work / "tokens" / "rows.npy", allow_pickle=False)]
        return np.flatnonzero(~np.isin(sets, list(self.plan.left_out)))

    def _classifier(self, folder: Path) -> Any:
        model: Any = AutoModelForSequenceClassification.from_pretrained(
            folder,
            trust_remote_code=False,
            num_labels=len(Label),
            id2label=ID2LABEL,
            label2id=LABEL2ID,
            dtype=torch.float32,
        )
        return self._compiled(model.to(device()))

    def _compiled(self, model: Any) -> Any:
        if self.plan.compiled:
            for block in getattr(model.base_model, "h", ()):
                block.compile()
        return model

    def _save(self, model: Any, name: str, base: Path) -> None:
        """Save in half precision, with the tokenizer of `base`; the folder is whole or absent."""
        part = self.target / f".{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        model.half().save_pretrained(part)
        model.float()
        for file in base.glob("tokenizer*"):
            shutil.copyfile(file, part / file.name)
        part.rename(self.target / name)

    def _report(self, name: str, margin: Floats, start: float) -> None:
        rows = self._side("validation")
        right = (margin > 0) == (rows.labels == Label.POSITIVE)
        by_set = {str(of): round(float(right[rows.sets == of].mean()), 4) for of in np.unique(rows.sets)}
        self.say(f"{name}: accuracy {right.mean():.4f} on validation; {time.monotonic() - start:.0f} s; {by_set}")
        self._note(f"{name} validation accuracy", {"all": round(float(right.mean()), 4), **by_set})

    def _note(self, what: str, found: Any) -> None:
        path = self.target / "notes.json"
        notes = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"plan": asdict(self.plan)}
        path.write_text(json.dumps({**notes, what: found}, indent=2, default=str), encoding="utf-8")


def _keep(path: Path, said: Mapping[str, Floats]) -> None:
    """Write what was said of each side, in half precision: what trains on it needs no more. Whole or absent."""
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, allow_pickle=False, **{what: margin.astype(np.float16) for what, margin in said.items()})
    part.rename(path)


def _columns(said: Mapping[str, Any], what: str) -> npt.NDArray[np.float64]:
    return np.stack([npz[what] for npz in said.values()], axis=1).astype(np.float64)
