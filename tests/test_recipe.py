"""What the bundled model learns from, and what it is measured on, share no text."""

from pathlib import Path

import polars as pl

from data.recipe_corpus import write_corpus, write_crops
from data.splits import is_validation


def _review(number: int) -> str:
    return " ".join(f"Sentence {part} of review {number} says something." for part in range(number % 7 + 1))


def test_nothing_measured_was_learnt_from(tmp_path: Path) -> None:
    texts = [_review(number) for number in range(300)]
    split = ["train"] * 200 + ["test"] * 100
    imdb = pl.DataFrame({"text": texts, "label": [0, 1] * 150, "split": split})
    again = pl.DataFrame({"text": [texts[250].replace(" ", "  ")], "label": [0], "split": ["train"]})
    (tmp_path / "reviews").mkdir()
    pl.concat([imdb, again]).write_parquet(tmp_path / "reviews" / "imdb.parquet")
    shop = pl.DataFrame({"text": [texts[260], *(_review(number) for number in range(300, 500))]})
    shop.with_columns(label=1).write_parquet(tmp_path / "reviews" / "shop.parquet")

    corpus, held_out, crops = tmp_path / "corpus", tmp_path / "held-out", tmp_path / "crops.parquet"
    write_corpus(tmp_path / "reviews", corpus, held_out)
    write_crops(corpus, crops)

    learnt = {text for path in corpus.iterdir() for text in pl.read_parquet(path)["text"] if not is_validation(text)}
    assert pl.read_parquet(held_out / "imdb_test.parquet")["text"].to_list() == texts[200:]
    shop_side = pl.read_parquet(held_out / "shop.parquet")["text"]
    assert 0 < len(shop_side) < 100
    assert all(map(is_validation, shop_side))
    assert not learnt & {*texts[200:], *shop_side, again["text"][0]}
    passages = pl.read_parquet(crops)["text"].to_list()
    assert len(passages) == len(set(passages)) > 100
    assert all(any(passage in text for text in learnt) for passage in passages)
