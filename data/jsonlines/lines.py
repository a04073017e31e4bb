"""Lines of JSON: each is an object, or set aside as it stood."""

import codecs
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from data.places.plain import open_plain, reading
from data.table import OnRejected, Rejected
from sentiment_core.errors import TableError

_LONGEST_LINE = 1 << 26
# Deeper values cannot be counted on to pass through other readers, nor through recursion.
_DEEPEST = 256
_MAYBE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class BrokenLine(ValueError):
    """A line that is no row, with the reason."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BrokenLine("a key stands twice in an object")
    return found


class LongNumber(str):
    """A number that no float holds exactly, as it is spelled."""

    __slots__ = ()


def _number(spelled: str) -> float | LongNumber:
    value = float(spelled)
    return value if Decimal(repr(value)) == Decimal(spelled) else LongNumber(spelled)


_decode = json.JSONDecoder(object_pairs_hook=_once, parse_float=_number).decode


def parse(line: bytes) -> dict[str, Any]:
    """Return the object that a line holds. NaN and Infinity, which Python writes and JSON lacks, are numbers.

    Raises BrokenLine for what other readers would take differently or not at all: bytes that are no UTF-8, half a
    surrogate pair, a key that stands twice, values nested more than 256 deep.
    """
    try:
        found = _decode(line.decode("utf-8"))
        if line.count(b"[") + line.count(b"{") > _DEEPEST:
            _check_depth(found)
        if _MAYBE_SURROGATE.search(line):
            json.dumps(found, ensure_ascii=False).encode("utf-8")
    except BrokenLine:
        raise
    except UnicodeDecodeError as error:
        raise BrokenLine(f"not utf-8: byte 0x{error.object[error.start]:02x}") from error
    except UnicodeEncodeError as error:
        raise BrokenLine("a lone surrogate") from error
    except json.JSONDecodeError as error:
        raise BrokenLine(f"no JSON: {error.msg[:1].lower()}{error.msg[1:]}") from error
    except RecursionError as error:
        raise BrokenLine("nested too deeply") from error
    except ValueError as error:  # Python bounds the digits of a number
        raise BrokenLine("a number of too many digits") from error
    if not isinstance(found, dict):
        raise BrokenLine("no object")
    return found


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return
    raise BrokenLine("nested too deeply")


def rows(path: Path, on_rejected: OnRejected | None) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Yield each row of a file as it stands, its line end with it, and as an object; blank lines are no rows.

    A byte order mark belongs to the first row. `on_rejected` hears of lines that are no rows; without it the first
    raises TableError, as an unreadable file does.
    """
    with reading(path), open_plain(path) as file:
        number = 0
        while line := file.readline(_LONGEST_LINE + 1):
            number += 1
            if len(line) > _LONGEST_LINE:
                raise TableError(
                    f"{path}: line {number}: wanted a JSON object, found more than {_LONGEST_LINE >> 20} MB without a "
                    "line end; check what writes the file"
                )
            bare = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            if bare.isspace() or not bare:
                continue
            try:
                row = parse(bare)
            except BrokenLine as broken:
                if on_rejected is None:
                    raise TableError(
                        f"{path}: line {number}: {broken}; mend the line, or set it aside with --on-bad-rows quarantine"
                    ) from broken
                on_rejected(Rejected(number, str(broken), bare.rstrip(b"\r\n").decode("utf-8", "surrogateescape")))
            else:
                yield line, row


def rejected_line(rejected: Rejected) -> bytes:
    """Return a rejected line as a line of JSON: its number, why, and its text, in ASCII.

    Bytes that are no UTF-8 stand as Python's surrogate escapes, \\udc80 to \\udcff, from which they can be had back.
    """
    content = {"line": rejected.line, "reason": rejected.reason, "text": rejected.text}
    return json.dumps(content).encode("ascii") + b"\n"
