"""From a student to a checkpoint as `sentiment train` leaves one: what `sentiment export` makes a bundle of."""

import json
import shutil
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoModelForSequenceClassification

from data.outputs import whole_folder, write_json
from data.recipe.sides import SIDES
from data.reviews import VALIDATION, Reviews, write_reviews
from export.runtime import Encoder
from jobs.recipe.rows import read_rows
from sentiment_core.calibration import cross_fitted, fit_decision
from sentiment_core.labels import Label
from sentiment_core.scorer import Outputs, Status

_MAX_LENGTH = 384
# What their owners ask of those who use them.
TERMS = {
    "imdb": "cite Maas et al. 2011",
    "blitzer_amazon": "cite Blitzer et al. 2007",
    "mtl_amazon10": "cite Liu et al. 2017",
    "yelp": "academic use",
}
_UNSTATED = "unstated"


def write_checkpoint(work: Path, student: str, output: Path) -> None:
    """Write the classifier `work`/learnt/`student` to the new folder `output`, in fp32, with card and validation side.

    Temperature and threshold are fitted to what it says of the validation side; export fits them again, to its graph.
    """
    learnt = work / "learnt"
    model: Any = AutoModelForSequenceClassification.from_pretrained(learnt / student, dtype=torch.float32)
    rows = read_rows(work / "validation.jsonl.bz2")
    margin = np.load(learnt / f"{student}.npz", allow_pickle=False)["validation"].astype(np.float32)
    counts = np.array([len(ids) for ids in Encoder.open(learnt / student)(rows.texts)], dtype=np.uint32)
    outputs = Outputs(
        logits=np.stack([np.zeros_like(margin), margin], axis=1),
        token_count=counts,
        status=np.where(counts > _MAX_LENGTH, Status.TRUNCATED, Status.OK),
    )
    decision = fit_decision(outputs.logits, rows.labels)
    labels = [Label(label) for label in rows.labels.tolist()]
    report = {
        "max_length": _MAX_LENGTH,
        **asdict(decision),
        "validation": {"scored_by": "PyTorch", **cross_fitted(outputs, rows.texts, labels).summarise()},
        "card": _card(work, student, len(rows)),
        "log": [],
    }
    with whole_folder(output) as building:
        model.save_pretrained(building)
        for file in (learnt / student).glob("tokenizer*"):
            shutil.copyfile(file, building / file.name)
        order = np.random.default_rng(0).permutation(len(rows)).tolist()
        kept = Reviews(texts=rows.texts, labels=labels, files=[0] * len(rows)).take(order)
        write_reviews(kept, building / VALIDATION)
        write_json(building / "training.json", report)


def _card(work: Path, student: str, validation: int) -> dict[str, Any]:
    sides = json.loads((work / SIDES).read_text(encoding="utf-8"))
    notes = json.loads((work / "learnt" / "notes.json").read_text(encoding="utf-8"))
    sets = sides["sets"]
    return {
        "base": "language model of the training side, from the token embeddings of all-MiniLM-L6-v2",
        "trained_on": [f"{name}.parquet" for name in sets],
        "taught_by": "SmolLM2-135M-Instruct, all-MiniLM-L6-v2, TF-IDF with logistic regression, each fine-tuned here",
        "training_reviews": sum(found["training"] for found in sets.values()),
        "validation_reviews": validation,
        "test_reviews": sum(found["test"] for found in sets.values()),
        "chosen_on_validation": f"weights of the teachers, temperature and threshold ({validation:,}); no step",
        "sides": sets,
        "sha256": sides["sha256"],
        "terms": {name: TERMS.get(name, _UNSTATED) for name in sets},
        "date": datetime.now(UTC).date().isoformat(),
        "version": version("review-sentiment"),
        "precision": "bf16",
        "plan": notes["plan"],
        "found": {name: found for name, found in notes.items() if name != "plan"},
        "student": student,
    }
