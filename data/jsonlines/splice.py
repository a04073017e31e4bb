"""Changes to a line of JSON that leave the rest of it byte for byte."""

import json
from collections.abc import Container

_decoder = json.JSONDecoder()
_SPACE = " \t\r\n"


def put_in(line: bytes, fields: bytes) -> bytes:
    """Put `fields`, as they stand in an object, before the closing brace of a line that holds one."""
    end = line.rindex(b"}")
    before = line[:end]
    # Only in an object without fields does the opening brace come right before.
    comma = b"" if before.rstrip().endswith(b"{") else b","
    return b"".join((before, comma, fields, line[end:]))


def cut(line: bytes, kept: Container[str]) -> bytes:
    """Leave of an object's fields those in `kept`, in their order, each key and value as it was written."""
    text = line.decode("utf-8")
    start = text.index("{") + 1
    fields = []
    at = _skip(text, start)
    while text[at] != "}":
        first = at
        key, at = _decoder.raw_decode(text, at)
        at = _skip(text, _skip(text, at) + 1)
        _, at = _decoder.raw_decode(text, at)
        if key in kept:
            fields.append(text[first:at])
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return "".join((text[:start], ",".join(fields), text[at:])).encode("utf-8")


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
