"""Which column holds the text and which the label."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sentiment_core.errors import ConfigError, TableError
from sentiment_core.labels import fold

# Names as `_plain` writes them, the usual ones first: of English tables, then of German, French, Spanish, Italian,
# Portuguese and Dutch ones.
TEXT_NAMES = (
    ("review", "text", "reviewtext", "reviewstext", "reviewbody", "content", "reviewcontent", "body", "comment"),
    (
        *("kommentar", "rezension", "bewertungstext", "avis", "commentaire", "texte"),
        *(
            "comentario",
            "resena",
            "opinion",
            "texto",
            "recensione",
            "commento",
            "testo",
            "resenha",
            "recensie",
            "tekst",
        ),
    ),
)
# A label that somebody wrote beats one derived from stars: data sets carry both. Last come names of other things too.
LABEL_NAMES = (
    ("label", "sentiment"),
    (
        *("rating", "stars", "starrating", "overall", "reviewsrating", "rate", "reviewrating", "reviewscore"),
        *("sterne", "etoiles", "estrellas", "calificacion", "puntuacion", "stelle", "punteggio", "estrelas", "sterren"),
    ),
    (
        *("polarity", "score", "note", "nota", "voto"),
        *("bewertung", "valoracion", "valutazione", "avaliacao", "beoordeling"),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelColumn:
    """The label column of a table, or why it has none; `doubtful` if somebody should hear of that."""

    name: str | None = None
    why_not: str = ""
    doubtful: bool = False


def find_text(columns: Sequence[str], asked: str | None, place: str) -> str:
    """Return the text column: the one `asked` for, else the only one with a usual name.

    Raises TableError, listing the columns, where there is none or more than one.
    """
    if asked is not None:
        return _asked(columns, asked, "--text-column", place)
    found = _usual(columns, TEXT_NAMES)
    if not found:
        raise TableError(f"{place}: no text column found among {', '.join(columns)}; name it with --text-column")
    if len(found) > 1:
        raise TableError(f"{place}: {_several(found, columns, 'text')}")
    return found[0]


def find_label(columns: Sequence[str], asked: str | None) -> LabelColumn:
    """Return the label column: the one `asked` for, else the only one with a usual name.

    A table without one can still be scored, so that this is told and not raised.
    """
    found = _alike(columns, asked) if asked is not None else _usual(columns, LABEL_NAMES)
    if len(found) == 1:
        return LabelColumn(name=found[0])
    if found:
        return LabelColumn(why_not=_several(found, columns, "label"), doubtful=True)
    if asked is not None:
        why = f"no column {asked!r} for --label-column; the columns are {', '.join(columns)}"
        return LabelColumn(why_not=why, doubtful=True)
    return LabelColumn(why_not=f"no label column found among {', '.join(columns)}; name it with --label-column")


def require_label(columns: Sequence[str], asked: str | None, place: str) -> str:
    """Return the label column. Raises TableError, listing the columns, where there is none or more than one."""
    found = find_label(columns, asked)
    if found.name is None:
        raise TableError(f"{place}: {found.why_not}")
    return found.name


def parse_columns(text: str, option: str) -> tuple[str, ...]:
    """Read a list of columns, `a, b`. Raises ConfigError for an empty name and for one given twice."""
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise ConfigError(f"{option}: wanted columns such as id,date, found an empty name in {text!r}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError(f"{option}: wanted each column once, found {', '.join(twice)} twice")
    return names


def find_kept(columns: Sequence[str], asked: Sequence[str], place: str) -> list[str]:
    """Return the columns to keep, as the table spells them. Raises TableError for a missing or repeated one."""
    kept = [_asked(columns, name, "--keep", place) for name in asked]
    twice = sorted({name for name in kept if kept.count(name) > 1})
    if twice:
        raise TableError(f"{place}: --keep: wanted each column once, found {', '.join(twice)} twice")
    return kept


def _asked(columns: Sequence[str], asked: str, option: str, place: str) -> str:
    found = _alike(columns, asked)
    if len(found) != 1:
        how_many = "no column" if not found else f"{len(found)} columns like"
        raise TableError(f"{place}: {how_many} {asked!r} for {option}; the columns are {', '.join(columns)}")
    return found[0]


def _alike(columns: Sequence[str], asked: str) -> list[str]:
    """Return the column of just this name, else those that differ from it by case, accents and blanks."""
    return [asked] if asked in columns else [column for column in columns if fold(column) == fold(asked)]


def _usual(columns: Sequence[str], tiers: Sequence[Sequence[str]]) -> list[str]:
    """Return the columns with a name of the first tier that has any."""
    found = ([column for column in columns if _plain(column) in tier] for tier in tiers)
    return next(filter(None, found), [])


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", fold(name))


def _several(found: Sequence[str], columns: Sequence[str], kind: str) -> str:
    return (
        f"{' and '.join(found)} could each be the {kind} column among {', '.join(columns)}; choose with --{kind}-column"
    )
