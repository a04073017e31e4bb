"""Arrow columns as the text that stands in the cells of a delimited file."""

import json
from datetime import date, time

import pyarrow as pa

from sentiment_core.errors import OutputError


def as_text(name: str, column: pa.ChunkedArray, place: str) -> pa.ChunkedArray:
    """Return `column` as strings: plain values as Arrow spells them (times in ISO 8601), nested ones as JSON.

    Bytes must be UTF-8. Raises OutputError, which names the column and the output `place`, for what has no text.
    """
    kind = column.type
    if pa.types.is_string(kind):
        return column
    try:
        if not (pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType)):
            try:
                return column.cast(pa.float32() if pa.types.is_float16(kind) else kind).cast(pa.string())
            except pa.ArrowNotImplementedError:
                pass
        return pa.chunked_array([[_spelled(value) for value in column.to_pylist()]], pa.string())
    except (ValueError, TypeError, OverflowError, NotImplementedError, pa.ArrowException) as error:
        found = " ".join(str(error).split())[:120]
        raise OutputError(
            f"{place}: column {name!r} of type {kind} cannot be written as text: {found}; "
            "leave it out with --keep, or choose --format parquet"
        ) from error


def _spelled(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=_plain)
    return str(_plain(value))


def _plain(value: object) -> object:
    """What JSON has no word for: bytes as UTF-8, times in ISO 8601, the rest as Python spells it."""
    if isinstance(value, bytes):
        return value.decode("utf-8")
    return value.isoformat() if isinstance(value, (date, time)) else str(value)
