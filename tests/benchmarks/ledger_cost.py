"""What the ledger costs: one table scored with it and without, in turn; prints the median of the ratios.

python tests/benchmarks/ledger_cost.py [REVIEWS.parquet] [ROUNDS]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import polars as pl
from rich.console import Console

import jobs.scoring.file
from data.ledger import Ledger
from export.bundle import BUNDLED
from jobs.log import Log
from jobs.scoring.request import ScoreRequest
from jobs.scoring.run import score
from sentiment_core.config import ScoreConfig
from sentiment_core.scorer import Predictions


class NoLedger(Ledger):
    """Keeps nothing."""

    def add(self, start: int, predictions: Predictions) -> None:
        """Do nothing."""


def seconds(path: Path, ledger: type[Ledger]) -> float:
    """Time one scoring of `path`."""
    jobs.scoring.file.Ledger = ledger  # type: ignore[attr-defined]
    quiet = Console(quiet=True)
    with tempfile.TemporaryDirectory() as output:
        request = ScoreRequest(inputs=(str(path),), output=Path(output), bundle=BUNDLED)
        start = time.perf_counter()
        assert score(request, ScoreConfig(), Log(quiet), quiet) == 0
        return time.perf_counter() - start


def main() -> None:
    """Compare, and print."""
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "reviews.parquet"
        if len(sys.argv) > 1:
            source = pl.read_parquet(sys.argv[1]).head(20_000)
        else:
            source = pl.DataFrame({"text": [f"short review number {row}, good" for row in range(20_000)]})
        source.write_parquet(path)
        seconds(path, Ledger)  # warms the disk and the tokenizer
        ratios = []
        for turn in range(rounds):
            # In turn the one or the other first: a machine that slows down or recovers favours neither.
            order: list[type[Ledger]] = [NoLedger, Ledger]
            took = {kind: seconds(path, kind) for kind in (order if turn % 2 else reversed(order))}
            without, with_it = took[NoLedger], took[Ledger]
            ratios.append(with_it / without)
            print(f"without {without:.2f} s, with {with_it:.2f} s, ratio {ratios[-1]:.4f}")  # noqa: T201
    print(f"median ratio {statistics.median(ratios):.4f}")  # noqa: T201


if __name__ == "__main__":
    main()
