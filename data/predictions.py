"""The columns that scoring appends."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from data.table import Limits, Read, Table
from sentiment_core.errors import TableError
from sentiment_core.labels import Label
from sentiment_core.scorer import Predictions, Status

LABEL, PROBABILITY, TOKENS, STATUS = "predicted_label", "positive_probability", "token_count", "score_status"
COLUMNS = (LABEL, PROBABILITY, TOKENS, STATUS)
_KINDS = (pa.int8(), pa.float32(), pa.uint32(), pa.string())


def check_clash(columns: Sequence[str], prefix: str, place: str) -> None:
    """Raise TableError if an appended column would have the name of one that is there."""
    clash = [prefix + name for name in COLUMNS if prefix + name in columns]
    if clash:
        raise TableError(
            f"{place}: columns {', '.join(clash)} are there already; give the new ones another --prefix, such as new_"
        )


def fields(prefix: str) -> pa.Schema:
    """Return the schema of `columns`: label (int8), probability (float32), tokens (uint32) and status (string)."""
    return pa.schema([(prefix + name, kind) for name, kind in zip(COLUMNS, _KINDS, strict=True)])


def columns(predictions: Predictions, prefix: str) -> pa.Table:
    """Return what a Writer appends, a row each. Rows without a score have a null label and a null probability."""
    unscored = ~predictions.scored
    return pa.table(
        [
            pa.array(predictions.label, pa.int8(), mask=unscored),
            pa.array(predictions.probability, pa.float32(), mask=unscored),
            pa.array(predictions.token_count, pa.uint32()),
            pa.array(predictions.status.tolist(), pa.string()),
        ],
        schema=fields(prefix),
    )


def from_table(table: pa.Table) -> Predictions:
    """Return what `columns` was made of."""
    label, probability, tokens, status = table.columns
    return Predictions(
        label=label.fill_null(0).to_numpy(),
        probability=probability.fill_null(0.0).to_numpy(),
        token_count=tokens.to_numpy(),
        status=np.array(status.to_pylist(), dtype=np.str_),
    )


def read_scored(table: Table, label: str, prefix: str) -> Iterator[tuple[Sequence[object], Predictions]]:
    """Yield labels and predictions of a file that scoring wrote, batch by batch.

    Raises TableError where a column is missing or altered.
    """
    names = [prefix + name for name in COLUMNS]
    missing = [name for name in names if name not in table.columns]
    if missing:
        raise TableError(
            f"{table.path}: wanted a file that `sentiment score` wrote, found no column {', '.join(missing)}; "
            "score it first, or give its --prefix"
        )
    # No review is needed, so the text that is read is the shortest there is.
    read = Read(text=prefix + STATUS, label=label, kept=tuple(names))
    table.check_text(read.text)
    for batch in table.batches(read, Limits()):
        try:
            found = batch.rows.cast(fields(prefix))
        except pa.ArrowException as error:
            raise TableError(f"{table.path}: predictions were altered: {str(error)[:200]}; score it again") from error
        if not _sound(found):
            raise TableError(
                f"{table.path}: predictions were altered: values that scoring never writes; score it again"
            )
        yield batch.labels, from_table(found)


def _sound(table: pa.Table) -> bool:
    label, probability, tokens, status = table.columns
    if status.null_count or tokens.null_count:
        return False
    found = from_table(table)
    has_label, has_probability = (np.asarray(column.is_valid()) for column in (label, probability))
    return bool(
        np.isin(found.status, list(Status)).all()
        and np.isin(found.label, list(Label)).all()
        and ((found.probability >= 0) & (found.probability <= 1)).all()
        and np.array_equal(has_label, found.scored)
        and np.array_equal(has_probability, found.scored)
    )
