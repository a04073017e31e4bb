"""sentiment compare: several bases on the same sides, in one table."""

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from data.outputs import make_folder, whole_file, write_json, writing
from data.reviews import Reviews
from export.bundle import MANIFEST, TOKENIZER, identity, verify
from export.runtime import open_scorer
from jobs.base import content_of, open_config, resolve
from jobs.baseline import baseline, nb_svm, tfidf
from jobs.export import export
from jobs.log import Log
from jobs.progress import Progress
from jobs.provenance import Provenance, scoring_code
from jobs.train import look_at, train
from jobs.training_data import TrainRequest, split
from jobs.training_report import shown
from jobs.work_folder import begun_with, require_same, was_interrupted
from sentiment_core.config import TrainConfig
from sentiment_core.errors import ConfigError
from sentiment_core.labels import Truth
from sentiment_core.summary import Tally

_PROVENANCE = "provenance.json"
_FIGURES = ("accuracy", "f1", "roc_auc", "calibration_error")


def compare(request: TrainRequest, bases: tuple[str, ...], config: TrainConfig, console: Console) -> None:
    """Train and export each of `bases` on the sides of `request`, or open it if it is a bundle already.

    All are looked at before the first is trained, and measured on the test side through their bundles, beside two
    linear baselines. Writes compare.json and compare.md into `request.output`; what an interrupted comparison finished
    is kept there, and no other comparison may go on from it. Raises SentimentError's branches.
    """
    names = [Path(base).name for base in bases]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigError(f"--base: wanted bases of different names, found {', '.join(sorted(twice))} twice")
    for base in bases:
        _look_at(base, config)
    sides = split(request, config.seed, console)
    make_folder(request.output)
    # The bases have records of their own: another one may be compared later.
    _claim(request.output, begun_with(request, replace(config, base=bases[0])).without("--base"))
    rows = []
    for base, name in zip(bases, names, strict=True):
        folder = request.output / name
        make_folder(folder)
        _claim(folder, Provenance(parts={"--base": content_of(base)}))
        bundle = _bundle(base, replace(request, output=folder), config, console)
        rows.append({"model": name, **_measure(bundle, sides.test, folder, console)})
    count = len(sides.training)
    for name, model in (("NB-SVM", nb_svm(count)), ("TF-IDF + logistic regression", tfidf(count))):
        console.print(f"fitting {name}")
        rows.append({"model": name, "evaluation": baseline(model, sides)})
    counts = {f"{side}_reviews": len(getattr(sides, side)) for side in ("training", "validation", "test")}
    write_json(request.output / "compare.json", {**counts, "sha256": sides.digests(), "models": rows})
    table = _markdown(rows)
    with whole_file(request.output / "compare.md") as part, writing(request.output):
        part.write_text(table, encoding="utf-8")
    console.print(table)


def _is_bundle(base: str) -> bool:
    return (Path(base) / MANIFEST).is_file()


def _is_checkpoint(base: str) -> bool:
    return (Path(resolve(base)) / "training.json").is_file()


def _look_at(base: str, config: TrainConfig) -> None:
    """Raise SentimentError where `base` cannot be compared."""
    if _is_bundle(base):
        verify(Path(base))
    elif _is_checkpoint(base):
        open_config(base)
    else:
        look_at(replace(config, base=base))


def _claim(folder: Path, provenance: Provenance) -> None:
    """Note what is done in `folder`. Raises ConfigError where something else was."""
    kept = folder / _PROVENANCE
    if kept.exists():
        require_same(kept, provenance, "choose another --output")
    write_json(kept, dict(provenance.parts))


def _bundle(base: str, request: TrainRequest, config: TrainConfig, console: Console) -> Path:
    if _is_bundle(base):
        return Path(base)
    checkpoint, bundle = request.output / "checkpoint", request.output / "bundle"
    console.print(f"--- {base}")
    if _is_checkpoint(base):
        checkpoint = Path(base)
    elif not checkpoint.exists():
        resume = was_interrupted(checkpoint)
        train(replace(request, output=checkpoint), replace(config, base=base, resume=resume), console)
    if not bundle.exists():
        export(checkpoint, bundle, console)
    return bundle


def _measure(bundle: Path, test: Reviews, folder: Path, console: Console) -> dict[str, Any]:
    """Return the figures of `bundle`; they are kept in `folder`, as a large model takes its time over many reviews."""
    of = Provenance(parts={"bundle": identity(bundle), **scoring_code()})
    kept = folder / f"measured-{of.digest[:16]}.json"
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        return found
    scorer, manifest = open_scorer(bundle)
    start = time.monotonic()
    with Progress(Log(console), bundle, len(test)) as progress:
        predictions = scorer.score(test.texts, progress.advance)
    seconds = time.monotonic() - start
    figures = {
        "evaluation": Tally.of(predictions, Truth(labels=test.labels)).summarise()["evaluation"],
        "bytes": sum((bundle / name).stat().st_size for name in (manifest.graph, TOKENIZER)),
        "rows_per_second": len(test) / seconds,
    }
    write_json(kept, figures)
    return figures


def _markdown(rows: list[dict[str, Any]]) -> str:
    header = ("model", *(name.replace("_", " ") for name in _FIGURES), "macro F1", "MB", "rows/s")
    lines = [header, ["---"] * len(header)]
    for row in rows:
        of = row["evaluation"] or {"macro": {}}
        figures = [*(of.get(name) for name in _FIGURES), of["macro"].get("f1")]
        size = f"{row['bytes'] / 2**20:.1f}" if "bytes" in row else "-"
        speed = f"{row['rows_per_second']:,.0f}" if "rows_per_second" in row else "-"
        lines.append([row["model"], *map(shown, figures), size, speed])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
