"""sentiment bench: how fast a bundle scores here, and where the time goes."""

import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table as Lines

from data.files import open_table, open_writer
from data.predictions import columns
from data.samples import GOLDEN
from data.schema import find_text
from data.table import Format, Limits, Read
from export.runtime import graph_for, open_scorer
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import TableError
from sentiment_core.machine import peak_memory
from sentiment_core.scorer import Scorer, Work

# Enough for a steady rate, short enough to wait for.
_SECONDS = 30.0
_ROWS = 5_000


def bench(bundle: Path, source: Path | None, text_column: str | None, config: ScoreConfig, console: Console) -> None:
    """Score `source`, or made-up reviews, for a while, and print rates and the share of each stage.

    Nothing is kept of what is written. Raises BundleError, TableError.
    """
    scorer, manifest = open_scorer(bundle, config)
    made_up = source is None
    with tempfile.TemporaryDirectory() as folder:
        if source is None:
            source = Path(folder) / "reviews.csv"
            rows = (f"{GOLDEN[row % len(GOLDEN)]} {row}" for row in range(_ROWS))  # a repeated text would be free
            source.write_text("text\n" + "".join(f'"{row}"\n' for row in rows), encoding="utf-8")
        seconds, work = _stages(scorer, source, text_column, config, Path(folder) / "scored.parquet", console)
    peak = peak_memory()
    total = sum(seconds.values())
    if not work.rows:
        raise TableError(f"{source}: wanted reviews to score, found no row; choose another file")
    graph = graph_for(manifest, config)
    lines = Lines(f"{bundle.name}, {graph}", f"{work.rows:,} rows of {source.name}, {scorer.workers} threads")
    lines.add_row("rows/s", f"{work.rows / total:,.0f} (a million rows: {1e6 / work.rows * total / 60:,.0f} min)")
    length = f"{work.tokens / max(work.texts_run, 1):,.0f} tokens on average as the model reads them"
    lines.add_row("for texts of", f"{length}; time grows with it, so give a file of yours" if made_up else length)
    lines.add_row("tokens/s", f"{work.tokens / total:,.0f}")
    lines.add_row("texts run", f"{work.texts_run:,}")
    lines.add_row("padding", f"{work.padding_share or 0:.1%} of the tokens run")
    for stage, spent in seconds.items():
        lines.add_row(stage, f"{spent / total:.1%} of the time")
    lines.add_row("peak memory", f"{peak / 2**20:,.0f} MB")
    lines.add_row("machine", _used(bundle / graph, work.tokens / total, config))
    console.print(lines)


def _stages(
    scorer: Scorer, source: Path, text_column: str | None, config: ScoreConfig, target: Path, console: Console
) -> tuple[dict[str, float], Work]:
    """Return the seconds of each stage, and what was done in them."""
    table = open_table(source)
    text = find_text(table.columns, text_column, str(source))
    table.check_text(text)
    what = Read(text=text)
    before = scorer.work
    began = last = time.perf_counter()
    read = written = 0.0
    with open_writer(target, Format.PARQUET, table, what, "bench_") as writer:
        limits = Limits(rows=config.chunk_rows, size=config.chunk_bytes)
        batches = table.batches(what, limits, on_rejected=lambda rejected: None)
        for batch in track(batches, f"scoring for {_SECONDS:.0f} s", console=console, transient=True, total=None):
            read += time.perf_counter() - last
            predictions = scorer.score(batch.texts)
            start = time.perf_counter()
            writer.add(batch, columns(predictions, "bench_"))
            last = time.perf_counter()
            written += last - start
            if last - began > _SECONDS:
                break
        start = time.perf_counter()
    written += time.perf_counter() - start
    work = scorer.work - before
    seconds = {"reading": read, "tokenising": work.encode_seconds, "inference": work.run_seconds, "writing": written}
    return seconds, work


def _used(graph: Path, tokens_per_second: float, config: ScoreConfig) -> str:
    if config.device != "cpu":
        return "what a processor's products reach alone is measured on CPUs only"
    try:
        from export.ceiling import measure
    except ModuleNotFoundError:
        return "install 'review-sentiment[train]' to compare with what its products reach alone"
    ceiling = measure(graph, config.run_tokens, config.workers)
    share = tokens_per_second * ceiling.operations_per_token / ceiling.operations_per_second
    return f"{share:.0%} of what its products reach alone, {ceiling.operations_per_second / 1e9:,.0f} G operations/s"
