"""What a training says at its end: where it stopped, one table, and the warnings it calls for."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from sentiment_core.gate import is_collapsed

_ROWS = ("accuracy", "precision", "recall", "f1", "roc_auc", "calibration_error")
# Of fewer reviews the intervals are half as wide as what they measure, and wider.
_ENOUGH = 100


def shown(figure: dict[str, float] | None) -> str:
    """Write a metric with its 95 % interval."""
    return "-" if figure is None else f"{figure['value']:.3f}  [{figure['low']:.3f}, {figure['high']:.3f}]"


def measured(evaluation: dict[str, Any] | None) -> dict[str, dict[str, float]]:
    """Return the figures for a card of what was measured on the test side; nothing of no reviews."""
    if evaluation is None:
        return {}
    figures = {name: evaluation[name] for name in ("accuracy", "f1", "calibration_error")}
    figures |= {f"recall_{label}": of["recall"] for label, of in evaluation["by_class"].items()}
    shares = {name: round(figure["value"], 4) for name, figure in figures.items() if figure is not None}
    return {"the test side": {"rows": evaluation["rows"], **shares}}


def print_end(state: Any, console: Console) -> None:
    """Say at which step training ended and which one is kept; `state` is a TrainerState."""
    early = "stopped early, as the validation loss no longer fell: " if state.global_step < state.max_steps else ""
    if early or state.best_global_step < state.global_step:
        console.print(
            f"{early}ended at step {state.global_step} of {state.max_steps}, kept step {state.best_global_step}, "
            f"of least validation loss ({state.best_metric:.4f})"
        )


def print_report(report: dict[str, Any], output: Path, console: Console) -> None:
    """Print the test figures beside the baseline's, and the warnings that they call for."""
    evaluation, baseline = report["test"]["evaluation"], report["baseline"]
    if evaluation is None:
        console.print("no test reviews: nothing is known of this model but what it was chosen by")
    else:
        console.print(_table(evaluation, baseline, report["card"]["base"]))
        if evaluation["rows"] < _ENOUGH:
            console.print(
                f"{evaluation['rows']} test reviews tell little: the more you give, the narrower [ ... ] gets"
            )
    console.print(f"temperature {report['temperature']:.3f}, threshold {report['threshold']:.2f}; written to {output}")
    if is_collapsed(report["test"]) or is_collapsed(report["validation"]):
        console.print(
            f"WARNING: nearly all predictions are one label ({report['validation']['positive_share']:.1%} positive): "
            "this model tells little; train longer, with --balance weights, or with more reviews of the rare label",
            style="bold red",
        )
    if evaluation is not None and _beaten(evaluation["macro"]["f1"], baseline["macro"]["f1"]):
        console.print(
            "WARNING: this model does not beat the baseline on macro f1: train longer or on more",
            style="bold yellow",
        )


def _table(evaluation: dict[str, Any], baseline: dict[str, Any], base: str) -> Table:
    table = Table(f"test: {evaluation['rows']:,} unseen", f"this model ({base})", "TF-IDF + logistic regression")
    for name in _ROWS:
        table.add_row(name.replace("_", " "), shown(evaluation[name]), shown(baseline[name]))
    table.add_row("macro f1", shown(evaluation["macro"]["f1"]), shown(baseline["macro"]["f1"]))
    for name, count in evaluation["confusion"].items():
        table.add_row(name.replace("_", " "), f"{count:,}", f"{baseline['confusion'][name]:,}")
    return table


def _beaten(own: dict[str, float] | None, other: dict[str, float] | None) -> bool:
    return own is not None and other is not None and own["value"] <= other["value"]
