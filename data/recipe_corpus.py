"""The corpus of the bundled model, and what it is measured on."""

from pathlib import Path

import polars as pl

from data.splits import is_validation
from sentiment_core.text import clean

# Short texts of one shop would drown the rest; so many of each file keep the domains in proportion.
_ROWS_PER_FILE = 20_000


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
        free = frame.filter(pl.Series([text not in test_texts for text in texts]))
        sampled = free.sample(_ROWS_PER_FILE, seed=0) if name != "imdb" and len(free) > _ROWS_PER_FILE else free
        sampled.select("text", "label").write_parquet(corpus / f"{name}.parquet")
