"""What the user says of how a delimited file is written, where evidence is not to be asked."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass

from sentiment_core.errors import ConfigError

NO_QUOTE = ""
_NAMED = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(t)|(\\))")
_LINE_ENDS = ("\n", "\r")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a delimited file is written, as far as the user said; None is: find out.

    `quote` is one character, or NO_QUOTE where a quote is a letter like others. `nulls` are the texts that stand for
    null where they are not quoted. With `columns` the file has no header line. `skip_lines` stand before it.
    """

    separator: str | None = None
    quote: str | None = None
    escape: str | None = None
    nulls: tuple[str, ...] | None = None
    columns: tuple[str, ...] | None = None
    skip_lines: int | None = None
    encoding: str | None = None

    def __post_init__(self) -> None:
        self._check_marks()
        if self.columns is not None:
            names = [name.strip() for name in self.columns]
            if not names or "" in names or len(set(names)) < len(names):
                raise ConfigError(
                    f"--columns: wanted the name of each column, found {','.join(self.columns)!r} with "
                    f"{'an empty one' if '' in names else 'one twice'}; give every column a name of its own"
                )
        if self.skip_lines is not None and self.skip_lines < 0:
            raise ConfigError(f"--skip-lines: wanted 0 or more, found {self.skip_lines}; count the lines to leave out")
        if self.encoding is not None:
            _check_encoding(self.encoding)

    def _check_marks(self) -> None:
        given = {"--separator": self.separator, "--quote": self.quote or None, "--escape": self.escape}
        for option, mark in given.items():
            if mark is None:
                continue
            if not mark or any(letter.isalnum() or letter in _LINE_ENDS for letter in mark):
                raise ConfigError(
                    f"{option}: wanted a character that is no letter, digit or line end, found {mark!r}; "
                    r"write a control character as \x01 and a tab as \t"
                )
            if option != "--separator" and len(mark) > 1:
                raise ConfigError(f"{option}: wanted one character, found {mark!r}; give one alone")
        if self.separator and any(mark in self.separator for mark in (self.quote, self.escape) if mark):
            raise ConfigError(
                f"--separator: wanted another character than quote and escape, found {self.separator!r}; "
                "give each its own"
            )


def layout_of(given: Mapping[str, object]) -> Layout:
    r"""Return the layout that options say, as they were typed: `{"separator": r"\x01", "quote": "none", ...}`.

    Keys are the fields of Layout; an empty tuple of nulls is as if nothing was given. Raises ConfigError.
    """

    def text(key: str) -> str | None:
        value = given.get(key)
        return None if value is None else _unescaped(str(value))

    quote, escape = text("quote"), text("escape")
    nulls, columns, skip = given.get("nulls"), given.get("columns"), given.get("skip_lines")
    return Layout(
        separator=text("separator"),
        quote=NO_QUOTE if quote == "none" else quote,
        # A quote that is escaped by itself is a doubled one.
        escape=None if escape is not None and escape == (quote or '"') else escape,
        nulls=tuple(map(str, nulls)) if isinstance(nulls, (tuple, list)) and nulls else None,
        columns=None if columns is None else tuple(name.strip() for name in str(columns).split(",")),
        skip_lines=skip if isinstance(skip, int) else None,
        encoding=None if given.get("encoding") is None else str(given["encoding"]),
    )


def _unescaped(text: str) -> str:
    """`\x01`, `\u0001` and `\t` as the shell passes them on; a backslash alone is one."""

    def character(found: re.Match[str]) -> str:
        code = found[1] or found[2]
        return chr(int(code, 16)) if code else "\t" if found[3] else "\\"

    return _NAMED.sub(character, text)


def _check_encoding(name: str) -> None:
    try:
        known = codecs.lookup(name)._is_text_encoding
    except (LookupError, ValueError):
        known = False
    if not known:
        raise ConfigError(
            f"--encoding: wanted the name of an encoding, found {name!r}; for example utf-8, cp1252, latin-1, shift_jis"
        )
