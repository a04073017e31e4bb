"""checkpoint -> bundle. The only importer of optimum."""

import json
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16
from optimum.exporters.onnx import main_export
from transformers.utils import logging

from export.bundle import CONFIG, GRAPH, GRAPH_FAST, GRAPH_FP16, GRAPH_INT8, MANIFEST, TOKENIZER, hashes, verify
from export.fast import fuse
from export.parity import Recorder, Texts, TorchRun, Verdict, check_parity, gate
from export.quantize import quantize
from export.runtime import Encoder, OnnxRun, open_graph
from sentiment_core.calibration import cross_fitted, fit_decision
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import BundleError
from sentiment_core.labels import ID2LABEL
from sentiment_core.manifest import Golden, Manifest
from sentiment_core.scorer import Scorer
from sentiment_core.truncation import head_and_tail

logging.set_verbosity_error()

_PARITY_TEXTS = 64


def build(
    checkpoint: Path,
    folder: Path,
    training: Mapping[str, Any],
    validation: Texts,
    golden: Sequence[str],
    say: Callable[[str], None],
) -> Manifest:
    """Build a bundle of `checkpoint` in the new `folder`.

    `training` is the checkpoint's training.json; `golden` are texts that may be published with the model. The
    graph that scores is int8 where its gate passes; decision and validation figures are fitted to that graph's
    logits. Raises BundleError for a checkpoint that is no two-label classifier, QualityError where parity fails.
    """
    config = _config(checkpoint)
    say("exporting to ONNX")
    _export(checkpoint, folder)
    manifest = Manifest(
        graph=GRAPH,
        max_length=training["max_length"],
        pad_id=config["pad_token_id"],
        temperature=training["temperature"],
        threshold=training["threshold"],
        files={GRAPH: ""},
        parity={},
        quantization={},
        validation={},
        card=training["card"],
        golden=(),
    )
    reference = TorchRun.open(checkpoint)
    if fuse(reference.weights, config, folder / GRAPH_FAST):
        manifest = replace(manifest, graph=GRAPH_FAST, files={GRAPH_FAST: ""})
    manifest = replace(manifest, parity=_parity(reference, folder, manifest, validation, say))
    # For GPUs; inputs and outputs stay as they are.
    onnx.save(convert_float_to_float16(onnx.load(folder / manifest.graph), keep_io_types=True), folder / GRAPH_FP16)
    manifest = _decided(folder, manifest, validation, golden, say)
    (folder / MANIFEST).write_text(manifest.to_json(), encoding="utf-8")
    return verify(folder)


def _parity(
    reference: TorchRun, folder: Path, manifest: Manifest, validation: Texts, say: Callable[[str], None]
) -> dict[str, Any]:
    texts = _mixed_lengths(validation.texts)
    say(f"parity with PyTorch on {len(texts)} texts")
    encoder = Encoder.open(folder)
    longest = max(len(head_and_tail(ids, manifest.max_length)) for ids in encoder(texts))
    recorder = Recorder(reference, [OnnxRun(folder / name) for name in {GRAPH, manifest.graph}])
    Scorer(
        encoder,
        recorder,
        manifest.decision,
        max_length=manifest.max_length,
        pad_id=manifest.pad_id,
        config=ScoreConfig(threads=1),
    ).run(texts)
    return check_parity(recorder, len(texts), longest)


def _decided(
    folder: Path, manifest: Manifest, validation: Texts, golden: Sequence[str], say: Callable[[str], None]
) -> Manifest:
    """Choose the graph that scores, and fit the decision to what it says."""
    texts = [*validation.texts, *validation.more]
    say(f"int8, and its gate on {len(texts):,} texts")
    weights = quantize(folder / manifest.graph, folder / GRAPH_INT8)
    int8 = replace(manifest, graph=GRAPH_INT8, files={GRAPH_INT8: ""})
    scorers = {each.graph: open_graph(folder, each, ScoreConfig()) for each in (manifest, int8)}
    found = gate(scorers[manifest.graph].run(texts), scorers[GRAPH_INT8].run(texts), manifest.decision)
    graph = GRAPH_INT8 if found["verdict"] is Verdict.PASSED else manifest.graph
    outputs = scorers[graph].run(validation.texts)  # remembered, not run again
    decision = fit_decision(outputs.logits, np.array(validation.labels))
    scores = scorers[graph].run(golden).read(decision).probability
    return replace(
        manifest,
        graph=graph,
        temperature=decision.temperature,
        threshold=decision.threshold,
        files=hashes(folder, [path.name for path in folder.iterdir() if path.is_file()]),
        quantization={"weights": weights, **found},
        validation={
            "scored_by": graph,
            **cross_fitted(outputs, validation.texts, validation.labels).summarise(),
        },
        golden=tuple(Golden(text=text, probability=float(p)) for text, p in zip(golden, scores, strict=True)),
    )


def _export(checkpoint: Path, folder: Path) -> None:
    with warnings.catch_warnings():
        # The tracer warns of every shape it fixes; parity on texts of mixed lengths tells whether one matters.
        warnings.simplefilter("ignore")
        main_export(
            str(checkpoint),
            output=folder,
            task="text-classification",
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            do_validation=False,  # it would use made-up inputs
        )


def _config(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / CONFIG
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        labels = {int(place): name for place, name in config.get("id2label", {}).items()}
    except (OSError, ValueError) as error:
        raise BundleError(f"{path}: wanted the config of a checkpoint, found {error}; train one first") from error
    if labels != ID2LABEL:
        raise BundleError(f"{path}: wanted id2label {ID2LABEL}, found {labels}; train with `sentiment train`")
    if config.get("pad_token_id") is None:
        raise BundleError(f"{path}: wanted a pad_token_id, found none; train with `sentiment train`")
    if not (checkpoint / TOKENIZER).is_file():
        raise BundleError(f"{checkpoint}: wanted {TOKENIZER}, found none; train with `sentiment train`")
    return config


def _mixed_lengths(texts: Sequence[str]) -> list[str]:
    """Pick texts from the shortest to the longest, evenly by rank, so that runs are padded and cut."""
    ranked = sorted(filter(None, texts), key=len)
    step = max(1, (len(ranked) - 1) / max(1, _PARITY_TEXTS - 1))
    places = sorted({min(len(ranked) - 1, round(place * step)) for place in range(_PARITY_TEXTS)})
    return [ranked[place] for place in places]
