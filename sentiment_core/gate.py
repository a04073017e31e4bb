"""When a run's labels are not good enough to be used."""

from collections.abc import Mapping
from typing import Any

from sentiment_core.errors import ConfigError

GATED = ("accuracy", "precision", "recall", "f1", "roc_auc")
# Fewer rows may well be of one kind: unlabelled ones, and labelled ones.
_ENOUGH_ROWS = 1_000
_ENOUGH_LABELLED = 100


def parse_floor(text: str) -> tuple[str, float]:
    """Read `accuracy=0.8`. Raises ConfigError."""
    name, _, value = text.partition("=")
    try:
        floor = float(value)
    except ValueError:
        floor = -1.0
    if name not in GATED or not 0 <= floor <= 1:
        raise ConfigError(f"--fail-under: wanted one of {', '.join(GATED)} and a share, such as f1=0.8, got {text!r}")
    return name, floor


def is_collapsed(summary: Mapping[str, Any]) -> bool:
    """Say whether nearly all predictions are one label though the reviews are not.

    With labels: 95 % of the predictions are one label, and it misses most of the other one's rows. Without:
    not one of at least 1,000 predictions differs.
    """
    predicted = summary["predicted"].values()
    if summary["evaluation"] is None:
        return bool(sum(predicted) >= _ENOUGH_ROWS and min(predicted) == 0)
    recalls = [of["recall"]["value"] for of in summary["evaluation"]["by_class"].values() if of["recall"]]
    enough = summary["evaluation"]["rows"] >= _ENOUGH_LABELLED
    return bool(enough and max(predicted) >= 0.95 * sum(predicted) and min(recalls, default=1.0) < 0.5)


def failures(summary: Mapping[str, Any], floors: Mapping[str, float]) -> list[str]:
    """Return what a file's summary fails: each floor it is below, and one label for everything."""
    found = []
    if is_collapsed(summary):
        found.append(f"nearly all predictions are one label ({summary['positive_share']:.1%} positive)")
    for name, floor in floors.items():
        figure = (summary["evaluation"] or {}).get(name)
        if figure is None:
            found.append(f"{name}: wanted at least {floor}, found no labels to measure it by")
        elif figure["value"] < floor:
            found.append(f"{name}: wanted at least {floor}, found {figure['value']:.4f}")
    return found
