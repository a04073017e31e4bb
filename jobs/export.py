"""sentiment export: checkpoint to bundle."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console

from data import samples
from data.outputs import require_absent, whole_folder
from data.reviews import VALIDATION, read_reviews, read_texts
from data.samples import GOLDEN
from export.build import build
from export.parity import Texts
from jobs.inspect import print_bundle
from sentiment_core.errors import BundleError


def export(checkpoint: Path, output: Path, console: Console) -> None:
    """Export what `sentiment train` wrote to `checkpoint` as a bundle at `output`."""
    require_absent(output)
    training = _training(checkpoint)
    validation = read_reviews([checkpoint / VALIDATION], "text", "label")
    with whole_folder(output) as building:
        manifest = build(
            checkpoint,
            building,
            training,
            # Few reviews of one's own cannot tell whether int8 says what fp32 does; the samples help, for any labels.
            Texts(texts=validation.texts, labels=validation.labels, more=list(read_texts(_samples(), None))),
            GOLDEN,
            console.print,
        )
    print_bundle(output, manifest, console)


def _samples() -> list[Path]:
    return sorted(path for path in Path(samples.__file__).parent.iterdir() if path.suffix in (".csv", ".parquet"))


def _training(checkpoint: Path) -> dict[str, Any]:
    path = checkpoint / "training.json"
    try:
        training: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BundleError(
            f"{checkpoint}: wanted a checkpoint of `sentiment train`, found no readable training.json; train one first"
        ) from error
    return training
