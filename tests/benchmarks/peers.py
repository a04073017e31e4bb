"""This project beside its peers: rows a second of one 124M GPT-2 classifier (random weights), each peer a process.

python tests/benchmarks/peers.py TOKENIZER REVIEWS [ROUNDS]

TOKENIZER is the folder of GPT-2's vocab.json and merges.txt, REVIEWS that of flipkart.parquet, blitzer_amazon.parquet
and imdb.parquet. Peers take turns, so that a machine that slows down slows all of them; figures are medians.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

SETS = {"flipkart": "flipkart", "blitzer": "blitzer_amazon", "imdb": "imdb"}
MAX_LENGTH = 512
# As few rows as give a steady rate, by peer and set.
ROWS = {
    "seed": (16, 16, 16),
    "pipeline": (96, 32, 32),
    "optimum": (256, 64, 64),
    "fp32": (1500, 150, 100),
    "int8": (4000, 400, 250),
}
NAMES = {
    "seed": "a. the seed's way: PyTorch, padding to 512, batch 8",
    "pipeline": "b. transformers pipeline, batch 32",
    "optimum": "c. Optimum pipeline, batch 32",
    "fp32": "d. this project, fp32",
    "int8": "e. this project, int8",
}
Score = Callable[[Sequence[str]], int]


def make_model(tokenizer: Path, texts: Sequence[str], folder: Path) -> None:
    """Write a checkpoint of random weights and its bundle."""
    import torch
    from transformers import GPT2Config, GPT2ForSequenceClassification, GPT2TokenizerFast

    from export.build import build
    from export.parity import Texts
    from sentiment_core.labels import ID2LABEL, LABEL2ID, Label

    torch.manual_seed(0)
    words = GPT2TokenizerFast.from_pretrained(tokenizer)
    words.pad_token = words.eos_token
    config = GPT2Config(num_labels=2, id2label=ID2LABEL, label2id=LABEL2ID, pad_token_id=words.pad_token_id)
    checkpoint, bundle = folder / "checkpoint", folder / "bundle"
    GPT2ForSequenceClassification(config).save_pretrained(checkpoint)
    words.save_pretrained(checkpoint)
    bundle.mkdir()
    training = {"max_length": MAX_LENGTH, "temperature": 1.0, "threshold": 0.5, "validation": {}, "card": {}}
    build(checkpoint, bundle, training, Texts(texts=texts, labels=[Label.POSITIVE] * len(texts)), texts[:1], print)


def open_peer(name: str, folder: Path) -> Score:
    """Return what scores texts the way of `name`, and says how many tokens it ran without padding (0: unknown)."""
    if name in ("fp32", "int8"):
        return _ours(name, folder / "bundle")
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

    tokenizer = AutoTokenizer.from_pretrained(folder / "checkpoint")
    if name == "optimum":
        from optimum.onnxruntime import ORTModelForSequenceClassification

        model: Any = ORTModelForSequenceClassification.from_pretrained(folder / "bundle", file_name="model.onnx")
    else:
        model = AutoModelForSequenceClassification.from_pretrained(folder / "checkpoint").eval()
    if name != "seed":
        classify = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")

        def score(texts: Sequence[str]) -> int:
            list(classify(list(texts), batch_size=32, truncation=True, max_length=MAX_LENGTH, padding=True))
            return 0

        return score

    def padded(texts: Sequence[str]) -> int:
        with torch.no_grad():
            for start in range(0, len(texts), 8):
                given = tokenizer(
                    list(texts[start : start + 8]),
                    padding="max_length",
                    truncation=True,
                    max_length=MAX_LENGTH,
                    return_tensors="pt",
                )
                model(**given).logits.softmax(dim=1)
        return 0

    return padded


def _ours(name: str, bundle: Path) -> Score:
    from export.bundle import GRAPH_FAST, GRAPH_INT8, verify
    from export.runtime import open_graph
    from sentiment_core.config import ScoreConfig

    # Whatever the gate says of random weights.
    manifest = replace(verify(bundle), graph=GRAPH_FAST if name == "fp32" else GRAPH_INT8)
    scorer = open_graph(bundle, manifest, ScoreConfig())

    def score(texts: Sequence[str]) -> int:
        before = scorer.work
        scorer.score(texts)
        return (scorer.work - before).tokens

    return score


def run_peer(name: str, folder: Path) -> None:
    """Time one peer in this process; print a JSON line."""
    score = open_peer(name, folder)
    timings = {}
    for each, rows in zip(SETS, ROWS[name], strict=True):
        texts = pl.read_parquet(folder / f"{each}.parquet")["text"].to_list()
        score(texts[-8:])  # the first run allocates
        start = time.perf_counter()
        tokens = score(texts[:rows])
        timings[each] = {"seconds": time.perf_counter() - start, "rows": rows, "tokens": tokens}
    print(json.dumps(timings))  # noqa: T201


def ceilings(folder: Path) -> dict[str, Any]:
    """Measure what the products of both graphs reach alone."""
    from export.bundle import GRAPH_FAST, GRAPH_INT8
    from export.ceiling import measure
    from sentiment_core.config import ScoreConfig

    config = ScoreConfig()
    graphs = {"fp32": GRAPH_FAST, "int8": GRAPH_INT8}
    return {
        name: measure(folder / "bundle" / graph, config.run_tokens, config.workers) for name, graph in graphs.items()
    }


def main(tokenizer: Path, reviews: Path, rounds: int) -> None:
    """Run all peers in turn, `rounds` times, and print a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each, file in SETS.items():
            frame = pl.read_parquet(reviews / f"{file}.parquet").select("text").unique(maintain_order=True)
            frame.sample(5_000, seed=0).write_parquet(folder / f"{each}.parquet")
        make_model(tokenizer, pl.read_parquet(folder / "blitzer.parquet")["text"].head(64).to_list(), folder)
        found: dict[str, list[dict[str, Any]]] = {peer: [] for peer in NAMES}
        starts: dict[str, list[float]] = {peer: [] for peer in NAMES}
        tops: dict[str, list[float]] = {"fp32": [], "int8": []}
        for _ in range(rounds):
            for peer, alone in ceilings(folder).items():
                tops[peer].append(alone.operations_per_second)
            for peer, label in NAMES.items():
                start = time.perf_counter()
                command = [sys.executable, __file__, "--peer", peer, name]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                wall = time.perf_counter() - start
                found[peer].append(json.loads(done.stdout.splitlines()[-1]))
                starts[peer].append(wall - sum(each["seconds"] for each in found[peer][-1].values()))
                print(f"{label}: {wall:.0f} s", flush=True)  # noqa: T201
        _print(found, starts, tops, ceilings(folder)["int8"].operations_per_token)


