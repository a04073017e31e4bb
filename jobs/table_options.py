"""Options of how review files are written, and of what their labels mean. Several commands share them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from data.delimited.layout import Layout
    from sentiment_core.naming import Naming

_LAYOUT = (
    click.option("--separator", metavar="TEXT", help=r"Between fields of a text file, as ; or \t or \x01; found."),
    click.option("--quote", metavar="CHAR|none", help="Around fields of a text file; found."),
    click.option("--escape", metavar="CHAR", help="Before a letter that is meant as it is, as \\; found."),
    click.option("--null", "nulls", metavar="TEXT", multiple=True, help=r"What stands for a null, as \N; repeat it."),
    click.option("--columns", metavar="A,B,...", help="Names of the columns of a text file without a header."),
    click.option("--skip-lines", metavar="N", type=click.IntRange(0), help="Lines above the header of a text file."),
    click.option("--encoding", metavar="NAME", help="Of a text file, as cp1252 or shift_jis; found."),
)
_NAMING = (
    click.option(
        "--positive",
        metavar="VALUES",
        multiple=True,
        help="Labels that are positive, as 4,5 or 7..10 or good; with --negative.",
    ),
    click.option("--negative", metavar="VALUES", multiple=True, help="Labels that are negative; others are left out."),
)


def layout_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of how text files are written."""
    for option in reversed(_LAYOUT):
        command = option(command)
    return command


def naming_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of which label values are positive and which negative."""
    for option in reversed(_NAMING):
        command = option(command)
    return command


def take_layout(settings: dict[str, Any]) -> "Layout":
    """Take the options of `layout_options` out of `settings`. Raises ConfigError."""
    from data.delimited.layout import layout_of

    names = ("separator", "quote", "escape", "nulls", "columns", "skip_lines", "encoding")
    return layout_of({name: settings.pop(name) for name in names})


def take_naming(settings: dict[str, Any]) -> "Naming | None":
    """Take the options of `naming_options` out of `settings`. Raises ConfigError."""
    from sentiment_core.naming import Naming

    return Naming.parse(settings.pop("positive"), settings.pop("negative"))
