"""sentiment: the one command. It converts, calls and reports; what it calls is imported when it is called."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, NoReturn

import click

from jobs.options import PATH, Examples, label_column_option, resume_option, setting, size_in_bytes, text_column_option
from sentiment_core.config import PretrainConfig, ScoreConfig, TrainConfig
from sentiment_core.errors import ConfigError, SentimentError

BUNDLED = Path(__file__).parent.parent / "export" / "bundled"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="review-sentiment")
def cli() -> None:
    """Sentiment of customer reviews: fine-tune GPT-2, export it to ONNX, score files every night.

    Exit status: 0 done, 2 usage, 3 some input files, 4 a model bundle, 5 a quality gate, 6 an output that
    cannot be written, 7 done but with broken lines set aside, 8 nothing could be scored, 9 another run at
    work, 10 no space left, 130 interrupted, 143 terminated.
    """


@cli.command(cls=Examples, epilog="sentiment pretrain dumps/*.parquet --output base --max-minutes 30")
@click.argument("corpus", nargs=-1, required=True, type=PATH)
@click.option("--output", required=True, type=PATH, help="Folder of the new base; must not exist.")
@text_column_option
@click.option("--base", help="Go on from this base (a Hugging Face name, a folder, `bundled`) and not from scratch.")
@setting(PretrainConfig, "layers", help="Layers, from scratch.")
@setting(PretrainConfig, "width", help="Width, from scratch; a multiple of 64.")
@setting(PretrainConfig, "vocabulary", help="Tokens of the tokenizer, from scratch.")
@setting(PretrainConfig, "length", help="Tokens of a block.")
@setting(PretrainConfig, "epochs", help="Passes over the corpus.")
@setting(PretrainConfig, "learning_rate", help="Peak learning rate.")
@setting(PretrainConfig, "batch_size", help="Blocks a step.")
@setting(PretrainConfig, "max_minutes", type=float, help="Stop after so many minutes.")
@setting(PretrainConfig, "seed", help="Seed of everything random.")
@resume_option
def pretrain(corpus: tuple[Path, ...], output: Path, text_column: str | None, **settings: Any) -> None:
    """Train a causal language model on the texts of CORPUS files, labels unread.

    One review in five, by a hash of its text, is held out for the perplexity; `sentiment train` validates
    on the same ones.
    """
    from jobs.pretrain import pretrain

    pretrain(corpus, text_column, output, PretrainConfig(**settings), _console(stderr=True))


@cli.command(
    cls=Examples,
    epilog="sentiment train reviews.csv --base bundled --output checkpoint\n"
    "sentiment train labelled/*.parquet --validation held_out.parquet --base gpt2 --output checkpoint\n"
    "sentiment train reviews.csv --base bundled --teacher checkpoint --unlabelled dump.parquet --output small",
)
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@click.option("--output", required=True, type=PATH, help="Folder of the checkpoint; must not exist.")
@click.option("--validation", type=PATH, help="Validate on this file and not on a fifth of INPUTS.")
@text_column_option
@label_column_option
@setting(TrainConfig, "base", help="A Hugging Face name, a local folder, or `bundled`.")
@setting(TrainConfig, "teacher", help="A checkpoint whose word the targets follow, more than the labels.")
@click.option(
    "--unlabelled", type=PATH, multiple=True, help="A file of reviews for the teacher alone to label; labels unread."
)
@setting(TrainConfig, "max_length", help="Tokens of a review; longer ones keep a quarter of that from the head.")
@setting(TrainConfig, "epochs", help="Passes over the reviews, at most.")
@setting(TrainConfig, "max_steps", type=int, help="Stop after so many steps.")
@setting(TrainConfig, "learning_rate", help="Peak learning rate, after warm-up.")
@setting(TrainConfig, "batch_size", help="Reviews a step.")
@setting(
    TrainConfig, "class_weights", type=click.Choice(["balanced", "none"]), help="Weigh the rare label up, or do not."
)
@setting(TrainConfig, "dropout", type=float, help="Of every layer; the base's own if left out.")
@setting(
    TrainConfig,
    "search",
    type=int,
    metavar="TRIALS",
    help="Look for the best learning rate, batch size, epochs and dropout first, in so many trials.",
)
@setting(TrainConfig, "patience", help="Evaluations without a better loss before training stops.")
@setting(TrainConfig, "seed", help="Seed of everything random.")
@resume_option
def train(**settings: Any) -> None:
    """Fine-tune a classifier on labelled reviews: CSV, TSV or Parquet.

    Labels are 1/0, positive/negative, or stars: 1-2 negative, 4-5 positive, 3 left out. A fifth of the
    distinct texts, chosen by a hash, validates: early stopping, temperature, threshold, and the figures
    printed beside a TF-IDF baseline. CHECKPOINT is an ordinary Hugging Face folder.
    """
    from jobs.train import train
    from jobs.training_data import TrainRequest

    names = ("inputs", "output", "validation", "unlabelled", "text_column", "label_column")
    request = TrainRequest(**{name: settings.pop(name) for name in names})
    if request.unlabelled and settings["teacher"] is None:
        raise ConfigError("--unlabelled: wanted a --teacher that labels these reviews, found none")
    train(request, TrainConfig(**settings), _console(stderr=True))


@cli.command(
    cls=Examples, epilog="sentiment compare reviews.csv --base bundled --base roberta-base --output comparison"
)
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@click.option(
    "--base", "bases", multiple=True, required=True, help="As for train, or a bundle or checkpoint; repeat it."
)
@click.option("--output", required=True, type=PATH, help="Folder of the table and of what is trained.")
@click.option("--validation", type=PATH, help="Validate on this file and not on a fifth of INPUTS.")
@text_column_option
@label_column_option
@setting(TrainConfig, "max_length", help="Tokens of a review.")
@setting(TrainConfig, "epochs", help="Passes over the reviews, at most.")
@setting(TrainConfig, "learning_rate", help="Peak learning rate, after warm-up.")
@setting(TrainConfig, "batch_size", help="Reviews a step.")
def compare(bases: tuple[str, ...], **settings: Any) -> None:
    """Train, export and measure several bases on one split of INPUTS, beside two linear baselines.

    A bundle is measured as it is, a checkpoint is exported first. What it may have been trained on before is
    not known here.
    """
    from jobs.compare import compare
    from jobs.training_data import TrainRequest

    names = ("inputs", "output", "validation", "text_column", "label_column")
    request = TrainRequest(**{name: settings.pop(name) for name in names})
    compare(request, bases, TrainConfig(**settings), _console(stderr=True))


@cli.command(cls=Examples, epilog="sentiment export checkpoint --output bundle")
@click.argument("checkpoint", type=PATH)
@click.option("--output", required=True, type=PATH, help="Folder of the bundle; must not exist.")
def export(checkpoint: Path, output: Path) -> None:
    """Export CHECKPOINT through Optimum to ONNX, in fp32 and int8.

    The graph must match PyTorch on validation texts, else nothing is written. int8 scores if its labels
    and F1 stay close to fp32's, else fp32 does, and the bundle says so.
    """
    from jobs.export import export

    export(checkpoint, output, _console(stderr=True))


@cli.command(
    cls=Examples,
    epilog="sentiment score reviews.parquet --output scored\n"
    "sentiment score 'exports/**/*.csv.gz' warehouse/ --output scored --keep id --format parquet\n"
    "sentiment score /srv/dumps --output /srv/scored --fail-under f1=0.8 --log-format json",
)
@click.argument("inputs", nargs=-1, required=True)
@click.option("--output", required=True, type=PATH, help="Folder of the scored files and summaries.")
@click.option("--model", "bundle", default=BUNDLED, type=PATH, help="Model bundle; the bundled one if left out.")
@text_column_option
@label_column_option
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
@setting(ScoreConfig, "batch_tokens", help="Tokens of one run of the model, padding included.")
@setting(ScoreConfig, "threads", help="Threads of the model; 0 for every core.")
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
    """Score INPUTS, which are files, folders or patterns of .parquet, .csv or .tsv (text also .gz, .zst).

    Every row comes out in its place, every column untouched, with predicted_label (1 positive, 0
    negative), positive_probability, token_count and score_status (ok, truncated, empty, null). Beside each
    output lies NAME.summary.json, and run.json for the run; with labels they hold accuracy, F1 and more.

    A run that was cut, by a crash or a full disk, goes on where it stopped when the same command is given
    again. What is done and unchanged is skipped. One run at a time may write to an output.
    """
    from data.tables import Format
    from jobs.score import score
    from jobs.score_file import ScoreRequest
    from sentiment_core.gate import parse_floor

    config = ScoreConfig(
        memory_limit=size_in_bytes(settings.pop("memory_limit")),
        **{name: settings.pop(name) for name in ("chunk_rows", "batch_tokens", "threads")},
    )
    context.obj["log"] = _log(as_json=settings.pop("log_format") == "json")
    request = ScoreRequest(
        keep=None if keep is None else tuple(keep.split(",")),
        format=None if format is None else Format("." + format),
        quarantine=on_bad_rows == "quarantine",
        floors=tuple(map(parse_floor, floors)),
        **settings,
    )
    return score(request, config, context.obj["log"], _out())


@cli.command(cls=Examples, epilog="sentiment evaluate scored/reviews.parquet --label-column stars")
@click.argument("predictions", type=PATH)
@label_column_option
@click.option("--prefix", default="", help="What stands before the names of the predicted columns.")
def evaluate(predictions: Path, label_column: str | None, prefix: str) -> None:
    """Recompute the summary of a scored file that has labels, as JSON."""
    from jobs.evaluate import evaluate

    click.echo(json.dumps(evaluate(predictions, label_column, prefix), indent=2))


@cli.command(cls=Examples, epilog="sentiment inspect bundle")
@click.argument("bundle", default=BUNDLED, type=PATH)
def inspect(bundle: Path) -> None:
    """Print what BUNDLE (the bundled one if left out) is, verify its files and score its golden rows again."""
    from jobs.inspect import inspect

    inspect(bundle, _out())


def _console(stderr: bool) -> Any:
    from rich.console import Console

    # Names of files and columns are printed: brackets and colons in them are no markup.
    plain: dict[str, Any] = {"stderr": stderr, "markup": False, "emoji": False, "highlight": False}
    console = Console(**plain)
    # Under cron there is no terminal to ask for its width: 80 columns would fold paths and tables.
    return console if console.is_terminal else Console(**plain, width=160)


def _log(*, as_json: bool = False) -> Any:
    from jobs.log import Log

    return Log(_console(stderr=True), as_json=as_json)


def _out() -> Any:
    return _console(stderr=False)


def main() -> None:
    """Run the command; an error that a user can mend is one line and its own exit status."""
    # As an exception, so that unfinished outputs go on this way out too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    # A Parquet file with broken sizes makes Polars panic; the error says so, the stack helps nobody.
    os.environ.setdefault("RUST_BACKTRACE", "0")
    started: dict[str, Any] = {}
    try:
        sys.exit(cli(standalone_mode=False, obj=started) or 0)
    except SentimentError as error:
        _fail(started, str(error), error.exit_status)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _fail(started, "interrupted; the same command goes on after the chunks that are finished", 130)
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("torch", "transformers", "optimum", "accelerate", "onnx"):
            raise
        _fail(started, f"this command needs {error.name}: pip install 'review-sentiment[train]'", 2)


def _fail(started: dict[str, Any], message: str, status: int) -> NoReturn:
    if "log" in started:
        started["log"].error(f"sentiment: {message}", event="failed", exit_status=status)
    else:
        click.echo(f"sentiment: {message}", err=True)
    sys.exit(status)


if __name__ == "__main__":
    main()
