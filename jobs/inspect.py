"""sentiment inspect: what a bundle is, verified."""

from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from export.bundle import identity
from export.runtime import open_scorer
from jobs.training_report import shown
from sentiment_core.errors import BundleError
from sentiment_core.manifest import Manifest

# One text alone, on another processor: rounding of activations may fall the other way here and there.
_GOLDEN_TOLERANCE = 0.02


def inspect(bundle: Path, console: Console) -> None:
    """Verify hashes, open the graph, score the golden rows again, and print the bundle. Raises BundleError."""
    scorer, manifest = open_scorer(bundle)
    wanted = np.array([row.probability for row in manifest.golden], dtype=np.float32)
    found = scorer.score([row.text for row in manifest.golden]).probability
    largest = float(np.abs(wanted - found).max(initial=0.0))
    print_bundle(bundle, manifest, console)
    if largest > _GOLDEN_TOLERANCE:
        raise BundleError(
            f"{bundle}: wanted golden rows within {_GOLDEN_TOLERANCE} of the manifest's, found {largest:.3f} off; "
            "this processor or ONNX Runtime computes another score, export the model again here"
        )
    console.print(f"verified: {len(manifest.files)} files, {len(wanted)} golden rows within {largest:.1e}")


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
        "validation": f"{evaluation['rows']:,} reviews held out of training, scored by PyTorch",
        **{name: shown(evaluation[name]) for name in ("accuracy", "precision", "recall", "f1", "roc_auc")},
        "calibration error": shown(evaluation["calibration_error"]),
        "parity": f"logits within {manifest.parity['largest_logit_difference']:.1e} of PyTorch's "
        f"on {manifest.parity['texts']} texts of up to {manifest.parity['longest_tokens']} tokens",
        "int8": f"{'passed' if quantization['passed'] else 'FAILED its gate, fp32 scores'}: "
        f"{quantization['agreement']['value']:.1%} of {quantization['texts']:,} labels agree with fp32, "
        f"f1 {quantization['f1_fp32']['value']:.3f} -> {quantization['f1_int8']['value']:.3f}",
    }.items():
        table.add_row(name, str(value))
    for name, value in manifest.card.get("notes", {}).items():
        table.add_row(name, str(value))
    console.print(table)
