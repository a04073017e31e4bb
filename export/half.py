"""fp16, for GPUs: on a CPU it would only be slower."""

from pathlib import Path

import onnx
from onnxruntime.transformers.float16 import convert_float_to_float16


def half(source: Path, target: Path) -> None:
    """Write `source` with fp16 weights and arithmetic to `target`; inputs and outputs stay as they are."""
    onnx.save(convert_float_to_float16(onnx.load(source), keep_io_types=True), target)
