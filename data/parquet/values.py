"""What Arrow types can hold a review or a label, and their values as Python has them."""

import math
from collections.abc import Callable
from itertools import chain

import pyarrow as pa

_STRINGS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_binary_view,
)
_NUMBERS = (pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal)


def is_text(kind: pa.DataType) -> bool:
    """Strings and bytes, as JSON and in a dictionary too; a column of nothing but nulls may have the type null."""
    return _is(_plain(kind), (*_STRINGS, *_BYTES, pa.types.is_null))


def is_bytes(kind: pa.DataType) -> bool:
    """Bytes, of which only the values tell whether they are text. Hive and Impala write text so."""
    return _is(_plain(kind), _BYTES)


def is_label(kind: pa.DataType) -> bool:
    """Text and numbers; not dates, lists or structs."""
    return is_text(kind) or isinstance(kind, pa.Bool8Type) or _is(_plain(kind), _NUMBERS)


def texts(column: pa.ChunkedArray) -> list[str | None]:
    """Return the texts of a column that `is_text`; None for a null, and for bytes that are no UTF-8."""
    return list(chain.from_iterable(_strings(chunk, lambda value: None) for chunk in column.chunks))


def labels(column: pa.ChunkedArray) -> list[object]:
    """Return the values of a column that `is_label`, every NaN the same object so that it is found in a mapping."""
    if is_text(column.type):
        return list(
            chain.from_iterable(
                _strings(chunk, lambda value: value.decode(errors="backslashreplace")) for chunk in column.chunks
            )
        )
    return [math.nan if value != value else value for value in column.to_pylist()]  # noqa: PLR0124


def decoded(table: pa.Table, column: str) -> pa.ChunkedArray:
    """Return a column without its dictionary, so that its size is that of its texts."""
    found = table.column(column)
    return found.cast(found.type.value_type) if pa.types.is_dictionary(found.type) else found


def _strings(chunk: pa.Array, broken: Callable[[bytes], str | None]) -> list[str | None]:
    if isinstance(chunk.type, pa.JsonType):
        chunk = chunk.storage
    if pa.types.is_dictionary(chunk.type):
        chunk = chunk.dictionary_decode()
    if _is(chunk.type, _STRINGS):
        try:
            found: list[str | None] = chunk.to_pylist()
        except UnicodeDecodeError:  # pyarrow believes a file that calls its bytes a string
            chunk = chunk.cast(pa.large_binary())
        else:
            return found
    return [_decoded(value, broken) for value in chunk.to_pylist()]


def _decoded(value: bytes | None, broken: Callable[[bytes], str | None]) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return broken(value)


def _plain(kind: pa.DataType) -> pa.DataType:
    kind = kind.storage_type if isinstance(kind, pa.JsonType) else kind
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _is(kind: pa.DataType, among: tuple[Callable[[pa.DataType], bool], ...]) -> bool:
    # An extension type has the traits of what it is stored as; a UUID is no text for that.
    return not isinstance(kind, pa.BaseExtensionType) and any(holds(kind) for holds in among)
