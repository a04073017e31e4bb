"""The table at the end of a run."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from sentiment_core.errors import one_line


def print_run(summaries: Sequence[dict[str, Any]], console: Console) -> None:
    """Print a row a file: rows, positive share, accuracy and F1 where labelled, rows/s, where the output lies."""
    if not summaries:
        return
    table = Table("file", box=None)
    set_aside = any(summary["rejected"]["rows"] for summary in summaries)
    for name in ("rows", "scored", *(["set aside"] if set_aside else []), "positive", "accuracy", "F1", "rows/s"):
        table.add_column(name, justify="right")
    table.add_column("output", overflow="fold")
    for summary in summaries:
        scored = sum(summary["predicted"].values())
        table.add_row(
            one_line(summary["input"]["name"]),
            f"{summary['rows']:,}",
            f"{scored:,}",
            *([f"{summary['rejected']['rows']:,}"] if set_aside else []),
            "-" if summary["positive_share"] is None else f"{summary['positive_share']:.1%}",
            *(_figure(summary, name) for name in ("accuracy", "f1")),
            "unchanged" if summary.get("skipped") else f"{summary['rows_per_second']:,.0f}",
            one_line(summary["output"]["path"]),
        )
    console.print(table)


def _figure(summary: dict[str, Any], name: str) -> str:
    figure = (summary["evaluation"] or {}).get(name)
    return "-" if figure is None else f"{figure['value']:.3f}"
