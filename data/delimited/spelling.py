"""How texts are spelled as cells of a dialect, whole columns at a time."""

from collections.abc import Sequence

import polars as pl

from data.delimited.dialect import Dialect

# What an escape before them makes of these letters in a dialect without quotes.
_NAMED = "nrt0"


class Spelling:
    """Spells columns of strings so that reading them in the same dialect gives the same strings and nulls."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._breaking = _any_of(dialect.separator + "\r\n" + dialect.quote + dialect.escape)
        raw = [cell.strip() for cell in dialect.header or () if cell.strip()]
        mark = dialect.quote
        self._names_quoted = bool(mark and raw) and all(len(c) > 1 and c[0] == c[-1] == mark for c in raw)

    def names(self, columns: Sequence[str]) -> list[str]:
        """Return the header's cells: names of the source as they stand there, new ones in quotes if those are."""
        known = dict(zip(self._dialect.names, self._dialect.header or (), strict=False))
        name = pl.col("name")
        spelled = self._quoted(name) if self._names_quoted else self.cell(name)
        new = pl.DataFrame({"name": columns}, schema={"name": pl.String}).select(spelled).to_series().to_list()
        return [known.get(column, cell) for column, cell in zip(columns, new, strict=True)]

    def cell(self, text: pl.Expr) -> pl.Expr:
        """Return the spelling of each text."""
        dialect = self._dialect
        if dialect.quote:
            # An empty text in quotes is no null; a byte order mark at the start of the file would be taken off.
            needs = text.str.contains(self._breaking) | self._null_like(text) | text.str.starts_with("\ufeff")
            spelled = pl.when(needs).then(self._quoted(text)).otherwise(text)
        elif dialect.escape:
            mark = dialect.escape.replace("$", "$$")
            escaped = text.str.replace_all(self._breaking, mark + "${0}")
            spelled = pl.when(self._null_like(text)).then(pl.lit(dialect.escape) + text).otherwise(escaped)
        else:
            spelled = text
        return pl.when(text.is_null()).then(pl.lit(dialect.nulls[0])).otherwise(spelled)

    def broken(self, texts: pl.Series) -> bool:
        """Whether a text has no spelling in this dialect."""
        dialect = self._dialect
        if dialect.quote:
            return False
        null_like = pl.DataFrame({"text": texts}).select(self._null_like(pl.col("text"))).to_series()
        if dialect.escape:
            return bool((null_like & (texts.str.slice(0, 1).is_in(["", *_NAMED]))).any())
        # The end of a cell and a separator of several characters may hold another separator.
        followed = texts.str.find(dialect.separator, literal=True).is_not_null()
        for length in range(1, len(dialect.separator)):
            start = dialect.separator[:length]
            if (start + dialect.separator).startswith(dialect.separator):
                followed |= texts.str.ends_with(start)
        return bool((null_like | followed | texts.str.contains(dialect.line_end, literal=True)).any())

    def _null_like(self, text: pl.Expr) -> pl.Expr:
        return text.is_in(["", *self._dialect.nulls] if self._dialect.quote else list(self._dialect.nulls))

    def _quoted(self, text: pl.Expr) -> pl.Expr:
        mark, escape = self._dialect.quote, self._dialect.escape
        inner = text.str.replace_all(escape, escape * 2, literal=True) if escape else text
        return pl.lit(mark) + inner.str.replace_all(mark, (escape or mark) + mark, literal=True) + pl.lit(mark)


def _any_of(characters: str) -> str:
    return "[" + "".join(f"\\x{{{ord(each):x}}}" for each in sorted(set(characters))) + "]"
