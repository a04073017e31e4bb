"""A real, tiny model, trained and exported once a session by the commands themselves."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from jobs.cli import cli
from sentiment_core.errors import SentimentError

# A name that is no folder is not asked for over the network: the hub's client would try for half a minute.
os.environ["HF_HUB_OFFLINE"] = "1"

POSITIVE = ["lovely", "great", "superb", "happy", "delight", "perfect", "charming", "solid"]
NEGATIVE = ["awful", "broken", "refund", "boring", "rude", "dirty", "useless", "late"]
THINGS = ["kettle", "film", "room", "soup", "phone", "book", "sofa", "tour", "lamp", "game"]


def made_up_reviews(rows: int) -> pl.DataFrame:
    """Distinct short texts whose words give their label away."""
    texts, labels = [], []
    for row in range(rows):
        words = (POSITIVE, NEGATIVE)[row % 2]
        thing, first, second = THINGS[row // 2 % 10], words[row // 20 % 8], words[(row // 160 + row // 2) % 8]
        texts.append(
            f"The {thing} was {first}, {'truly ' * (row % 5)}{second} number {row}." + " And so on." * (row % 9)
        )
        labels.append(1 - row % 2)
    return pl.DataFrame({"id": range(rows), "text": texts, "label": labels})


def mutate(content: bytes, dice: random.Random) -> bytes:
    """Change, drop, repeat or cut bytes here and there."""
    mutated = bytearray(content)
    for _ in range(dice.choice([1, 1, 2, 8])):
        at = dice.randrange(len(mutated))
        match dice.randrange(5):
            case 0:
                mutated[at] = dice.randrange(256)
            case 1:
                del mutated[at : at + dice.choice([1, 4, 50])]
            case 2:
                mutated[at:at] = mutated[at : at + dice.choice([1, 4, 50])]
            case 3:
                mutated[at:at] = bytes(dice.choices(b'",;\t\\{}\r\n\x00\xff\xef\xbb\xbf', k=dice.choice([1, 3])))
            case _:
                mutated[at:] = b"" if dice.random() < 0.2 else mutated[at:]
        if not mutated:
            return b""
    return bytes(mutated)


@pytest.fixture(scope="session")
def sentiment() -> Callable[..., Result]:
    """Run the command in this process; an error of ours leaves with its exit status and its line on stderr."""

    def run(*arguments: object) -> Result:
        runner = CliRunner()
        result = runner.invoke(cli, [str(argument) for argument in arguments], standalone_mode=False, obj={})
        if result.exception and not isinstance(result.exception, (SentimentError, SystemExit)):
            raise result.exception
        return result

    return run


@pytest.fixture(scope="session")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("reviews") / "labelled.parquet"
    made_up_reviews(600).write_parquet(path)
    return path


@pytest.fixture(scope="session")
def base(sentiment: Callable[..., Result], labelled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "base"
    settings = "--layers 2 --width 64 --vocabulary 600 --length 64 --epochs 1 --batch-size 8"
    result = sentiment("pretrain", labelled, "--output", path, *settings.split())
    assert result.exception is None
    return path


@pytest.fixture(scope="session")
def checkpoint(sentiment: Callable[..., Result], base: Path, labelled: Path) -> Path:
    path = base.with_name("checkpoint")
    # Long enough that int8 says the same as fp32, in whatever precision this machine trains.
    settings = "--epochs 6 --learning-rate 3e-3 --batch-size 8"
    result = sentiment("train", labelled, "--base", base, "--output", path, *settings.split())
    assert result.exception is None
    return path


@pytest.fixture(scope="session")
def bundle(sentiment: Callable[..., Result], checkpoint: Path) -> Path:
    path = checkpoint.with_name("bundle")
    result = sentiment("export", checkpoint, "--output", path)
    assert result.exception is None
    return path
