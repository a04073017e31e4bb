"""How the bundled model is made, between its commands; `make model` holds the order.

python -m jobs.recipe prepare REVIEWS WORK    corpus, crops and held-out files from labelled review files
python -m jobs.recipe install WORK TARGET     measure WORK/bundle on the held-out files, install it in TARGET
"""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from transformers import AutoModelForSequenceClassification

from data.recipe_corpus import write_corpus, write_crops
from export.bundle import CONFIG, GRAPH_INT8, MANIFEST, TOKENIZER, hashes, verify
from jobs.log import Log
from jobs.score import DONE, score
from jobs.score_file import ScoreRequest
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import QualityError

_LIMITS = (
    "English reviews of products, films and places; other languages, sarcasm and short slang are read badly. "
    "Not for judging persons, and no ground alone for a decision about one."
)
_CORPUS, _HELD_OUT, _CROPS = "corpus", "held-out", "crops.parquet"


def install(work: Path, target: Path) -> None:
    """Score every held-out file with the bundle, write the figures into its manifest, put it in place.

    The fp32 graph stays out, for its size; the checkpoint comes along in half precision as `--base bundled`.
    """
    bundle, scored = work / "bundle", work / "scored"
    console = Console()
    request = ScoreRequest(inputs=(str(work / _HELD_OUT),), output=scored, bundle=bundle, label_column="label")
    if score(request, ScoreConfig(), Log(console), console) not in (DONE, QualityError.exit_status):
        sys.exit("a held-out file could not be scored")
    measured = {}
    for path in sorted(scored.glob("*.summary.json")):
        evaluation = json.loads(path.read_text(encoding="utf-8"))["evaluation"]
        measured[path.name.split(".")[0]] = {
            "rows": evaluation["rows"],
            **{name: round(evaluation[name]["value"], 4) for name in ("accuracy", "f1", "calibration_error")},
            **{f"recall_{name}": round(of["recall"]["value"], 4) for name, of in evaluation["by_class"].items()},
        }
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
    card = {**manifest.card, "recipe": f"make model: {_made_from(work)}", "limits": _LIMITS, "measured": measured}
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
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(building, target, copy_function=shutil.copyfile)


def _made_from(work: Path) -> str:
    base = json.loads((work / "base" / "pretraining.json").read_text(encoding="utf-8"))
    teacher = json.loads((work / "teacher" / "training.json").read_text(encoding="utf-8"))
    accuracy = teacher["validation"]["evaluation"]["accuracy"]["value"]
    return (
        f"pretrained on {base['tokens_seen'] / 1e6:.1f}M tokens of the same reviews (held-out perplexity "
        f"{base['held_out_perplexity']:.1f}) from the token embeddings of all-MiniLM-L6-v2, then taught in two rounds "
        f"by a classifier fine-tuned from that model on {teacher['card']['training_reviews']:,} reviews (accuracy "
        f"{accuracy:.3f} on validation)"
    )


if __name__ == "__main__":
    step, first, second = sys.argv[1:]
    if step == "prepare":
        corpus = Path(second) / _CORPUS
        write_corpus(Path(first), corpus, Path(second) / _HELD_OUT)
        write_crops(corpus, Path(second) / _CROPS)
    else:
        install(Path(first), Path(second))
