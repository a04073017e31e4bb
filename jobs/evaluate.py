"""sentiment evaluate: a summary again, from a scored file with labels."""

from pathlib import Path
from typing import Any

from data.predictions import read_predictions
from data.reviews import LabelReading
from data.schema import require_label
from data.tables import scan
from sentiment_core.summary import Tally


def evaluate(path: Path, label_column: str | None, prefix: str) -> dict[str, Any]:
    """Return the summary of the predictions in `path`. Raises TableError without predictions or labels."""
    table = scan(path)
    labels = LabelReading.of(table, require_label(table.columns, label_column, str(path)))
    tally = Tally()
    for frame, predictions in read_predictions(table, prefix):
        tally += Tally.of(predictions, labels.apply(frame))
    return tally.summarise()
