"""What the values of a key are, over a whole file, and the one Arrow type that holds them all."""

import json
from typing import Any

import pyarrow as pa

# Objects of more keys than this have data for keys, and lists in lists in lists are no columns.
_MOST_FIELDS = 256
_DEEPEST = 16
_EXACT = 1 << 53
_INT64 = 1 << 63


class Shape:
    """Sees the values of a key one by one, then has their type and fits each to it.

    Numbers stay exact: integers are int64, with others among them float64 where that holds each as it is spelled, else
    text. Lists
    and objects are lists and structs where their values agree. What no type holds, and values of several kinds,
    become strings: strings as they are, all else as JSON text. A key of nothing but nulls is a string too.
    """

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._kinds: set[type] = set()
        self._largest = 0
        self._as_text = False
        self._fields: dict[str, Shape] = {}
        self._item: Shape | None = None
        self._type: pa.DataType | None = None

    def see(self, value: Any) -> None:
        """Take one value into account."""
        if value is None or self._as_text:
            return
        kind = type(value)
        self._kinds.add(kind)
        if kind is int:
            self._largest = max(self._largest, abs(value))
        elif kind in (list, dict):
            self._see_inside(value)

    def _see_inside(self, value: dict[str, Any] | list[Any]) -> None:
        if self._depth == _DEEPEST:
            self._as_text = True
        elif isinstance(value, list):
            self._item = self._item or Shape(self._depth + 1)
            for each in value:
                self._item.see(each)
        else:
            for key, each in value.items():
                if key not in self._fields:
                    self._fields[key] = Shape(self._depth + 1)
                self._fields[key].see(each)
            if len(self._fields) > _MOST_FIELDS:
                self._as_text = True
                self._fields.clear()

    @property
    def type(self) -> pa.DataType:
        """The type of all values, once they are seen."""
        if self._type is None:
            self._type = self._find_type()
        return self._type

    def _find_type(self) -> pa.DataType:
        found = pa.string()
        if self._as_text:
            return found
        if self._kinds == {bool}:
            found = pa.bool_()
        elif self._kinds == {int} and self._largest < _INT64:
            found = pa.int64()
        elif self._kinds and self._kinds <= {int, float} and self._largest <= _EXACT:
            found = pa.float64()
        elif self._kinds == {list} and self._item is not None:
            found = pa.list_(self._item.type)
        elif self._kinds == {dict} and self._fields:  # Parquet has no struct without fields
            found = pa.struct([(key, field.type) for key, field in self._fields.items()])
        return found

    def fit(self, value: Any) -> Any:
        """Return a value as Arrow makes one of `type` of it."""
        if value is None:
            return None
        if pa.types.is_string(self.type):
            return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if pa.types.is_list(self.type) and self._item is not None:
            return [self._item.fit(each) for each in value]
        if pa.types.is_struct(self.type):
            return {key: self._fields[key].fit(each) for key, each in value.items()}
        return value
