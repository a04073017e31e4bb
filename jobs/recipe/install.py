"""From a bundle to the one that comes with the package: measured on sets it never saw, with a card that says so."""

import json
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from transformers import AutoModelForSequenceClassification

from data.recipe.sides import HELD_OUT
from export.bundle import CONFIG, GRAPH_INT8, MANIFEST, TOKENIZER, hashes, verify
from jobs.log import Log
from jobs.recipe.baselines import BASELINES, brief
from jobs.scoring.request import ScoreRequest
from jobs.scoring.run import score
from sentiment_core.config import ScoreConfig
from sentiment_core.status import ExitStatus

_LIMITS = (
    "English reviews of products, films and places; other languages, sarcasm and short slang are read badly. "
    "Not for judging persons, and no ground alone for a decision about one."
)
# What others' terms ask to travel with the weights; written by hand, no part of a bundle.
_NOTICES = ("NOTICE", "LICENSE-APACHE-2.0")


def measure(work: Path, bundle: Path, scored: Path) -> dict[str, Any]:
    """Score every held-out file of `work` with `bundle`, by `sentiment score`; return each set's figures."""
    console = Console()
    request = ScoreRequest(inputs=(str(work / HELD_OUT),), output=scored, bundle=bundle, label_column="label")
    if score(request, ScoreConfig(), Log(console), console) not in (ExitStatus.DONE, ExitStatus.QUALITY):
        sys.exit("a held-out file could not be scored")
    return {
        path.name.split(".")[1]: brief(json.loads(path.read_text(encoding="utf-8"))["evaluation"])
        for path in sorted(scored.glob(".*.summary.json"))
    }


def install(work: Path, target: Path) -> None:
    """Measure `work`/bundle on the test side, write the figures into its manifest, put it in place of `target`.

    The fp32 graph stays out, for its size; the checkpoint comes along in half precision as `--base bundled`.
    """
    bundle = work / "bundle"
    measured = measure(work, bundle, work / "scored")
    manifest = verify(bundle)
    if manifest.graph != GRAPH_INT8:
        sys.exit("int8 failed its gate: the bundled model would be too large")
    building = work / "installed"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()
    kept = [
        name for name in manifest.files if name in (CONFIG, TOKENIZER, manifest.graph) or name.endswith("_config.json")
    ]
    for name in kept:
        shutil.copyfile(bundle / name, building / name)
    baselines = json.loads((work / BASELINES).read_text(encoding="utf-8"))
    card = {
        **manifest.card,
        "recipe": f"make model: {_made_from(manifest.card)}",
        "limits": _LIMITS,
        "measured": measured,
        "baselines_measured": baselines,
    }
    (building / MANIFEST).write_text(
        replace(manifest, files=hashes(building, kept), card=card).to_json(), encoding="utf-8"
    )
    verify(building)
    base = building / "base"
    model = AutoModelForSequenceClassification.from_pretrained(work / "checkpoint", dtype=torch.float16)
    model.save_pretrained(base)
    for name in kept:
        if name.startswith("tokenizer"):
            shutil.copyfile(work / "checkpoint" / name, base / name)
    for name in _NOTICES:
        shutil.copyfile(target / name, building / name)
    shutil.rmtree(target)
    shutil.copytree(building, target, copy_function=shutil.copyfile)


def _made_from(card: Mapping[str, Any]) -> str:
    found = card["found"]
    teacher = found["ensemble validation accuracy"]["all"]
    return (
        f"pretrained on the texts of the training side (perplexity {found['base perplexity']:.0f} on validation) from "
        f"the token embeddings of all-MiniLM-L6-v2 (Apache 2.0), then taught by what three classifiers together say "
        f"of reviews and passages (accuracy {teacher:.3f} on validation): SmolLM2-135M-Instruct (Apache 2.0) and "
        f"all-MiniLM-L6-v2, fine-tuned on {card['training_reviews']:,} reviews, and a linear model"
    )
