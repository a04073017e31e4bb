"""What a file is: its content decides, and an ending that says something else is an error."""

import codecs
import json
import re
from dataclasses import dataclass
from pathlib import Path

from data.places.endings import Ending, Said, ending_of
from data.places.foreign import Foreign, foreign_of
from data.places.plain import Compression, compression_of, open_plain, reading
from data.table import Format
from sentiment_core.errors import TableError

_HEAD = 1 << 16
_PARQUET = (b"PAR1", b"PARE")
_NAMES = {
    Format.PARQUET: "Parquet",
    Format.CSV: "delimited text",
    Format.TSV: "delimited text",
    Format.JSON_LINES: "JSON Lines",
}
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
# Control characters that no text file is written with; \x01 to \x03 and \x1c to \x1f separate fields.
_CONTROLS = bytes({*range(9), *range(0x0E, 0x1C), 0x7F} - {1, 2, 3})
_SEPARATED = re.compile(rb"[,;\t|\x01\x1c-\x1f~^]")

_OTHER_LINES = "lines of Python dicts or of a JSON text sequence"
_ARRAY = "a JSON array; make lines of it with jq -c '.[]'"
_OBJECT = "JSON that is not one object a line; if it holds rows, make lines of them with jq -c ."


class NoReviews(TableError):
    """A file that is nobody's review file, which a folder may hold without harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What a file is: its format, how its fields are usually separated, and how it is compressed.

    The separator is the usual one of a text file's ending or of its first line, no finding over the whole file.
    """

    format: Format
    separator: str = ","
    compression: Compression | None = None


def kind_of(path: Path, *, encoding: str | None = None) -> Kind:
    """Tell what a file is from its first bytes. `encoding` is what the user says that a text file is written in.

    Raises TableError, saying what to do, for content that is no review file or that contradicts the ending, and
    its branch NoReviews where the content is certainly none.
    """
    said = ending_of(path)
    with reading(path):
        require_file(path)
        with path.open("rb") as raw:
            compression = compression_of(raw.read(32))
        with open_plain(path) as file:
            head = file.read(_HEAD)
    if not head:
        return _empty(path, said)
    foreign = foreign_of(path, head)
    if foreign is None and encoding is None and not head.startswith(_PARQUET) and _is_binary(head):
        foreign = Foreign("bytes that are no text", "if it is text, name its --encoding", may_hold_reviews=False)
    if foreign is not None:
        error = TableError if foreign.may_hold_reviews or said.sure else NoReviews
        raise error(f"{path}: wanted Parquet, CSV, TSV or JSON Lines, found {foreign.name}; {foreign.remedy}")
    if head.startswith(_PARQUET) and compression is not None:
        raise TableError(f"{path}: wanted Parquet as it is, found it inside {compression.name.lower()}; unpack it")
    _check_compression(path, said, compression)
    found = _format(path, head, said)
    if said.kind is Said.FOREIGN:
        ending = found.format.value
        raise TableError(f"{path}: wanted what its ending says, found {_NAMES[found.format]}; rename it {ending}")
    if isinstance(said.kind, Format) and found.format is not said.kind:
        raise TableError(
            f"{path}: wanted {_NAMES[said.kind]}, as its ending says, found {_NAMES[found.format]}; "
            f"rename it to end in {found.format.value}"
        )
    return Kind(format=found.format, separator=found.separator, compression=compression)


def looks_like_table(path: Path) -> bool:
    """Tell whether a text file without a telling ending holds more than prose: its first line has a separator."""
    with reading(path), open_plain(path) as file:
        head = file.read(_HEAD)
    if head.startswith(_WIDE):
        head = head.replace(b"\x00", b"")
    first = next((line for line in head.splitlines() if line.strip()), b"")
    return _SEPARATED.search(first) is not None


