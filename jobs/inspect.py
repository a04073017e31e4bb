"""sentiment inspect: what a bundle is, verified."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from export.bundle import identity, verify
from export.runtime import golden_difference, open_scorer
from jobs.training_report import shown
from sentiment_core.manifest import Manifest


def inspect(bundle: Path, console: Console) -> None:
    """Verify hashes, open the graph, score the golden rows again, and print the bundle. Raises BundleError."""
    verify(bundle)
    scorer, manifest = open_scorer(bundle)
    print_bundle(bundle, manifest, console)
    off = golden_difference(scorer, manifest)
    console.print(f"verified: {len(manifest.files)} files, {len(manifest.golden)} golden rows within {off:.1e}")


def print_bundle(bundle: Path, manifest: Manifest, console: Console) -> None:
    """Print what a manifest says."""
    table = Table(show_header=False, title=str(bundle), title_justify="left")
    evaluation = manifest.validation["evaluation"]
    quantization = manifest.quantization
    for name, value in {
        "identity": identity(bundle)[:16],
        "base": manifest.card["base"],
        "trained on": f"{manifest.card['training_reviews']:,} reviews of {', '.join(manifest.card['trained_on'])}",
        "graph": f"{manifest.graph}, {(bundle / manifest.graph).stat().st_size / 2**20:.1f} MB",
        "longest review": f"{manifest.max_length} tokens, then head and tail",
        "decision": f"temperature {manifest.temperature:.3f}, threshold {manifest.threshold:.2f}",
        "validation": f"{evaluation['rows']:,} reviews held out of training, "
        f"scored by {manifest.validation.get('scored_by', 'PyTorch')}",
        "chosen on these": manifest.card.get("chosen_on_validation", "-"),
        **{name: shown(evaluation[name]) for name in ("accuracy", "precision", "recall", "f1", "roc_auc")},
        "calibration error": shown(evaluation["calibration_error"]),
        "parity": f"logits within {manifest.parity['largest_logit_difference']:.1e} of PyTorch's "
        f"on {manifest.parity['texts']} texts of up to {manifest.parity['longest_tokens']} tokens",
        "int8": f"{_verdict(quantization)}: says the same as fp32 of {quantization['agreement']['value']:.1%} "
        f"of {quantization['texts']:,} reviews",
    }.items():
        table.add_row(name, str(value))
    for name in ("recipe", "limits"):
        if name in manifest.card:
            table.add_row(name, manifest.card[name])
    for name, figures in manifest.card.get("measured", {}).items():
        table.add_row(
            f"on {name}", ", ".join(f"{figure.replace('_', ' ')} {value}" for figure, value in figures.items())
        )
    console.print(table)


def _verdict(quantization: Mapping[str, Any]) -> str:
    # Bundles of before have only `passed`.
    verdict = quantization.get("verdict", "passed" if quantization.get("passed") else "failed")
    return str(verdict) if verdict == "passed" else f"{verdict}, so fp32 scores"
