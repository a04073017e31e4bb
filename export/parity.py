"""PyTorch against ONNX Runtime, and int8 against fp32, on real texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from sentiment_core.batching import Ids, Mask
from sentiment_core.errors import QualityError
from sentiment_core.labels import Label, Truth
from sentiment_core.scorer import Decision, Logits, Outputs, Run
from sentiment_core.summary import Tally

# fp32 sums in another order: 1e-5 is usual for 12 layers; a wrong mask, position or pooling is off by 0.1 and more.
LOGIT_TOLERANCE = 1e-3
LEAST_AGREEMENT = 0.99
# Of either label, surely: 18 reviews of it that all agree show as much, and fewer cannot.
LEAST_SURE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Validation texts and their labels, one a text; `more` have none, for figures that need no labels."""

    texts: Sequence[str]
    labels: Sequence[Label]
    more: Sequence[str] = ()


class Verdict(StrEnum):
    """What the gate says of int8. Only what passed may score."""

    PASSED = "passed"
    FAILED = "failed"
    CANNOT_TELL = "cannot tell"


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
        with np.errstate(invalid="ignore"):
            differences = [np.abs(wanted - run(ids, mask)).max() for run in self._candidates]
        # NaN stays NaN, which Python's max would lose.
        self.largest = float(np.max([self.largest, *differences]))
        return wanted


def check_parity(recorder: Recorder, texts: int, longest: int) -> dict[str, Any]:
    """Return the figures of a parity run. Raises QualityError beyond the tolerance, for NaN, and for no texts."""
    if not (texts and recorder.largest <= LOGIT_TOLERANCE):
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


def gate(plain: Outputs, int8: Outputs, decision: Decision) -> dict[str, Any]:
    """Compare what int8 says of some texts with what fp32 does; `verdict` says whether int8 may score.

    No labels are needed: int8 that says what fp32 says is as good. Of a label, agreement is F1 with fp32's labels for
    the truth, which falls when a rare label is lost as when it is seen everywhere. Failed: a logit that is no number,
    agreement below 99 %, or surely below it for either label. Passed: surely above 90 % for both.
    """
    finite = bool(np.isfinite(plain.logits).all() and np.isfinite(int8.logits).all())
    wanted, found = plain.read(decision), int8.read(decision)
    evaluation = Tally.of(found, Truth(labels=wanted.label.tolist())).summarise()["evaluation"]
    agreement = evaluation and evaluation["accuracy"]
    by_class = {name: of["f1"] for name, of in evaluation["by_class"].items()} if evaluation else {}
    known = [figure for figure in by_class.values() if figure]
    failed = (
        not finite
        or bool(agreement and agreement["value"] < LEAST_AGREEMENT)
        or any(figure["high"] < LEAST_AGREEMENT for figure in known)
    )
    sure = len(known) == len(Label) and all(figure["low"] >= LEAST_SURE for figure in known)
    verdict = Verdict.FAILED if failed else Verdict.PASSED if sure else Verdict.CANNOT_TELL
    return {
        "verdict": verdict,
        "texts": int(wanted.scored.sum()),
        "agreement": agreement,
        "agreement_by_class": by_class,
        "largest_probability_difference": float(np.abs(wanted.probability - found.probability).max(initial=0.0)),
        "least_agreement": LEAST_AGREEMENT,
        "least_sure_by_class": LEAST_SURE,
    }