def require_file(path: Path) -> None:
    """Raise TableError for what is no plain file with a name in UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise TableError(f"{path}: wanted a name in UTF-8, found other bytes; rename the file") from error
    # Opening a pipe would wait for a writer.
    if path.exists() and not path.is_file():
        raise TableError(f"{path}: wanted a file, found another kind of thing; name the file itself")


def _empty(path: Path, said: Ending) -> Kind:
    if not isinstance(said.kind, Format):
        raise NoReviews(f"{path}: wanted a review file, found an empty one; check what writes it")
    return Kind(format=said.kind, separator=said.separator)


def _check_compression(path: Path, said: Ending, found: Compression | None) -> None:
    # Without an ending there is nothing to contradict.
    if found is said.compression or (said.compression is None and not isinstance(said.kind, Format)):
        return
    wanted = "no compression" if said.compression is None else said.compression.name.lower()
    remedy = (
        f"rename it {path.with_suffix('').name}" if found is None else f"rename it to end in {path.suffix}{found.value}"
    )
    if found is not None and said.compression is not None:
        remedy = f"rename it {path.with_suffix(found.value).name}"
    there = "none" if found is None else found.name.lower()
    raise TableError(f"{path}: wanted {wanted}, as its ending says, found {there}; {remedy}")


def _format(path: Path, head: bytes, said: Ending) -> Kind:
    """Tell the format of what is neither foreign nor binary."""
    if head.startswith(_PARQUET):
        return Kind(format=Format.PARQUET)
    text = _narrow(head)
    if _begins_with_objects(text, said):
        if text is not head:
            raise TableError(
                f"{path}: wanted JSON Lines in UTF-8, found UTF-16; convert it with iconv -f UTF-16 -t UTF-8"
            )
        return Kind(format=Format.JSON_LINES)
    document = _document(text)
    if document and said.kind in (Format.JSON_LINES, Said.NOTHING, Said.TEXT):
        # An array may be a table written another way; one object is mostly settings, which a folder may hold.
        error = TableError if document is _ARRAY else NoReviews
        raise error(f"{path}: wanted JSON Lines, found {document}")
    if isinstance(said.kind, Format) and said.kind in (Format.CSV, Format.TSV):
        return Kind(format=said.kind, separator=said.separator)
    if re.match(rb"\s*\{\s*'", text) or text.startswith(b"\x1e"):
        raise TableError(
            f"{path}: wanted JSON Lines, found {_OTHER_LINES}; read its lines with ast.literal_eval or jq --seq, and "
            "write them with json.dumps"
        )
    tabs = b"\t" in text.lstrip().split(b"\n", 1)[0]
    return Kind(format=Format.TSV, separator="\t") if tabs else Kind(format=Format.CSV)


def _begins_with_objects(text: bytes, said: Ending) -> bool:
    """Tell whether lines are objects. Where the ending says so, a broken first line is a broken line, no more."""
    lines = [line for line in text.removeprefix(codecs.BOM_UTF8).splitlines() if line.strip()]
    if lines and len(text) == _HEAD:
        if len(lines) == 1:
            # A first line longer than the head: an object begins with a key.
            return re.match(rb'\s*\{\s*"', lines[0]) is not None
        lines.pop()  # cut off
    if said.kind is not Format.JSON_LINES:
        lines = lines[:1]
    # An array with a row a line has one that no comma ends, a document some that are whole by chance.
    return bool(lines) and 2 * sum(map(_is_object, lines)) >= len(lines)


def _is_object(line: bytes) -> bool:
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line.decode("utf-8", "replace")), dict)
    except (ValueError, RecursionError):
        return False


def _document(text: bytes) -> str:
    """Say what other JSON than lines of objects a text may be; empty for none."""
    start = text.removeprefix(codecs.BOM_UTF8).lstrip()
    if re.match(rb'\[\s*[\[{"\]]', start):
        return _ARRAY
    return _OBJECT if re.match(rb'\{\s*(["}]|$)', start) else ""


def _narrow(head: bytes) -> bytes:
    """Return a text of UTF-16 as UTF-8, and any other as it is."""
    encoding = "utf-16" if head.startswith(_WIDE[:2]) else _wide_by_nuls(head)
    return head[: len(head) // 2 * 2].decode(encoding, "replace").encode() if encoding else head


def _wide_by_nuls(head: bytes) -> str | None:
    """Tell UTF-16 without a mark: nearly every other byte of mostly Latin text is NUL."""
    even, odd, half = head[::2].count(0), head[1::2].count(0), len(head) / 2
    if odd > 0.7 * half > 10 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half > 10 * odd else None


def _is_binary(head: bytes) -> bool:
    """Tell bytes that are no text in any encoding: too many control characters, UTF-16 and UTF-32 aside.

    A stray NUL in a cell is a text's all the same, if the rest of it is sound.
    """
    if head.startswith(_WIDE) or _wide_by_nuls(head):
        return False
    controls = len(head) - len(head.translate(None, _CONTROLS))
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return controls > 0.02 * len(head)
    return controls > 0.3 * len(head)
