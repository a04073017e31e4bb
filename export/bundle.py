"""Layout of a model bundle, hashes, verification.

A bundle is an ordinary Hugging Face folder (config.json, tokenizer.json, model.onnx) with graphs that score faster,
and manifest.json, written last, which holds what a scorer must not guess.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from sentiment_core.errors import BundleError
from sentiment_core.labels import ID2LABEL
from sentiment_core.manifest import Manifest

BUNDLED = Path(__file__).parent / "bundled"
BUNDLED_BASE = BUNDLED / "base"
# The name under which users ask for it.
BUNDLED_NAME = "bundled"

MANIFEST = "manifest.json"
GRAPH = "model.onnx"
GRAPH_FAST = "model_fast.onnx"
GRAPH_INT8 = "model_int8.onnx"
GRAPH_FP16 = "model_fp16.onnx"
TOKENIZER = "tokenizer.json"
CONFIG = "config.json"
# The tokenizer of a large vocabulary has 20 MB.
_LARGEST_JSON = 1 << 26


def hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each named file, in order of name."""
    return {name: _sha256(folder / name) for name in sorted(names)}


def verify(folder: Path) -> Manifest:
    """Read the manifest and check every file against it. Raises BundleError at the first that differs."""
    manifest = read_manifest(folder)
    check_files(folder, manifest.files)
    return manifest


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a bundle, its files unread but for the labels of its config. Raises BundleError."""
    path = folder / MANIFEST
    try:
        manifest = Manifest.from_json(read_limited(path))
    except (OSError, ValueError) as error:
        found = "no folder" if not folder.is_dir() else f"no readable {MANIFEST}"
        raise BundleError(
            f"{folder}: wanted a model bundle, found {found}; make one with `sentiment export`"
        ) from error
    except BundleError as error:
        raise BundleError(f"{folder}: {error}") from error
    for name in (CONFIG, TOKENIZER):
        if name not in manifest.files:
            raise BundleError(f"{path}: wanted {name} among its files, found it missing; export the model again")
    for name in manifest.files:
        if Path(name).name != name or name in (".", ".."):
            raise BundleError(f"{path}: wanted plain file names, found {name!r}; do not use this bundle")
    _check_labels(folder / CONFIG)
    return manifest


def opened(manifest: Manifest, graph: str) -> dict[str, str]:
    """Return those of the manifest's files, with their hashes, that scoring with `graph` reads."""
    # The weights of a large graph lie in a file of their own beside it, named after it.
    return {
        name: expected
        for name, expected in manifest.files.items()
        if name in (CONFIG, TOKENIZER) or name.startswith(graph)
    }


def check_files(folder: Path, files: Mapping[str, str]) -> None:
    """Check the SHA-256 of each file. Raises BundleError at the first that differs."""
    for name, expected in files.items():
        try:
            found = _sha256(folder / name)
        except OSError as error:
            raise BundleError(
                f"{folder / name}: wanted this file of the manifest, found {error.strerror}; copy the bundle again"
            ) from error
        if found != expected:
            raise BundleError(
                f"{folder / name}: wanted SHA-256 {expected[:12]}…, found {found[:12]}…; "
                "the file was altered or cut short, copy the bundle again"
            )


def _check_labels(path: Path) -> None:
    """Other programs read the labels' order from here, so it must be ours too. Raises BundleError."""
    try:
        found = {int(place): name for place, name in json.loads(read_limited(path))["id2label"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = {}
    if found != ID2LABEL:
        raise BundleError(f"{path}: wanted id2label {ID2LABEL}, found {found}; export the model again")


def read_limited(path: Path) -> str:
    """Read a JSON file that came from outside. Raises ValueError where it is larger than any of ours, or no UTF-8."""
    if path.stat().st_size > _LARGEST_JSON:
        raise ValueError(f"wanted at most {_LARGEST_JSON >> 20} MB, found {path.stat().st_size >> 20} MB")
    return path.read_text(encoding="utf-8")


def identity(folder: Path) -> str:
    """Return what names a bundle in summaries: the SHA-256 of its manifest, which holds the other hashes."""
    return _sha256(folder / MANIFEST)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
