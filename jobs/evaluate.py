"""sentiment evaluate: a summary again, from scored files with labels."""

from collections.abc import Sequence
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
    paths: Sequence[Path], label_column: str | None, prefix: str, naming: Naming | None, layout: Layout
) -> dict[str, Any]:
    """Return one summary of the predictions in all of `paths`; of several, `labels` says of each how it was read.

    Raises TableError for a file without predictions or labels.
    """
    reader, tally, found = LabelReader(naming), Tally(), {}
    for path in paths:
        table = open_table(path, layout)
        label = require_label(table.columns, label_column, str(path))
        rows = read_scored(table, label, prefix)
        counts = table.survey(Read(text=prefix + STATUS, label=label)).labels
        labels = reader.read(label, counts, str(path))
        if labels.why_not:
            raise TableError(f"{path}: {labels.why_not}")
        for values, predictions in rows:
            tally += Tally.of(predictions, labels.apply(values))
        found[str(path)] = labels.to_json()
    return {"labels": found[str(paths[0])] if len(paths) == 1 else found, **tally.summarise()}
