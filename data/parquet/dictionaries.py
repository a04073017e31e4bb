"""Columns of dictionary type: their dictionaries are kept once in memory, and one in a row group."""

from collections.abc import Iterator

import pyarrow as pa


class Dictionaries:
    """The last dictionary of each column, which chunks that come with an equal one share."""

    def __init__(self) -> None:
        self._last: dict[str, pa.Array] = {}

    def share(self, table: pa.Table) -> tuple[pa.Table, int]:
        """Return `table` holding the dictionaries seen before, and the bytes that it adds to what is held."""
        size = 0
        for place, field in enumerate(table.schema):
            column = table.column(place)
            if pa.types.is_dictionary(field.type):
                chunks = []
                for chunk in column.chunks:
                    before = self._last.get(field.name)
                    if before is None or not chunk.dictionary.equals(before):
                        before = self._last[field.name] = chunk.dictionary
                        size += before.nbytes
                    chunks.append(_encoded(chunk.indices, before, field.type))
                    size += chunk.indices.nbytes
                table = table.set_column(place, field, pa.chunked_array(chunks, field.type))
            else:
                size += column.nbytes
        return table, size


def groups(table: pa.Table) -> Iterator[pa.Table]:
    """Yield `table`, whole where its chunks' dictionaries fit into one; else in the longest parts where they do.

    A row group of several dictionaries is written in a way that pyarrow may not read again.
    """
    places = [place for place, field in enumerate(table.schema) if pa.types.is_dictionary(field.type)]
    joined = table
    for place in places:
        joined = joined.set_column(place, table.schema.field(place), _joined(table.column(place)))
    if all(joined.column(place).num_chunks <= 1 for place in places):
        yield joined
        return
    try:
        yield joined.unify_dictionaries()
    except pa.ArrowInvalid:  # more values than the type of the indices can count
        yield from map(pa.Table.from_batches, ([batch] for batch in joined.to_batches()))


def _joined(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Join neighbours of equal dictionary, without which unifying takes time for each of them."""
    runs: list[tuple[pa.Array, list[pa.Array]]] = []
    for chunk in column.chunks:
        if not runs or not chunk.dictionary.equals(runs[-1][0]):
            runs.append((chunk.dictionary, []))
        runs[-1][1].append(chunk.indices)
    whole = [_encoded(pa.concat_arrays(indices), dictionary, column.type) for dictionary, indices in runs]
    return pa.chunked_array(whole, column.type)


def _encoded(indices: pa.Array, dictionary: pa.Array, kind: pa.DictionaryType) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(indices, dictionary, ordered=kind.ordered)
