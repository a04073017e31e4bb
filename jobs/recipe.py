"""The corpus of the bundled model: `python -m jobs.recipe REVIEWS CORPUS`, called by `make model`."""

import sys
from pathlib import Path

import polars as pl

from sentiment_core.text import clean

# Short texts of one shop would drown the rest; so many of each file keep the domains in proportion.
ROWS_PER_FILE = 20_000


def prepare(reviews: Path, corpus: Path) -> None:
    """Write text and label of each file of `reviews` to `corpus`, without the test texts of IMDB."""
    corpus.mkdir(parents=True, exist_ok=True)
    imdb = pl.read_parquet(reviews / "imdb.parquet")
    test = set(imdb.filter(split="test")["text"].map_elements(clean, return_dtype=pl.String))
    for path in sorted(reviews.glob("*.parquet")):
        frame = pl.read_parquet(path)
        if path.stem == "imdb":
            frame = frame.filter(split="train")
        elif len(frame) > ROWS_PER_FILE:
            frame = frame.sample(ROWS_PER_FILE, seed=0)
        kept = ~frame["text"].map_elements(clean, return_dtype=pl.String).is_in(test)
        frame.filter(kept).select("text", "label").write_parquet(corpus / path.name)


if __name__ == "__main__":
    prepare(Path(sys.argv[1]), Path(sys.argv[2]))
