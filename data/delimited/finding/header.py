"""The header line of a delimited file: names as they are meant, and as they stand."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from data.delimited.dialect import Dialect
from data.delimited.layout import Layout
from data.delimited.records import Records
from data.table import Rejected
from sentiment_core.errors import TableError


def with_header(path: Path, lines: Sequence[str], start: Dialect, layout: Layout) -> Dialect:
    """Add to `start` the names of its columns; `lines` begin below its preamble. Raises TableError where it has none.

    Blanks around a name are not part of it. The only column without a name is '', others are named by their place.
    """
    above = len(start.preamble)
    if layout.columns is not None:
        return replace(start, names=layout.columns, header=None, before=above)
    rejected: list[Rejected] = []
    records = Records(iter(lines), replace(start, names=(), nulls=("",)), rejected.append, above + 1)
    first = next(iter(records), None)
    if rejected:
        broken = rejected[0]
        raise TableError(f"{path}: line {broken.line}: wanted a header, found {broken.reason}; mend the line")
    if first is None:
        raise TableError(f"{path}: wanted a header line, found an empty file; check what writes it")
    before = records.number
    cells = [cell or "" for cell in first]
    names = [_name(cell, start.quote) for cell in cells]
    if names.count("") > 1:
        names = [name or _free(f"unnamed_{place}", names) for place, name in enumerate(names, 1)]
    twice = sorted(name for name, times in Counter(names).items() if times > 1)
    if twice:
        raise TableError(
            f"{path}: wanted columns of different names, found {', '.join(map(repr, twice))} twice or more; rename them"
        )
    raw = lines[before - above - 1].removeprefix("\n").removesuffix("\r").split(start.separator)
    quoted = [cell for cell in raw if cell.strip()]
    return replace(
        start,
        names=tuple(names),
        header=tuple(raw) if len(raw) == len(cells) else (),
        before=before,
        strict=start.strict or bool(start.quote and quoted and all(_in_quotes(cell, start.quote) for cell in quoted)),
        short_rows=len(cells) > 1 and cells[-1] == "",
    )


def _free(name: str, names: Sequence[str]) -> str:
    return _free(f"{name}_", names) if name in names else name


def _name(cell: str, quote: str) -> str:
    cell = cell.strip()
    return cell[1:-1].strip() if quote and _in_quotes(cell, quote) else cell


def _in_quotes(cell: str, quote: str) -> bool:
    cell = cell.strip()
    return len(cell) > 1 and cell[0] == cell[-1] == quote
