"""What the ending of a name says, and which ending an output gets."""

from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from data.places.plain import ENDINGS as COMPRESSIONS
from data.places.plain import Compression
from data.table import Format

_FORMATS = {
    **dict.fromkeys((".parquet", ".parq", ".pq"), Format.PARQUET),
    ".csv": Format.CSV,
    ".psv": Format.CSV,
    **dict.fromkeys((".tsv", ".tab"), Format.TSV),
    **dict.fromkeys((".jsonl", ".ndjson", ".json", ".jsonlines", ".ldjson"), Format.JSON_LINES),
}
SEPARATORS = {".psv": "|", ".tsv": "\t", ".tab": "\t"}
# Text, of which kind its content tells.
_TEXT = frozenset((".txt", ".text", ".dat", ".data", ".asc"))
# Tables of other kinds, which are refused by name.
_FOREIGN = frozenset((".orc", ".avro", ".arrow", ".feather", ".ipc", ".xls", ".xlsx", ".xlsb", ".xlsm", ".ods", ".zip"))
# Certainly no review files, so that they need not be opened to be passed over in a folder.
_OTHERS = frozenset(
    """
    .md .rst .adoc .html .htm .css .xml .xsd .yml .yaml .toml .ini .cfg .conf .properties .avsc .proto .ddl .sql .hql
    .tex .bib .rtf .pdf .doc .docx .odt .ppt .pptx .py .pyc .ipynb .r .rmd .rs .go .c .h .cpp .java .class .scala .js
    .ts .sh .bat .ps1 .jar .whl .so .dll .exe .png .jpg .jpeg .gif .svg .webp .bmp .tif .tiff .ico .mp3 .mp4 .wav .avi
    .mov .ttf .woff .woff2 .crc .md5 .sha1 .sha256 .sha512 .sig .gpg .pem .key .lock .pid .log .err .swp .swo .bak .orig
    .old .tmp .temp .part .partial .crdownload .download .filepart .inprogress ._copying_
    """.split()  # noqa: SIM905 (120 strings, a line each, would hide them)
)


class Said(Enum):
    """What an ending says beyond a format."""

    TEXT = auto()
    NOTHING = auto()
    NO_REVIEWS = auto()
    FOREIGN = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a name says of its file: a format or what else, the usual separator, and how it is compressed.

    `sure` is False where other files than ours have that ending too, or none says anything.
    """

    kind: Format | Said
    separator: str = ","
    compression: Compression | None = None
    sure: bool = False


def ending_of(path: Path) -> Ending:
    """Read the ending of a name, in whatever case."""
    compression = COMPRESSIONS.get(path.suffix.lower())
    ending = _inner(path).suffix.lower()
    kind: Format | Said = Said.NOTHING
    if ending in _FORMATS:
        kind = _FORMATS[ending]
    elif ending in _TEXT:
        kind = Said.TEXT
    elif ending in _FOREIGN:
        kind = Said.FOREIGN
    elif ending in _OTHERS or path.name.endswith("~") or path.name.startswith("~$"):
        kind = Said.NO_REVIEWS
    if kind is Format.PARQUET:
        # pandas' own example calls a Parquet file x.parquet.gzip whose pages alone are compressed.
        compression = None
    return Ending(
        kind=kind,
        separator=SEPARATORS.get(ending, ","),
        compression=compression,
        # Anybody's settings end in .json too.
        sure=isinstance(kind, Format) and ending != ".json",
    )


def with_ending(kind: Format | None, place: Path) -> Path:
    """Give `place` the ending of `kind`, unless it says that already; None leaves it as it is.

    An ending that says what the file was is replaced, any other is part of the name: part-0.c000 becomes
    part-0.c000.parquet.
    """
    if kind is None or (said := ending_of(place).kind) is kind:
        return place
    inner = _inner(place)
    known = isinstance(said, Format) or said is Said.TEXT
    return inner.with_suffix(kind.value) if known else inner.with_name(inner.name + kind.value)


def _inner(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() in COMPRESSIONS else path
