"""When a run's labels are not good enough to be used."""

from collections.abc import Iterable, Mapping
from typing import Any

from sentiment_core.errors import ConfigError
from sentiment_core.labels import Label, NoLabel
from sentiment_core.scales import STRAY, is_stray
from sentiment_core.scorer import Status

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


def parse_floors(texts: Iterable[str]) -> dict[str, float]:
    """Read every --fail-under. Raises ConfigError, also for two floors of one metric."""
    floors: dict[str, float] = {}
    for name, floor in map(parse_floor, texts):
        if floors.setdefault(name, floor) != floor:
            raise ConfigError(f"--fail-under: wanted one floor for {name}, got {floors[name]} and {floor}")
    return floors


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
    """Return what a file's summary fails: each floor it is below or cannot be measured by, one label for everything."""
    found = []
    if is_collapsed(summary):
        found.append(f"nearly all predictions are one label ({summary['positive_share']:.1%} positive)")
    if broken := summary["rows_by_status"].get(Status.FAILED):
        found.append(f"the model gave no number for {broken:,} rows")
    immeasurable = _immeasurable(summary)
    for name, floor in floors.items():
        if immeasurable:
            found.append(f"{name}: wanted at least {floor}, found nothing to measure it by: {immeasurable}")
        elif (figure := summary["evaluation"][name]) is None or figure["value"] < floor:
            value = "none" if figure is None else f"{figure['value']:.4f}"
            found.append(f"{name}: wanted at least {floor}, found {value}")
    return found


def _immeasurable(summary: Mapping[str, Any]) -> str:
    """Say why no metric of a summary can be trusted; empty if they can."""
    labels, evaluation = summary["labels"], summary["evaluation"]
    if labels["why_not"]:
        return str(labels["why_not"])
    unreadable = labels[NoLabel.UNREADABLE.value]
    labelled = unreadable + labels[NoLabel.NEUTRAL.value] + sum(labels[label.name.lower()] for label in Label)
    if not is_stray(unreadable, labelled):
        return f"{unreadable:,} of {labelled:,} labels are unreadable, more than {STRAY:.0%}"
    if evaluation is None:
        return "no labelled row was scored"
    absent = [name for name, of in evaluation["by_class"].items() if not of["rows"]]
    return f"no row is labelled {absent[0]}" if absent else ""
