"""How one delimited file is written, complete: enough to read it, and to write another like it."""

from dataclasses import dataclass, field

from data.table import Format

USUAL_QUOTE = '"'
# Prose is full of these, so cells that hold them are quoted; files with other separators mostly quote nothing.
PROSE_SEPARATORS = (",", ";", " ")
BOM = "\ufeff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How the lines of one delimited file are cut, and what stands before its rows.

    `quote` and `escape` are empty where there is none; the escape always holds in quoted cells, and with
    `escape_bare` in all. A dialect that is `strict` takes every quote at the start of a cell for one; else one that
    swallows rows is a letter, even where it closes a whole record, unless quotes are `proven`.
    `nulls` are the bare texts that mean null; the first is written.
    `short_rows`: the last cell may be missing; `long_rows`: an empty cell may follow the last.
    `header` is each name as it stands in the file, with its quotes; None without a header line. `before` counts the
    lines down to the first row, and `preamble` holds those above the header.
    """

    encoding: str = "utf-8"
    newline: str = "\n"
    separator: str = ","
    quote: str = USUAL_QUOTE
    escape: str = ""
    escape_bare: bool = False
    strict: bool = False
    proven: bool = False
    nulls: tuple[str, ...] = ("",)
    bom: bool = False
    preamble: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    header: tuple[str, ...] | None = None
    before: int = 0
    short_rows: bool = False
    long_rows: bool = False
    given: tuple[str, ...] = field(default=(), compare=False)

    @property
    def line_end(self) -> str:
        """What ends a line when lines are cut; a CR before an LF is then taken off."""
        return "\r" if self.newline == "\r" else "\n"

    @property
    def wide(self) -> bool:
        """Whether a character takes two or four bytes at least."""
        return self.encoding.startswith(("utf-16", "utf-32"))

    def described(self, usual_separator: str) -> str:
        """Return what is not usual about it, for a log line, with what was given rather than found."""
        usual_quote = USUAL_QUOTE if self.separator in PROSE_SEPARATORS else ""
        parts = [
            self.encoding if self.encoding != "utf-8" else "",
            f"separated by {self.separator!r}" if self.separator != usual_separator else "",
            (f"quoted by {self.quote}" if self.quote else "nothing quoted") if self.quote != usual_quote else "",
            f"escaped by {self.escape}" if self.escape else "",
            f"null as {', '.join(map(repr, self.nulls))}" if self.nulls != ("",) else "",
            "no header" if self.header is None else "",
            f"lines above the header: {len(self.preamble)}" if self.preamble else "",
        ]
        said = ", ".join(filter(None, parts))
        return f"{said} (given: {', '.join(self.given)})" if said and self.given else said


def usual_dialect(kind: Format, names: tuple[str, ...]) -> Dialect:
    """Return the dialect in which tables from elsewhere are written: RFC 4180's, comma or tab."""
    quoted = tuple(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in names)
    tabs = kind is Format.TSV
    # Quoted names show that quotes are quotes in a file with tabs, where nobody expects them.
    return Dialect(separator="\t" if tabs else ",", names=names, header=quoted if tabs else (), strict=tabs)
