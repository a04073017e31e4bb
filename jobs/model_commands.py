"""The commands that make models: pretrain, train, compare, export."""

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
    validation_option,
)
from sentiment_core.config import Balance, PretrainConfig, TrainConfig
from sentiment_core.errors import ConfigError


@click.command(cls=Examples, epilog="sentiment pretrain dumps/*.parquet --output base --max-minutes 30")
@click.argument("corpus", nargs=-1, required=True, type=PATH)
@click.option("--output", required=True, type=PATH, help="Folder of the new base; must not exist.")
@text_column_option
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
def pretrain(corpus: tuple[Path, ...], output: Path, text_column: str | None, **settings: Any) -> None:
    """Train a causal language model on the texts of CORPUS files, labels unread.

    One review in five, by a hash of its text, is held out for the perplexity; `sentiment train` validates
    on the same ones.
    """
    from jobs.pretrain import pretrain

    pretrain(corpus, text_column, output, PretrainConfig(**settings), console(stderr=True))


@click.command(
    cls=Examples,
    epilog="sentiment train reviews.csv --base bundled --output checkpoint\n"
    "sentiment train labelled/*.parquet --validation held_out.parquet --base gpt2 --output checkpoint\n"
    "sentiment train reviews.csv --base bundled --teacher checkpoint --unlabelled dump.parquet --output small",
)
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@click.option("--output", required=True, type=PATH, help="Folder of the checkpoint; must not exist.")
@validation_option
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
    TrainConfig,
    "balance",
    type=click.Choice(get_args(Balance)),
    help="Weigh reviews of the rare label up, over all files or half as far in each by itself; repeat them; "
    "or take both labels as they come.",
)
@setting(TrainConfig, "dropout", type=float, help="Of every layer; the base's own if left out.")
@setting(
    TrainConfig,
    "prefixes",
    help="Share of the loss for what a review says at each of its tokens; for bases that read left to right.",
)
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
    train(request, TrainConfig(**settings), console(stderr=True))


@click.command(
    cls=Examples, epilog="sentiment compare reviews.csv --base bundled --base roberta-base --output comparison"
)
@click.argument("inputs", nargs=-1, required=True, type=PATH)
@click.option(
    "--base", "bases", multiple=True, required=True, help="As for train, or a bundle or checkpoint; repeat it."
)
@click.option("--output", required=True, type=PATH, help="Folder of the table and of what is trained.")
@validation_option
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
