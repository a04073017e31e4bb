"""Texts that say the same: equal but for case and marks, sharing nearly all their runs of words, or one in another.

A split by a hash of the text puts a review and its copy with another full stop on two sides; these find them.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl

from data.splits import letters

Mask = npt.NDArray[np.bool_]

_WORD = re.compile(r"[^\W_]+")
# Words of a shingle, and the share of them, of both texts together, that makes two texts one (Jaccard).
_SHINGLE = 5
_ALIKE = 0.8
_ROUNDING = 1e-9
# Odd, of 64 bits: words become one number a shingle. Two different ones meet once in 10^19 pairs.
_MULTIPLIER = 0x9E3779B97F4A7C15


def words(text: str) -> list[str]:
    """Return the letters and digits of `text`, lower-cased, as words."""
    return _WORD.findall(text.lower())


def same(texts: Sequence[str], others: Sequence[str]) -> Mask:
    """Mark the `texts` that stand among `others`, but for case, marks and spaces."""
    known = set(map(letters, others))
    return np.array([letters(text) in known for text in texts], dtype=bool)


def overlapping(texts: Sequence[str], others: Sequence[str]) -> Mask:
    """Mark the `texts` whose runs of five words are to four fifths those of one of `others` (Jaccard).

    Exact: two sets with a Jaccard index of J share one of the rarest (1 - J) of either, whatever the order by which
    rareness is told (prefix filtering, Chaudhuri et al. 2006), so only such pairs are counted out.
    """
    shingles = _shingles([*texts, *others])
    frequency = shingles.group_by("shingle").agg(pl.len().alias("texts"))
    ranked = shingles.join(frequency, on="shingle").sort("text", "texts", "shingle")
    prefix = (
        ranked.with_columns(place=pl.int_range(pl.len()).over("text"), size=pl.len().over("text"))
        .filter(pl.col("texts") > 1, pl.col("place") <= pl.col("size") * (1 - _ALIKE) + _ROUNDING)
        .select("text", "shingle", "size")
    )
    left, right = prefix.filter(pl.col("text") < len(texts)), prefix.filter(pl.col("text") >= len(texts))
    pairs = (
        left.join(right, on="shingle", suffix="_other")
        .filter(pl.min_horizontal("size", "size_other") >= _ALIKE * pl.max_horizontal("size", "size_other") - _ROUNDING)
        .select("text", "text_other")
        .unique()
    )
    del ranked, prefix, frequency
    alike = [frame for part in pairs.iter_slices(200_000) if len(frame := _alike(part, shingles))]
    mask = np.zeros(len(texts), dtype=bool)
    for frame in alike:
        mask[frame["text"].to_numpy()] = True
    return mask


def _alike(pairs: pl.DataFrame, shingles: pl.DataFrame) -> pl.DataFrame:
    """Return the `pairs` whose Jaccard index reaches the limit."""
    sizes = shingles.group_by("text").agg(pl.len().alias("size"))
    other = shingles.rename({"text": "text_other"})
    shared = (
        pairs.join(shingles, on="text")
        .join(other, on=["text_other", "shingle"])
        .group_by("text", "text_other")
        .agg(pl.len().alias("shared"))
    )
    return (
        shared.join(sizes, on="text")
        .join(sizes.rename({"text": "text_other", "size": "size_other"}), on="text_other")
        .filter(pl.col("shared") >= _ALIKE * (pl.col("size") + pl.col("size_other") - pl.col("shared")) - _ROUNDING)
        .select("text", "text_other")
    )


def _shingles(texts: Sequence[str]) -> pl.DataFrame:
    """Return the distinct shingles of each text as numbers; a text of fewer words than a shingle's has none."""
    number: dict[str, int] = {}
    frames = []
    for place, text in enumerate(texts):
        ids = np.array([number.setdefault(word, len(number) + 1) for word in words(text)], dtype=np.uint64)
        if len(ids) < _SHINGLE:
            continue
        codes = np.zeros(len(ids) - _SHINGLE + 1, dtype=np.uint64)
        for offset in range(_SHINGLE):
            codes = codes * np.uint64(_MULTIPLIER) + _mixed(ids[offset : offset + len(codes)])
        frames.append((place, np.unique(codes)))
    counts = [len(codes) for _, codes in frames]
    return pl.DataFrame(
        {
            "text": np.repeat(np.array([place for place, _ in frames], dtype=np.uint32), counts),
            "shingle": np.concatenate([codes for _, codes in frames]) if frames else np.zeros(0, dtype=np.uint64),
        }
    )


def _mixed(ids: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spread small numbers over 64 bits (the finaliser of SplitMix64)."""
    mixed = (ids ^ (ids >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return cast(npt.NDArray[Any], mixed ^ (mixed >> np.uint64(31)))


def inside(texts: Sequence[str], others: Sequence[str]) -> Mask:
    """Mark the `texts` that stand in one of `others` as whole words, or hold one."""
    whole = {" ".join(words(text)) for text in others}
    parts = {span for text in others for span in _spans(words(text))}
    marked = []
    for text in texts:
        mine = words(text)
        marked.append(" ".join(mine) in parts or any(span in whole for span in _spans(mine)))
    return np.array(marked, dtype=bool)


def longest(texts: Sequence[str]) -> Mask:
    """Mark the `texts` that stand in no longer one: the sentences among phrases that were cut out of them."""
    spelled = [words(text) for text in texts]
    parts = {span for mine in spelled for span in _spans(mine) if span != " ".join(mine)}
    return np.array([" ".join(mine) not in parts for mine in spelled], dtype=bool)


def _spans(mine: Sequence[str]) -> Iterator[str]:
    """Yield every run of the words `mine`, themselves included."""
    for start in range(len(mine)):
        for end in range(start + 1, len(mine) + 1):
            yield " ".join(mine[start:end])
