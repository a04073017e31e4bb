"""Files that are no review files, by the bytes they begin with, and what to do about each."""

import re
import zipfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Foreign:
    """A kind of file that is not read: its name, what to do, and whether it may hold reviews all the same."""

    name: str
    remedy: str
    may_hold_reviews: bool = True


_CONVERT = "convert it to Parquet, CSV or JSON Lines"
_UNPACK = "unpack it and name what is inside"
_LEAVE_OUT = "leave it out"


def _no_data(name: str) -> Foreign:
    return Foreign(name, _LEAVE_OUT, may_hold_reviews=False)


_EXCEL = Foreign("an Excel file", "save the sheet as CSV in UTF-8")
_ZIP = Foreign("a zip archive", _UNPACK)
_IN_ZIP = (
    (re.compile(r"xl/"), _EXCEL),
    (re.compile(r"word/|ppt/"), _no_data("an Office document")),
    (re.compile(r"content\.xml$"), Foreign("an OpenDocument file", "save the sheet as CSV in UTF-8")),
    (re.compile(r"[^/]+\.npy$"), Foreign("a NumPy file", _CONVERT)),
)
# A magic of letters alone could begin a text, so each goes on to a byte that no text has.
_MAGIC: tuple[tuple[bytes, Foreign], ...] = (
    (rb"ORC.{0,200}?[\x00\x04-\x08\x0e-\x1a]", Foreign("ORC", _CONVERT)),
    (rb"Obj\x01", Foreign("Avro", _CONVERT)),
    (rb"ARROW1\x00|\xff\xff\xff\xff..[\x00-\x3f]\x00", Foreign("Arrow IPC", _CONVERT)),
    (rb"FEA1\x00", Foreign("Feather", _CONVERT)),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Foreign("an old Excel file or another OLE document", _EXCEL.remedy)),
    (rb".{257}ustar[\x00 ]", Foreign("a tar archive", _UNPACK)),
    (rb"7z\xbc\xaf\x27\x1c", Foreign("a 7z archive", _UNPACK)),
    (rb"Rar!\x1a\x07", Foreign("a RAR archive", _UNPACK)),
    (rb"\x04\x22\x4d\x18", Foreign("an lz4 file", _UNPACK)),
    (rb"\xff\x06\x00\x00sNaPpY", Foreign("a Snappy file", _UNPACK)),
    (rb"\x1f\x9d", Foreign("a .Z file", _UNPACK)),
    (rb"SQLite format 3\x00", Foreign("a SQLite database", _CONVERT)),
    (rb".{8}DUCK.\x00\x00\x00", Foreign("a DuckDB database", _CONVERT)),
    (rb"\x89HDF\r\n\x1a\n", Foreign("HDF5", _CONVERT)),
    (rb"\x93NUMPY", Foreign("a NumPy file", _CONVERT)),
    # Protocol 4 and 5 go on with a frame, 2 and 3 with an object.
    (rb"\x80[\x02\x03][\](}c\x58]|\x80[\x04\x05]\x95", Foreign("a Python pickle", _CONVERT)),
    (rb"SEQ[\x04-\x06]", Foreign("a Hadoop sequence file", _CONVERT)),
    (rb"<stata_dta>|[\x71-\x73][\x01\x02]\x01\x00", Foreign("a Stata file", _CONVERT)),
    (rb"\$FL[23]@\(#\)", Foreign("an SPSS file", _CONVERT)),
    (rb"\x00{12}\xc2\xea\x81\x60", Foreign("a SAS file", _CONVERT)),
    (rb"RD[AX][23]\n|X\n\x00\x00\x00", Foreign("an R file", _CONVERT)),
    (
        rb"version https://git-lfs\.github\.com/spec/",
        Foreign("a pointer of Git LFS in place of the file", "fetch the file with git lfs pull"),
    ),
    (rb"(?i)\s*<(!doctype html|html[\s>])", Foreign("an HTML page", "check how the file was fetched")),
    (rb"(?i)\s*<\?xml\s", Foreign("XML", _CONVERT)),
    (rb"%PDF-", _no_data("a PDF document")),
    (
        rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|II\*\x00|MM\x00\*|RIFF....WEBP|BM....\x00\x00\x00\x00",
        _no_data("a picture"),
    ),
    (rb"\x7fELF|MZ.\x00|\xca\xfe\xba\xbe|[\xcf\xce]\xfa\xed\xfe", _no_data("a program")),
)
_PATTERNS = tuple((re.compile(magic, re.DOTALL), foreign) for magic, foreign in _MAGIC)


def foreign_of(path: Path, head: bytes) -> Foreign | None:
    """Tell what a file is that is none of ours; `head` is how its plain bytes begin, 300 of them or more."""
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _in_zip(path)
    return next((foreign for magic, foreign in _PATTERNS if magic.match(head)), None)


def _in_zip(path: Path) -> Foreign:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return _ZIP
    return next((foreign for pattern, foreign in _IN_ZIP if any(map(pattern.match, names))), _ZIP)
