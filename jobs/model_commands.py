"""The commands that make models: pretrain, train, compare, export."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click

from jobs.options import (
    PATH,
    Examples,
    console,
    label_column_option,
    resume_option,
    setting,
    text_column_option,
)
from jobs.table_options import layout_options, naming_options, take_layout, take_naming
from sentiment_core.config import Balance, PretrainConfig, TrainConfig
from sentiment_core.errors import ConfigError


@click.command(cls=Examples, epilog="sentiment pretrain dumps/*.parquet --output base --max-minutes 30")
@click.argument("corpus", nargs=-1, required=True)
@click.option("--output", required=True, type=PATH, help="Folder of the new base; must not exist.")
@text_column_option
@layout_options
@click.option("--base", help="Go on from this base (a Hugging Face name, a folder, `bundled`) and not from scratch.")
@setting(PretrainConfig, "embeddings", help="From scratch, start with the token embeddings of this model.")
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
def pretrain(corpus: tuple[str, ...], output: Path, text_column: str | None, **settings: Any) -> None:
    """Train a causal language model on the texts of CORPUS: files, folders or patterns, labels unread.

    One review in five, by a hash of its text, is held out for the perplexity; `sentiment train` validates
    and tests on the same ones.
    """
    from jobs.pretrain import pretrain
    from jobs.training_data import TrainRequest, review_files

    out = console(stderr=True)
    request = TrainRequest(
        inputs=review_files(corpus, output, out.print),
        output=output,
        text_column=text_column,
        layout=take_layout(settings),
    )
    pretrain(request, PretrainConfig(**settings), out)


_LEARNING = (
    click.option("--validation", help="Validate on these reviews and not on a tenth of INPUTS: file, folder, pattern."),
    text_column_option,
    label_column_option,
    naming_options,
    layout_options,
    setting(TrainConfig, "teacher", help="A checkpoint whose word the targets follow, more than the labels."),
    click.option(
        "--unlabelled", multiple=True, help="Reviews for the teacher alone to label, labels unread; repeat it."
    ),
    setting(
        TrainConfig,
        "max_length",
        type=int,
        help="Tokens of a review, what the base reads, up to 512, if left out; longer ones keep a quarter of that "
        "from the head.",
    ),
    setting(TrainConfig, "epochs", help="Passes over the reviews, at most."),
    setting(TrainConfig, "max_steps", type=int, help="Stop after so many steps."),
    setting(TrainConfig, "learning_rate", help="Peak learning rate, after warm-up."),
    setting(TrainConfig, "batch_size", help="Reviews a step."),
    setting(
        TrainConfig,
        "balance",
        type=click.Choice(get_args(Balance)),
        help="Weigh reviews of the rare label up, over all files or half as far in each by itself; repeat them; "
        "or take both labels as they come.",
    ),
    setting(TrainConfig, "dropout", type=float, help="Of every layer; the base's own if left out."),
    setting(
        TrainConfig,
        "prefixes",
        help="Share of the loss for what a review says at each of its tokens; for bases that read left to right.",
    ),
    setting(
        TrainConfig,
        "search",
        type=int,
        metavar="TRIALS",
        help="Look for the best learning rate, batch size, epochs and dropout first, in so many trials.",
    ),
    setting(TrainConfig, "patience", help="Evaluations without a better loss before training stops."),
    setting(TrainConfig, "seed", help="Seed of everything random."),
)


def _learning_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of how a classifier learns."""
    for option in reversed(_LEARNING):
        command = option(command)
    return command


def _request(settings: dict[str, Any]) -> Any:
    """Take what a TrainRequest holds out of `settings`, and find its files."""
    from jobs.training_data import TrainRequest, review_files

    if settings["unlabelled"] and settings["teacher"] is None:
        raise ConfigError("--unlabelled: wanted a --teacher that labels these reviews, found none")
    parts = {name: settings.pop(name) for name in ("inputs", "validation", "unlabelled")}
    parts["validation"] = [parts["validation"]] if parts["validation"] else []
    output = settings.pop("output")
    say = console(stderr=True).print
    found: dict[str, Any] = {name: review_files(given, output, say) for name, given in parts.items()}
    columns = {name: settings.pop(name) for name in ("text_column", "label_column")}
    return TrainRequest(output=output, **found, **columns, naming=take_naming(settings), layout=take_layout(settings))


@click.command(
    cls=Examples,
    epilog="sentiment train reviews.csv --base bundled --output checkpoint\n"
    "sentiment train labelled/ --validation held_out.parquet --base gpt2 --output checkpoint\n"
    "sentiment train reviews.csv --base bundled --teacher checkpoint --unlabelled dumps/ --output small",
)
@click.argument("inputs", nargs=-1, required=True)
@click.option("--output", required=True, type=PATH, help="Folder of the checkpoint; must not exist.")
@setting(TrainConfig, "base", help="A Hugging Face name, a local folder, or `bundled`.")
@_learning_options
@resume_option
def train(**settings: Any) -> None:
    """Fine-tune a classifier on labelled reviews: files, folders or patterns, as for score.

    Labels are 1/0, positive/negative, or stars: 1-2 negative, 4-5 positive, 3 left out. A tenth of the distinct
    texts, chosen by a hash, validates: early stopping, temperature and threshold. Another tenth, by which nothing is
    chosen, gives the figures that are printed beside a TF-IDF baseline. CHECKPOINT is an ordinary Hugging Face folder.
    """
    from jobs.train import train

    request = _request(settings)
    train(request, TrainConfig(**settings), console(stderr=True))


@click.command(
    cls=Examples, epilog="sentiment compare reviews.csv --base bundled --base roberta-base --output comparison"
)
@click.argument("inputs", nargs=-1, required=True)
@click.option(
    "--base", "bases", multiple=True, required=True, help="As for train, or a bundle or checkpoint; repeat it."
)
@click.option("--output", required=True, type=PATH, help="Folder of the table and of what is trained.")
@_learning_options
def compare(bases: tuple[str, ...], **settings: Any) -> None:
    """Train, export and measure several bases on the same sides of INPUTS, beside two linear baselines.

    All are measured on the test side, as train does. A bundle is measured as it is, a checkpoint is exported first;
    what it may have been trained on before is not known here. A comparison that was cut goes on when the same command
    is given again.
    """
    from jobs.compare import compare

    request = _request(settings)
    compare(request, bases, TrainConfig(**settings), console(stderr=True))


@click.command(cls=Examples, epilog="sentiment export checkpoint --output bundle")
@click.argument("checkpoint", type=PATH)
@click.option("--output", required=True, type=PATH, help="Folder of the bundle; must not exist.")
def export(checkpoint: Path, output: Path) -> None:
    """Export CHECKPOINT through Optimum to ONNX, in fp32 and int8.

    The graph must match PyTorch on validation texts, else nothing is written. int8 scores if its labels
    and F1 stay close to fp32's, else fp32 does, and the bundle says so.
    """
    from jobs.export import export

    export(checkpoint, output, console(stderr=True))


MODEL_COMMANDS = (pretrain, train, compare, export)
