"""sentiment evaluate: a summary again, from a scored file with labels."""

from pathlib import Path
from typing import Any

from data.delimited.layout import Layout
from data.files import open_table
from data.label_column import LabelReader
from data.predictions import STATUS, read_scored
from data.schema import require_label
from data.table import Read
from sentiment_core.errors import TableError
from sentiment_core.naming import Naming
from sentiment_core.summary import Tally


def evaluate(
    path: Path, label_column: str | None, prefix: str, naming: Naming | None, layout: Layout
) -> dict[str, Any]:
    """Return the summary of the predictions in `path`. Raises TableError without predictions or labels."""
    table = open_table(path, layout)
    label = require_label(table.columns, label_column, str(path))
    rows = read_scored(table, label, prefix)
    counts = table.survey(Read(text=prefix + STATUS, label=label)).labels
    labels = LabelReader(naming).read(label, counts, str(path))
    if labels.why_not:
        raise TableError(f"{path}: {labels.why_not}")
    tally = Tally()
    for values, predictions in rows:
        tally += Tally.of(predictions, labels.apply(values))
    return {"labels": labels.to_json(), **tally.summarise()}
