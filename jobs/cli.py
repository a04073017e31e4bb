"""sentiment: the one command. It converts, calls and reports; what it calls is imported when it is called."""

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import click

from jobs.model_commands import MODEL_COMMANDS
from jobs.options import (
    BUNDLED,
    PATH,
    Bundle,
    Examples,
    console,
    device_options,
    label_column_option,
    setting,
    size_in_bytes,
    text_column_option,
)
from jobs.process.faults import status_of, unexpected
from jobs.process.room import hold_threads_to_quota, require_memory
from jobs.process.stops import listen
from jobs.process.streams import Streams
from jobs.table_options import layout_options, naming_options, take_layout, take_naming
from sentiment_core.config import LEAST_MEMORY, ScoreConfig
from sentiment_core.errors import ConfigError, SentimentError
from sentiment_core.status import ExitStatus

_OF_TRAINING = ("torch", "transformers", "optimum", "accelerate", "onnx", "matplotlib", "optuna")


class _Group(click.Group):
    """Ends its help with what each exit status means."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Exit status"):
            formatter.write_dl([(str(int(status)), status.meaning) for status in sorted(ExitStatus)])


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="review-sentiment")
def cli() -> None:
    """Sentiment of customer reviews: fine-tune GPT-2, export it to ONNX, score files every night."""
    require_memory(LEAST_MEMORY)


@cli.command(
    cls=Examples,
    epilog="sentiment score reviews.parquet --output scored\n"
    "sentiment score 'exports/**/*.csv.gz' warehouse/ --output scored --keep id --format parquet\n"
    "sentiment score /srv/dumps --output /srv/scored --fail-under f1=0.8 --log-format json",
)
@click.argument("inputs", nargs=-1, required=True)
@click.option("--output", required=True, type=PATH, help="Folder of the scored files and summaries.")
@click.option("--model", "bundle", default="bundled", type=Bundle(), help="Model bundle; the bundled one if left out.")
@click.option("--reports", type=PATH, help="Folder of summaries and run.json; hidden in the output folder if left out.")
@text_column_option
@label_column_option
@naming_options
@layout_options
@click.option("--keep", metavar="COL,...", help="Write only these input columns beside the predictions.")
@click.option("--prefix", default="", help="Put before the names of the new columns.")
@click.option("--format", type=click.Choice(["parquet", "csv", "tsv"]), help="Format of the output; as the input.")
@click.option(
    "--on-bad-rows",
    type=click.Choice(["quarantine", "fail"]),
    default="quarantine",
    show_default=True,
    help="Lines of a text file that are no rows: keep them in NAME.rejected.csv, or set the file aside.",
)
@click.option(
    "--fail-under",
    "floors",
    metavar="METRIC=SHARE",
    multiple=True,
    help="Exit with status 5 if a file's accuracy, precision, recall, f1 or roc_auc is lower.",
)
@click.option("--force", is_flag=True, help="Score what is done and unchanged, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and do nothing.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How stderr is written.",
)
@click.option(
    "--memory-limit",
    metavar="SIZE",
    default=f"{ScoreConfig().memory_limit >> 20}MB",
    show_default=True,
    help="Memory of the whole process, as 800MB or 2GB.",
)
@setting(ScoreConfig, "chunk_rows", help="Rows held in memory at a time, at most.")
@device_options
@click.pass_context
def score(
    context: click.Context,
    /,
    keep: str | None,
    format: str | None,
    on_bad_rows: str,
    floors: tuple[str, ...],
    **settings: Any,
) -> int:
    """Score INPUTS, which are files, folders or patterns: Parquet, CSV and its kin, JSON Lines; compressed or not.

    Every row comes out in its place, every column untouched, with predicted_label (1 positive, 0
    negative), positive_probability, token_count and score_status (ok, truncated, empty, null). For each
    output there is .NAME.summary.json, and .sentiment/run.json for the run, where readers of the output do not
    look; with labels they hold accuracy, F1 and more.

    How a text file is written is found from all of it; where that leaves a doubt, options say it. The text
    column is one called review, text, comment, content, body or the like, the label column one called label,
    sentiment, rating, stars or the like.

    A run that was cut, by a crash or a full disk, goes on where it stopped when the same command is given
    again. What is done and unchanged is skipped. One run at a time may write to an output.
    """
    config = ScoreConfig(
        memory_limit=size_in_bytes(settings.pop("memory_limit")),
        **{name: settings.pop(name) for name in ("chunk_rows", "device", "batch_tokens", "threads")},
    )
    require_memory(config.memory_limit)
    from data.schema import parse_columns
    from data.table import Format
    from jobs.scoring.request import ScoreRequest
    from jobs.scoring.run import score
    from sentiment_core.gate import parse_floors

    context.obj["log"] = _log(as_json=settings.pop("log_format") == "json")
    request = ScoreRequest(
        keep=None if keep is None else parse_columns(keep, "--keep"),
        format=None if format is None else Format("." + format),
        quarantine=on_bad_rows == "quarantine",
        floors=parse_floors(floors),
        layout=take_layout(settings),
        naming=take_naming(settings),
        **settings,
    )
    return score(request, config, context.obj["log"], _out())


@cli.command(
    cls=Examples,
    epilog="sentiment evaluate scored/reviews.parquet --label-column stars\nsentiment evaluate scored",
)
@click.argument("predictions", nargs=-1, required=True)
@label_column_option
@naming_options
@layout_options
@click.option("--prefix", default="", help="What stands before the names of the predicted columns.")
def evaluate(predictions: tuple[str, ...], label_column: str | None, prefix: str, **settings: Any) -> None:
    """Recompute one summary, as JSON, of PREDICTIONS: scored files that have labels, folders of them, or patterns."""
    from jobs.evaluate import evaluate
    from jobs.training_data import review_files

    naming, layout = take_naming(settings), take_layout(settings)
    paths = review_files(predictions, Path(os.devnull), console(stderr=True).print)
    click.echo(json.dumps(evaluate(paths, label_column, prefix, naming, layout), indent=2))


@cli.command(cls=Examples, epilog="sentiment inspect bundle")
@click.argument("bundle", default="bundled", type=Bundle())
def inspect(bundle: Path) -> None:
    """Print what BUNDLE (the bundled one if left out) is, verify its files and score its golden rows again."""
    from jobs.inspect import inspect

    inspect(bundle, _out())


@cli.command(
    cls=Examples,
    epilog="sentiment bench\nsentiment bench dump.parquet --text-column review\nsentiment bench bundle dump.parquet",
)
@click.argument("bundle", default="bundled", type=Bundle())
@click.argument("source", metavar="[INPUT]", required=False, type=PATH)
@text_column_option
@device_options
def bench(bundle: Path, source: Path | None, text_column: str | None, **settings: Any) -> None:
    """Score INPUT, or made-up reviews, for half a minute: how long a night will take, and where its time goes.

    A file alone is scored with the bundled model. Prints rows and tokens a second for reviews of the length shown,
    the share of each stage, padding, memory, and how much of what this machine can do is used.
    """
    from jobs.bench import bench

    if source is None and bundle.is_file():
        bundle, source = BUNDLED, bundle
    bench(bundle, source, text_column, ScoreConfig(**settings), _out())


for command in MODEL_COMMANDS:
    cli.add_command(command)


def _log(*, as_json: bool = False) -> Any:
    from jobs.log import Log

    return Log(console(stderr=True), as_json=as_json)


def _out() -> Any:
    return console(stderr=False)


def main() -> None:
    """Run the command; whatever goes wrong is one line and its own exit status."""
    # A Parquet file with broken sizes makes Polars panic; the error says so, the stack helps nobody.
    os.environ.setdefault("RUST_BACKTRACE", "0")
    streams = Streams()
    started: dict[str, Any] = {}
    try:
        listen()
        hold_threads_to_quota()
        status: int | None = cli(standalone_mode=False, obj=started)
        if status is None:  # of all commands but score, what they print is the result
            streams.check_output()
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BaseException as error:
        _fail(started, _told(error))
    sys.exit(status or ExitStatus.DONE)


def _told(error: BaseException) -> SentimentError:
    """Return what ended the command as an error of ours, which says on one line what to do."""
    if isinstance(error, SentimentError):
        return error
    if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in _OF_TRAINING:
        return ConfigError(f"this command needs {error.name}: pip install 'review-sentiment[train]'")
    status = status_of(error)
    if status is not ExitStatus.FAULT:
        told = SentimentError(f"{status.meaning}; the same command goes on after the chunks that are finished")
        told.exit_status = status
        return told
    return unexpected(error, "this command", Path(tempfile.mkdtemp(prefix="sentiment-")))


def _fail(started: dict[str, Any], error: SentimentError) -> NoReturn:
    if "log" in started:
        started["log"].error(f"sentiment: {error}", event="failed", exit_status=error.exit_status)
    else:
        click.echo(f"sentiment: {error}", err=True)
    sys.exit(error.exit_status)


if __name__ == "__main__":
    main()
