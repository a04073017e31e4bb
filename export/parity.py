"""PyTorch against ONNX Runtime, and int8 against fp32, on real texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from sentiment_core.batching import Ids, Mask
from sentiment_core.errors import QualityError
from sentiment_core.intervals import proportion
from sentiment_core.labels import Label, Truth
from sentiment_core.scorer import Logits, Predictions, Run, Scorer
from sentiment_core.summary import Tally

# fp32 sums in another order: 1e-5 is usual for 12 layers; a wrong mask, position or pooling is off by 0.1 and more.
LOGIT_TOLERANCE = 1e-3
LEAST_AGREEMENT = 0.99
MOST_F1_LOST = 0.01


@dataclass(frozen=True, slots=True)
class Texts:
    """Validation texts and their labels, one a text."""

    texts: Sequence[str]
    labels: Sequence[Label]


class TorchRun:
    """A classifier run by PyTorch, on the device it is on: what a graph is held against, and a teacher.

    With `bf16` its products are in that precision, as in training: probabilities move by less than 0.01.
    """

    def __init__(self, model: PreTrainedModel, *, bf16: bool = False) -> None:
        self._model, self._bf16 = model.eval(), bf16

    @classmethod
    def open(cls, checkpoint: Path) -> "TorchRun":
        """Open a checkpoint in fp32."""
        return cls(
            AutoModelForSequenceClassification.from_pretrained(checkpoint, dtype=torch.float32, local_files_only=True)
        )

    @property
    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """The model's weights by name."""
        return {name: tensor.numpy() for name, tensor in self._model.state_dict().items()}

    def __call__(self, ids: Ids, mask: Mask) -> Logits:
        """(rows, length) ids and mask to (rows, 2) logits."""
        device = self._model.device
        with torch.inference_mode(), torch.autocast(device.type, dtype=torch.bfloat16, enabled=self._bf16):
            output = self._model(
                input_ids=torch.from_numpy(ids).to(device), attention_mask=torch.from_numpy(mask).to(device)
            )
        return cast(Logits, output.logits.float().cpu().numpy())


class Recorder:
    """Runs a reference and graphs of the same model on the same batches, and keeps their largest difference."""

    def __init__(self, reference: Run, candidates: Sequence[Run]) -> None:
        self._reference, self._candidates = reference, candidates
        self.largest = 0.0

    def __call__(self, ids: Ids, mask: Mask) -> Logits:
        """Return the reference's logits."""
        wanted = self._reference(ids, mask)
        differences = [float(np.abs(wanted - run(ids, mask)).max()) for run in self._candidates]
        self.largest = max(self.largest, *differences)
        return wanted


def check_parity(recorder: Recorder, texts: int, longest: int) -> dict[str, Any]:
    """Return the figures of a parity run. Raises QualityError beyond the tolerance."""
    if not recorder.largest <= LOGIT_TOLERANCE:
        raise QualityError(
            f"parity: wanted logits within {LOGIT_TOLERANCE} of PyTorch's, found {recorder.largest:.3g} over "
            f"{texts} texts; the exported graph is not this model, nothing was written"
        )
    return {
        "texts": texts,
        "longest_tokens": longest,
        "largest_logit_difference": recorder.largest,
        "tolerance": LOGIT_TOLERANCE,
    }


def gate(plain: Scorer, int8: Scorer, validation: Texts) -> dict[str, Any]:
    """Compare int8 with fp32 on validation texts; `passed` says whether int8 may score."""
    wanted, found = plain.score(validation.texts), int8.score(validation.texts)
    rows = int(wanted.scored.sum())
    same = int((wanted.label == found.label)[wanted.scored].sum())
    agreement = proportion(same, rows)
    before, after = (_f1(predictions, validation.labels) for predictions in (wanted, found))
    return {
        "texts": rows,
        "agreement": agreement,
        "largest_probability_difference": float(np.abs(wanted.probability - found.probability).max()),
        "f1_fp32": before,
        "f1_int8": after,
        "least_agreement": LEAST_AGREEMENT,
        "most_f1_lost": MOST_F1_LOST,
        "passed": same >= LEAST_AGREEMENT * rows and before["value"] - after["value"] <= MOST_F1_LOST,
    }


def _f1(predictions: Predictions, labels: Sequence[Label]) -> Any:
    return Tally.of(predictions, Truth(labels=labels)).summarise()["evaluation"]["f1"]
