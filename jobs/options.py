"""Options that commands share, and how their help is laid out."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from sentiment_core.config import ScoreConfig
from sentiment_core.errors import ConfigError

PATH = click.Path(path_type=Path)
# Not asked of export.bundle, whose imports --help need not wait for.
BUNDLED = Path(__file__).parent.parent / "export" / "bundled"


class Bundle(click.Path):
    """The folder of a bundle; `bundled` is the one that comes with the package."""

    name = "bundle"

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        return BUNDLED if value == "bundled" else super().convert(value, param, ctx)


text_column_option = click.option("--text-column", metavar="NAME", help="Column of the text; found by its usual names.")
label_column_option = click.option(
    "--label-column", metavar="NAME", help="Column of the label; found by its usual names."
)
resume_option = click.option("--resume", is_flag=True, help="Go on from the last checkpoint of an interrupted run.")


def setting(config: Any, name: str, **settings: Any) -> Callable[..., Any]:
    """Make an option of a setting; its default stands in the config alone."""
    default = config.__dataclass_fields__[name].default
    if isinstance(default, (int, float)) and not isinstance(default, bool):
        settings.setdefault("type", type(default))
    return click.option("--" + name.replace("_", "-"), default=default, show_default=default is not None, **settings)


def device_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of where and how the model runs."""
    for option in (
        setting(ScoreConfig, "threads", help="Runs of the model at once; 0 for one a core."),
        setting(ScoreConfig, "batch_tokens", type=int, help="Tokens of one run, padding included; by device."),
        setting(ScoreConfig, "device", type=click.Choice(["cpu", "cuda"]), help="Where the model runs."),
    ):
        command = option(command)
    return command


class Examples(click.Command):
    """Keeps the line breaks of an example at the end of the help."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog:
            formatter.write_paragraph()
            formatter.write("Example:\n" + "".join(f"  {line}\n" for line in self.epilog.splitlines()))


def size_in_bytes(text: str) -> int:
    """Read a size such as 800MB or 2GB. Raises ConfigError."""
    found = re.fullmatch(r"(\d+) ?([MG])B?", text.strip().upper())
    if not found:
        raise ConfigError(f"--memory-limit: wanted a size such as 800MB or 2GB, got {text!r}")
    return int(found[1]) << {"M": 20, "G": 30}[found[2]]


def console(*, stderr: bool) -> Any:
    """Return a rich console that prints names of files and columns as they are."""
    from rich.console import Console

    # Names of files and columns are printed: brackets and colons in them are no markup.
    plain: dict[str, Any] = {"stderr": stderr, "markup": False, "emoji": False, "highlight": False}
    found = Console(**plain)
    # Under cron there is no terminal to ask for its width: 80 columns would fold paths and tables.
    return found if found.is_terminal else Console(**plain, width=160)
