"""sentiment compare: several bases on one split, in one table."""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from data.outputs import digest, make_folder, whole_file, write_json, writing
from data.reviews import Reviews
from export.bundle import MANIFEST, TOKENIZER, identity
from export.runtime import open_scorer
from jobs.base import resolve
from jobs.baseline import baseline, nb_svm, tfidf
from jobs.export import export
from jobs.log import Log
from jobs.progress import Progress
from jobs.train import train
from jobs.training_data import TrainRequest, split
from jobs.training_report import shown
from sentiment_core.config import TrainConfig
from sentiment_core.errors import ConfigError
from sentiment_core.labels import Truth
from sentiment_core.summary import Tally

_ASKED = "asked.json"
_FIGURES = ("accuracy", "f1", "roc_auc", "calibration_error")


def compare(request: TrainRequest, bases: tuple[str, ...], config: TrainConfig, console: Console) -> None:
    """Train and export each of `bases` on the split of `request`, or open it if it is a bundle already.

    All are measured on the validation side through their bundles, beside two linear baselines. Writes
    compare.json and compare.md into `request.output`; what an interrupted comparison finished is kept there, and no
    other comparison may go on from it. Raises SentimentError's branches.
    """
    names = [Path(base).name for base in bases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigError(f"--base: wanted bases of different names, found {', '.join(sorted(twice))} twice")
    make_folder(request.output)
    training, validation = split(request, config, console)
    _claim(request, config)
    rows = []
    for base, name in zip(bases, names, strict=True):
        folder = request.output / name
        bundle = _bundle(base, replace(request, output=folder), config, console)
        rows.append({"model": name, **_measure(bundle, validation, folder, console)})
    for name, model in (("NB-SVM", nb_svm(len(training))), ("TF-IDF + logistic regression", tfidf(len(training)))):
        console.print(f"fitting {name}")
        rows.append({"model": name, "evaluation": baseline(model, training, validation)})
    write_json(
        request.output / "compare.json",
        {"training_reviews": len(training), "validation_reviews": len(validation), "models": rows},
    )
    table = _markdown(rows)
    with whole_file(request.output / "compare.md") as part, writing(request.output):
        part.write_text(table, encoding="utf-8")
    console.print(table)


def _claim(request: TrainRequest, config: TrainConfig) -> None:
    asked = {
        "inputs": [digest(path) for path in request.inputs],
        "validation": request.validation and digest(request.validation),
        "columns": [request.text_column, request.label_column],
        "settings": asdict(config),
    }
    kept = request.output / _ASKED
    if kept.exists() and json.loads(kept.read_text(encoding="utf-8")) != asked:
        raise ConfigError(
            f"{request.output}: wanted the comparison that was begun there, found other reviews or settings; "
            "choose another --output"
        )
    write_json(kept, asked)


def _bundle(base: str, request: TrainRequest, config: TrainConfig, console: Console) -> Path:
    if (Path(base) / MANIFEST).is_file():
        return Path(base)
    checkpoint, bundle = request.output / "checkpoint", request.output / "bundle"
    console.print(f"--- {base}")
    if (Path(resolve(base)) / "training.json").is_file():
        checkpoint = Path(base)
    elif not checkpoint.exists():
        train(replace(request, output=checkpoint), replace(config, base=base), console)
    if not bundle.exists():
        export(checkpoint, bundle, console)
    return bundle


def _measure(bundle: Path, validation: Reviews, folder: Path, console: Console) -> dict[str, Any]:
    """Return the figures of `bundle`; they are kept in `folder`, as a large model takes its time over many reviews."""
    kept = folder / f"measured-{identity(bundle)[:16]}.json"
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    scorer, manifest = open_scorer(bundle)
    start = time.monotonic()
    with Progress(Log(console), bundle, len(validation)) as progress:
        predictions = scorer.score(validation.texts, progress.advance)
    seconds = time.monotonic() - start
    figures = {
        "evaluation": Tally.of(predictions, Truth(labels=validation.labels)).summarise()["evaluation"],
        "bytes": sum((bundle / name).stat().st_size for name in (manifest.graph, TOKENIZER)),
        "rows_per_second": len(validation) / seconds,
    }
    write_json(kept, figures)
    return figures


def _markdown(rows: list[dict[str, Any]]) -> str:
    header = ("model", *(name.replace("_", " ") for name in _FIGURES), "macro F1", "MB", "rows/s")
    lines = [header, ["---"] * len(header)]
    for row in rows:
        of = row["evaluation"]
        size = f"{row['bytes'] / 2**20:.1f}" if "bytes" in row else "-"
        speed = f"{row['rows_per_second']:,.0f}" if "rows_per_second" in row else "-"
        lines.append([row["model"], *(shown(of[name]) for name in _FIGURES), shown(of["macro"]["f1"]), size, speed])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
