"""What a training says at its end: one table, and the warnings it calls for."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sentiment_core.gate import is_collapsed

_ROWS = ("accuracy", "precision", "recall", "f1", "roc_auc", "calibration_error")


def shown(figure: dict[str, float] | None) -> str:
    """Write a metric with its 95 % interval."""
    return "-" if figure is None else f"{figure['value']:.3f}  [{figure['low']:.3f}, {figure['high']:.3f}]"


def print_report(report: dict[str, Any], output: Path, console: Console) -> None:
    """Print the validation figures beside the baseline's, and the warnings that they call for."""
    evaluation, baseline = report["validation"]["evaluation"], report["baseline"]
    table = Table("validation", f"this model ({report['card']['base']})", "TF-IDF + logistic regression")
    for name in _ROWS:
        table.add_row(name.replace("_", " "), shown(evaluation[name]), shown(baseline[name]))
    table.add_row("macro f1", shown(evaluation["macro"]["f1"]), shown(baseline["macro"]["f1"]))
    for name, count in evaluation["confusion"].items():
        table.add_row(name.replace("_", " "), f"{count:,}", f"{baseline['confusion'][name]:,}")
    console.print(table)
    console.print(f"chosen on these reviews: {report['card']['chosen_on_validation']}")
    console.print(f"temperature {report['temperature']:.3f}, threshold {report['threshold']:.2f}; written to {output}")
    if is_collapsed(report["validation"]):
        share = report["validation"]["positive_share"]
        console.print(
            f"WARNING: nearly all predictions are one label ({share:.1%} positive): this model tells "
            "little; train longer, with --balance weights, or with more reviews of the rare label",
            style="bold red",
        )
    if evaluation["macro"]["f1"]["value"] <= baseline["macro"]["f1"]["value"]:
        console.print(
            "WARNING: this model does not beat the baseline on macro f1: train longer or on more",
            style="bold yellow",
        )
