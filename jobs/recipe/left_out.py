"""What a model is worth on kinds of reviews that nobody learnt from: teachers, base, student and decision without."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from data.outputs import write_json
from jobs.recipe.baselines import measured
from jobs.recipe.descent import Floats, device
from jobs.recipe.rows import Rows, read_rows
from jobs.recipe.stages import Plan, Workshop
from sentiment_core.calibration import fit_decision
from sentiment_core.scorer import Logits


def learn_without(work: Path, sets: Sequence[str], say: Callable[[str], None]) -> None:
    """Run the recipe without `sets` in `work`/without, and write what its student says of their test side."""
    target = work / "without"
    plan = Plan(left_out=tuple(sets), linear=False, compiled=device().type == "cuda")
    Workshop(work=work, target=target, plan=plan, say=say).run()
    said = np.load(target / "student.npz", allow_pickle=False)
    validation = read_rows(work / "validation.jsonl.bz2").without(sets)
    decision = fit_decision(_logits(said["validation"]), validation.labels)
    test = read_rows(work / "test.jsonl.bz2")
    here = np.flatnonzero(np.isin(test.sets, list(sets)))
    rows = Rows(texts=[test.texts[row] for row in here], labels=test.labels[here], sets=test.sets[here])
    write_json(work / "left-out.json", measured(rows, _logits(said["test"][here]), decision))


def _logits(margin: Floats) -> Logits:
    wide = margin.astype(np.float32)
    return np.stack([np.zeros_like(wide), wide], axis=1)
