"""The linear teacher: TF-IDF of words and word pairs, which errs elsewhere than a network does.

It speaks of every text it was fitted without: as many models as folds, and of other texts their mean.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from jobs.recipe.passages import FOLDS, passages
from jobs.recipe.rows import read_rows

Floats = npt.NDArray[np.float32]


def words(work: Path, target: Path) -> None:
    """Fit on the training side of `work` and write the margins of passages, validation and test to `target` (.npz)."""
    training = read_rows(work / "training.jsonl.bz2")
    sides = {side: read_rows(work / f"{side}.jsonl.bz2").texts for side in ("validation", "test")}
    made = passages(training)
    said = np.zeros(len(made.texts), dtype=np.float32)
    others = {side: np.zeros(len(texts), dtype=np.float32) for side, texts in sides.items()}
    own = [np.flatnonzero(made.folds == fold) for fold in range(FOLDS)]
    rest = [np.flatnonzero(np.arange(len(training)) % FOLDS != fold) for fold in range(FOLDS)]
    # Two at once keep memory below 8 GB.
    workers = min(FOLDS, max(1, (os.cpu_count() or 1) // 2))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(
                _fold,
                [training.texts[row] for row in rest[fold]],
                training.labels[rest[fold]],
                [[made.texts[row] for row in own[fold]], *sides.values()],
            )
            for fold in range(FOLDS)
        ]
        for fold, job in enumerate(jobs):
            mine, *theirs = job.result()
            said[own[fold]] = mine
            for side, margin in zip(sides, theirs, strict=True):
                others[side] += margin / FOLDS
    np.savez(target, passages=said, validation=others["validation"], test=others["test"])


def _fold(texts: list[str], labels: npt.NDArray[np.int64], asked: list[list[str]]) -> list[Floats]:
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, dtype=np.float32),
        LogisticRegression(C=10.0, max_iter=300, class_weight="balanced"),
    )
    model.fit(texts, labels)
    return [model.decision_function(some).astype(np.float32) for some in asked]
