"""open_scorer(bundle): ONNX Runtime and tokenizers, nothing else."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from export.bundle import BUNDLED, BUNDLED_NAME, GRAPH_FP16, TOKENIZER, check_files, opened, read_manifest
from export.footprint import within_limit
from export.pieces import PIECE, Pieces
from sentiment_core.batching import Ids, Mask
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import BundleError, ConfigError
from sentiment_core.machine import adds_in_16_bits
from sentiment_core.manifest import Manifest
from sentiment_core.scorer import Logits, Scorer

# Of GPT-2 and its kind, and of BERT, whose reviews are all of one segment.
_INPUTS = {"input_ids", "attention_mask", "position_ids", "token_type_ids"}
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
# Another processor rounds activations another way here and there.
_GOLDEN_TOLERANCE = 0.02


class Encoder:
    """Cleaned texts to token ids, the same for training, parity and scoring."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        # A review may spell a special token: read as one, "<|endoftext|>" would be taken for padding.
        tokenizer.encode_special_tokens = True
        self._tokenizer, self._pieces = tokenizer, Pieces(tokenizer)

    @classmethod
    def open(cls, folder: Path) -> "Encoder":
        """Read `tokenizer.json` of a bundle or checkpoint. Raises BundleError."""
        path = folder / TOKENIZER
        try:
            return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # tokenizers raises bare Exception for any malformed file
            raise BundleError(
                f"{path}: wanted a tokenizer of the tokenizers library, found {error}; export the model again"
            ) from error

    def __call__(self, texts: Sequence[str]) -> list[Sequence[int]]:
        """Return the token ids of each text, whole: no truncation, no padding; none at all of an empty text."""
        short = iter(self._tokenizer.encode_batch_fast([text for text in texts if len(text) <= PIECE]))
        encoded = (self._pieces.encode(text) if len(text) > PIECE else next(short).ids for text in texts)
        return [ids if text else [] for text, ids in zip(texts, encoded, strict=True)]


class OnnxRun:
    """A graph of a sequence classifier. A CPU runs each call on the thread of its caller alone."""

    def __init__(self, path: Path, device: str = "cpu") -> None:
        provider = _PROVIDERS[device]
        providers = onnxruntime.get_available_providers()
        if provider not in providers:
            raise ConfigError(
                f"--device {device}: wanted ONNX Runtime with {provider}, found {', '.join(providers)}; install "
                "onnxruntime-gpu in place of onnxruntime, or leave --device out"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        # Every run has another shape: the memory pattern would keep a plan for each. The arena keeps one run's
        # buffers, which the token budget bounds; without it the system maps and clears them anew for every operator.
        options.enable_mem_pattern = False
        if adds_in_16_bits():
            # A slower product that does not overflow. It is slower elsewhere too: half the rows a second, measured on a
            # processor with VNNI, which has no need of it.
            options.add_session_config_entry("session.x64quantprecision", "1")
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(path, options, providers=[provider])
        except Exception as error:  # ONNX Runtime's exceptions share no public base
            found = " ".join(str(error).split())[:200]
            raise BundleError(
                f"{path}: wanted a graph ONNX Runtime can open, found {found}; export it again"
            ) from error
        if provider not in self._session.get_providers():  # it falls back to the CPU by itself
            raise ConfigError(
                f"--device {device}: wanted a GPU that ONNX Runtime can use, found none; see its warnings"
            )
        self._inputs = {given.name for given in self._session.get_inputs()}
        outputs = self._session.get_outputs()
        if "input_ids" not in self._inputs or self._inputs - _INPUTS:
            raise BundleError(f"{path}: wanted inputs input_ids and attention_mask, found {sorted(self._inputs)}")
        if [len(found.shape) for found in outputs] != [2]:
            raise BundleError(f"{path}: wanted one output, (rows, 2) logits, found {[o.name for o in outputs]}")

    def __call__(self, ids: Ids, mask: Mask) -> Logits:
        """(rows, length) ids and mask to (rows, 2) logits."""
        feeds = {"input_ids": ids, "attention_mask": mask}
        if "position_ids" in self._inputs:
            feeds["position_ids"] = np.broadcast_to(np.arange(ids.shape[1]), ids.shape)
        if "token_type_ids" in self._inputs:
            feeds["token_type_ids"] = np.zeros_like(ids)
        (logits,) = self._session.run(None, {name: feeds[name] for name in self._inputs})
        return cast(Logits, logits)


def open_scorer(bundle: Path | str, config: ScoreConfig | None = None) -> tuple[Scorer, Manifest]:
    """Open a bundle for scoring, verify what is opened, and score its golden rows. Raises BundleError.

    `bundle` is a folder, or `bundled` for the one that comes with the package.
    """
    bundle, config = BUNDLED if bundle == BUNDLED_NAME else Path(bundle), config or ScoreConfig()
    manifest = read_manifest(bundle)
    check_files(bundle, opened(manifest, graph_for(manifest, config)))
    scorer = open_graph(bundle, manifest, config)
    off = golden_difference(scorer, manifest)
    if not off <= _GOLDEN_TOLERANCE:
        raise BundleError(
            f"{bundle}: wanted the scores of its golden rows within {_GOLDEN_TOLERANCE} of the manifest's, found one "
            f"{off:.3f} off; this machine computes other scores than the one that exported it, export the model here"
        )
    return scorer, manifest


def golden_difference(scorer: Scorer, manifest: Manifest) -> float:
    """Score the golden rows; return how far the farthest probability is from the manifest's."""
    wanted = np.array([row.probability for row in manifest.golden], dtype=np.float32)
    found = scorer.score([row.text for row in manifest.golden]).probability
    return float(np.abs(wanted - found).max(initial=0.0))


def graph_for(manifest: Manifest, config: ScoreConfig) -> str:
    """Name the file that runs on `config.device`."""
    return manifest.graph if config.device == "cpu" else GRAPH_FP16


def open_graph(bundle: Path, manifest: Manifest, config: ScoreConfig) -> Scorer:
    """Open the graph for `config.device`, files unverified: for a bundle in the making. Raises BundleError."""
    graph = graph_for(manifest, config)
    if graph not in manifest.files:
        raise BundleError(f"{bundle}: wanted {graph} for --device {config.device}, found none; export the model again")
    return Scorer(
        Encoder.open(bundle),
        OnnxRun(bundle / graph, config.device),
        manifest.decision,
        max_length=manifest.max_length,
        pad_id=manifest.pad_id,
        config=within_limit(config, bundle, manifest.max_length),
    )