def _print(
    found: dict[str, list[dict[str, Any]]],
    starts: dict[str, list[float]],
    tops: dict[str, list[float]],
    operations: int,
) -> None:
    rate = {
        peer: {each: statistics.median(run[each]["rows"] / run[each]["seconds"] for run in runs) for each in SETS}
        for peer, runs in found.items()
    }
    print("| rows/s, steady (int8 against it) |", " | ".join(SETS), "| start, s |")  # noqa: T201
    print("| --- |", " --- |" * (len(SETS) + 1))  # noqa: T201
    for peer, name in NAMES.items():
        cells = [f"{rate[peer][each]:,.2f} ({rate['int8'][each] / rate[peer][each]:.1f}x)" for each in SETS]
        print(f"| {name} |", " | ".join(cells), f"| {statistics.median(starts[peer]):.1f} |")  # noqa: T201
    for peer, speeds in tops.items():
        top = statistics.median(speeds)
        used = [
            statistics.median(run[each]["tokens"] / run[each]["seconds"] * operations / top for run in found[peer])
            for each in SETS
        ]
        print(  # noqa: T201
            f"{peer} products alone: {top / 1e9:,.0f} G operations/s; used end to end:",
            ", ".join(f"{each} {share:.0%}" for each, share in zip(SETS, used, strict=True)),
        )


if __name__ == "__main__":
    if sys.argv[1] == "--peer":
        run_peer(sys.argv[2], Path(sys.argv[3]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 3)
