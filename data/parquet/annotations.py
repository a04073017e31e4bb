"""What a Parquet footer says of columns beyond Arrow's types: Enum, BSON, Interval, UTC times, types yet to come.

Arrow copies the values of such columns and drops the annotation. The footer of the copy is given it back: the layout of
footers (https://github.com/apache/parquet-format, parquet.thrift) is read and written for the schema alone, all else
stays byte for byte.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from data.parquet.rows import leaves, opened

_SCHEMA = 2  # of FileMetaData
_TYPE, _LENGTH, _CHILDREN, _CONVERTED, _SCALE, _PRECISION, _LOGICAL = 1, 2, 5, 6, 7, 8, 10  # of SchemaElement
_ANNOTATION = (_CONVERTED, _SCALE, _PRECISION, _LOGICAL)
_TAIL = 8  # the length of the footer, and PAR1
# Thrift's compact protocol.
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 11, 12
_MANY = 15  # a size or a step of this much is written behind its byte

_Fields = dict[int, tuple[int, bytes]]  # number -> type, value as it stands


def keep_annotations(source: Path, columns: Sequence[str], copy: Path) -> None:
    """Give the first columns of `copy`, which are `columns` of `source`, the annotations that they have there."""
    with opened(source) as file, pa.OSFile(str(copy)) as written:
        copied = pq.ParquetFile(written).schema
        pairs = list(enumerate(place for column in columns for place in leaves(file, [column])))
        lost = {
            mine: theirs
            for mine, theirs in pairs
            if str(copied.column(mine).logical_type) != str(file.schema.column(theirs).logical_type)
        }
    if not lost:
        return
    theirs, mine = _elements(_footer(source)), _footer(copy)
    elements = _elements(mine)
    # The first element of a schema is its root.
    places = [[place for place, each in enumerate(schema) if _CHILDREN not in each] for schema in (elements, theirs)]
    for leaf, original in lost.items():
        element, wanted = elements[places[0][leaf]], theirs[places[1][original]]
        if all(element.get(number) == wanted.get(number) for number in (_TYPE, _LENGTH)):
            kept = {number: value for number, value in element.items() if number not in _ANNOTATION}
            found = {number: wanted[number] for number in _ANNOTATION if number in wanted}
            elements[places[0][leaf]] = kept | found
    schema = _size_of_list(len(elements)) + b"".join(map(_struct, elements))
    footer = _struct(dict(_Reader(mine).fields()) | {_SCHEMA: (_LIST, schema)})
    with copy.open("r+b") as file:
        file.seek(-_TAIL - len(mine), 2)
        file.write(footer + len(footer).to_bytes(4, "little") + b"PAR1")
        file.truncate()


def _footer(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-_TAIL, 2)
        size = int.from_bytes(file.read(4), "little")
        file.seek(-_TAIL - size, 2)
        return file.read(size)


def _elements(footer: bytes) -> list[_Fields]:
    reader = _Reader(dict(_Reader(footer).fields())[_SCHEMA][1])
    size, _ = reader.list_header()
    return [dict(reader.fields()) for _ in range(size)]


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._place = data, 0

    def fields(self) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """Yield the fields of a struct."""
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self._zigzag()
            start = self._place
            if kind not in (_TRUE, _FALSE):  # in a struct the type is the value
                self._skip(kind)
            yield number, (kind, self._data[start : self._place])

    def list_header(self) -> tuple[int, int]:
        """Return size and type of a list."""
        head = self._byte()
        size = head >> 4
        return (self._varint() if size == _MANY else size), head & 15

    def _skip(self, kind: int) -> None:
        if kind in (_TRUE, _FALSE, _BYTE):
            self._place += 1
        elif kind == _DOUBLE:
            self._place += 8
        elif kind == _BINARY:
            size = self._varint()
            self._place += size
        elif kind in (_LIST, _SET):
            size, element = self.list_header()
            for _ in range(size):
                self._skip(element)
        elif kind == _MAP:
            size = self._varint()
            kinds = self._byte() if size else 0
            for _ in range(size):
                self._skip(kinds >> 4)
                self._skip(kinds & 15)
        elif kind == _STRUCT:
            for _ in self.fields():
                pass
        else:
            self._varint()

    def _byte(self) -> int:
        self._place += 1
        return self._data[self._place - 1]

    def _varint(self) -> int:
        found = shift = 0
        while True:
            byte = self._byte()
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found

    def _zigzag(self) -> int:
        found = self._varint()
        return found >> 1 ^ -(found & 1)


def _struct(fields: _Fields) -> bytes:
    written, last = bytearray(), 0
    for number, (kind, value) in sorted(fields.items()):
        step = number - last
        written += bytes([step << 4 | kind]) if 0 < step <= _MANY else bytes([kind]) + _varint(number << 1)
        written += value
        last = number
    return bytes(written) + b"\0"


def _size_of_list(size: int) -> bytes:
    return bytes([size << 4 | _STRUCT]) if size < _MANY else bytes([_MANY << 4 | _STRUCT]) + _varint(size)


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes(written) + bytes([number])
