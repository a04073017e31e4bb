"""Which column holds the text and which the label."""

from collections.abc import Sequence

from sentiment_core.errors import TableError

TEXT_NAMES = (
    ("review", "text", "reviewtext", "review_text", "reviews.text", "review_body", "content", "body", "comment"),
)
# A label that somebody wrote beats one derived from stars: data sets carry both.
LABEL_NAMES = (
    ("label", "sentiment"),
    ("rating", "stars", "star_rating", "overall", "reviews.rating", "rate"),
)


def find_text(columns: Sequence[str], asked: str | None, place: str) -> str:
    """Return the text column: the one `asked` for, else the only one with a usual name.

    Raises TableError, listing the columns, where there is none or more than one.
    """
    found = _find(columns, asked, TEXT_NAMES, "text", place)
    if found is None:
        raise TableError(f"{place}: no text column found among {', '.join(columns)}; name it with --text-column")
    return found


def find_label(columns: Sequence[str], asked: str | None, place: str) -> str | None:
    """Return the label column, or None where no column has a usual name. Raises TableError if ambiguous."""
    return _find(columns, asked, LABEL_NAMES, "label", place)


def require_label(columns: Sequence[str], asked: str | None, place: str) -> str:
    """Return the label column. Raises TableError, listing the columns, where there is none or more than one."""
    found = find_label(columns, asked, place)
    if found is None:
        raise TableError(f"{place}: no label column found among {', '.join(columns)}; name it with --label-column")
    return found


def _find(
    columns: Sequence[str], asked: str | None, tiers: Sequence[Sequence[str]], kind: str, place: str
) -> str | None:
    if asked is not None:
        if asked not in columns:
            raise TableError(f"{place}: no column {asked!r} for --{kind}-column; the columns are {', '.join(columns)}")
        return asked
    for tier in tiers:
        found = [column for column in columns if column.strip().lower() in tier]
        if len(found) > 1:
            raise TableError(
                f"{place}: {' and '.join(found)} could each be the {kind} column among "
                f"{', '.join(columns)}; choose with --{kind}-column"
            )
        if found:
            return found[0]
    return None
