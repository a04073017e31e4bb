"""The corpus of the bundled model, and what it is measured on."""

import random
import re
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from data.splits import is_validation
from sentiment_core.text import clean

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_CROPS_A_REVIEW = 2
_MOST_SENTENCES = 3


def write_corpus(reviews: Path, corpus: Path, held_out: Path) -> None:
    """Split the files of `reviews` into those to train on and those to measure on.

    Held out are IMDB's official test, and of every other file the validation side of the stable split,
    which pretrain and train leave alone by themselves. No text of IMDB's test stays in the corpus.
    """
    for folder in (corpus, held_out):
        folder.mkdir(parents=True, exist_ok=True)
    files = {path.stem: pl.read_parquet(path) for path in sorted(reviews.glob("*.parquet"))}
    test = files["imdb"].filter(split="test")
    files["imdb"] = files["imdb"].filter(split="train")
    test.select("text", "label").write_parquet(held_out / "imdb_test.parquet")
    test_texts = set(map(clean, test["text"]))
    for name, frame in files.items():
        texts = [clean(text or "") for text in frame["text"]]
        if name != "imdb":
            kept = pl.Series([is_validation(text) for text in texts])
            frame.filter(kept).select("text", "label").write_parquet(held_out / f"{name}.parquet")
        free = pl.Series([text not in test_texts for text in texts])
        frame.filter(free).select("text", "label").write_parquet(corpus / f"{name}.parquet")


def write_crops(corpus: Path, target: Path) -> None:
    """Write passages of one to three sentences of the reviews in `corpus`, for a teacher to label.

    They teach a student what single sentences say, which long reviews leave open. None is of a validation review.
    """
    dice = random.Random(0)
    texts = (clean(text) for path in sorted(corpus.glob("*.parquet")) for text in pl.read_parquet(path)["text"])
    crops = [crop for text in texts if not is_validation(text) for crop in _crops(text, dice)]
    pl.DataFrame({"text": list(dict.fromkeys(crops))}, schema={"text": pl.String}).write_parquet(target)


def _crops(text: str, dice: random.Random) -> Iterator[str]:
    sentences = _SENTENCE_END.split(text)
    if len(sentences) > _MOST_SENTENCES:
        for _ in range(_CROPS_A_REVIEW):
            start = dice.randrange(len(sentences))
            yield " ".join(sentences[start : start + dice.randint(1, _MOST_SENTENCES)])
