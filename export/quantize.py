"""int8, one activation scale a row, so that no row's score depends on its neighbours.

ONNX Runtime's own dynamic quantization takes one scale a tensor: a row then scores differently beside
an outlier. Here each row of an activation is divided by its own largest magnitude before it is rounded.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import numpy_helper

_ACTIVATION_ZERO = 128
# The classifier's head: two columns give nothing to gain and every rounding shows in the logits.
_FEWEST_COLUMNS = 16
_FEWEST_EMBEDDINGS = 512


def quantize(source: Path, target: Path) -> int:
    """Write `source` with int8 weights to `target`; return how many weights were quantized.

    Every Gemm and MatMul with a constant (rows, columns) weight becomes: row absmax -> QuantizeLinear ->
    MatMulIntegerToFloat with a scale a column -> times the row's scale. Every embedding table is held in
    int8 with a scale a row.
    """
    model = onnx.load(source)
    graph = model.graph
    weights = {tensor.name: tensor for tensor in graph.initializer}
    nodes: list[onnx.NodeProto] = []
    added: dict[str, onnx.TensorProto] = {}
    rounded: set[str] = set()
    count = 0
    for node in graph.node:
        replacement = _product(node, weights, added, rounded) or _embedding(node, weights, added)
        count += replacement is not None
        nodes += replacement or [node]
    del graph.node[:]
    graph.node.extend(nodes)
    constants: dict[str, npt.NDArray[Any]] = {
        "int8.row_scale_floor": np.array(1e-12, dtype=np.float32),
        "int8.largest_integer": np.array(127, dtype=np.float32),
        "int8.row_scale_share": np.array(1 / 127, dtype=np.float32),
        "int8.one": np.array(1, dtype=np.float32),
        "int8.activation_zero": np.array(_ACTIVATION_ZERO, dtype=np.uint8),
        "int8.last_axis": np.array([-1], dtype=np.int64),
    }
    added |= {name: numpy_helper.from_array(array, name) for name, array in constants.items()}
    graph.initializer.extend(added.values())
    used = {name for node in nodes for name in node.input} | {output.name for output in graph.output}
    kept = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
    if not any(opset.domain == "com.microsoft" for opset in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    onnx.save(model, target)
    return count


def _product(
    node: onnx.NodeProto, weights: dict[str, onnx.TensorProto], added: dict[str, onnx.TensorProto], rounded: set[str]
) -> list[onnx.NodeProto] | None:
    if node.op_type not in ("Gemm", "MatMul") or node.input[1] not in weights:
        return None
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    weight = numpy_helper.to_array(weights[node.input[1]])
    if attributes.get("transB"):
        weight = weight.T
    plain = not attributes.get("transA") and all(attributes.get(name, 1.0) == 1.0 for name in ("alpha", "beta"))
    if weight.ndim != 2 or weight.shape[1] < _FEWEST_COLUMNS or weight.dtype != np.float32 or not plain:
        return None
    given, here = node.input[0], node.output[0]
    integers, scale = _symmetric(weight, axis=0)
    _hold(added, here, integers=integers, scale=scale.ravel())
    bias = len(node.input) > 2
    make = onnx.helper.make_node
    product = [
        make(
            "MatMulIntegerToFloat",
            [f"{given}.rounded", f"{here}.integers", "int8.one", f"{here}.scale", "int8.activation_zero"],
            [f"{here}.product"],
            domain="com.microsoft",
        ),
        make("Mul", [f"{here}.product", f"{given}.row_scale"], [f"{here}.unbiased" if bias else here]),
        *([make("Add", [f"{here}.unbiased", node.input[2]], [here])] if bias else []),
    ]
    if given in rounded:  # query, key and value read one activation
        return product
    rounded.add(given)
    return [*_rounding(given), *product]


def _rounding(given: str) -> list[onnx.NodeProto]:
    """Divide each row of `given` by its own scale and round. Two reductions are faster than one of magnitudes."""
    make = onnx.helper.make_node
    return [
        make("ReduceMax", [given, "int8.last_axis"], [f"{given}.highest"], keepdims=1),
        make("ReduceMin", [given, "int8.last_axis"], [f"{given}.lowest"], keepdims=1),
        make("Neg", [f"{given}.lowest"], [f"{given}.depth"]),
        make("Max", [f"{given}.highest", f"{given}.depth", "int8.row_scale_floor"], [f"{given}.absmax"]),
        make("Mul", [f"{given}.absmax", "int8.row_scale_share"], [f"{given}.row_scale"]),
        make("Div", ["int8.largest_integer", f"{given}.absmax"], [f"{given}.inverse"]),
        make("Mul", [given, f"{given}.inverse"], [f"{given}.scaled"]),
        make("QuantizeLinear", [f"{given}.scaled", "int8.one", "int8.activation_zero"], [f"{given}.rounded"]),
    ]


def _embedding(
    node: onnx.NodeProto, weights: dict[str, onnx.TensorProto], added: dict[str, onnx.TensorProto]
) -> list[onnx.NodeProto] | None:
    if node.op_type != "Gather" or node.input[0] not in weights:
        return None
    table = numpy_helper.to_array(weights[node.input[0]])
    if table.ndim != 2 or table.shape[0] < _FEWEST_EMBEDDINGS or table.dtype != np.float32:
        return None
    here = node.output[0]
    integers, scale = _symmetric(table, axis=1)
    _hold(added, here, integers=integers, scale=scale)
    make = onnx.helper.make_node
    return [
        make("Gather", [f"{here}.integers", node.input[1]], [f"{here}.chosen"], axis=0),
        make("Gather", [f"{here}.scale", node.input[1]], [f"{here}.row_scale"], axis=0),
        make("Cast", [f"{here}.chosen"], [f"{here}.floats"], to=onnx.TensorProto.FLOAT),
        make("Mul", [f"{here}.floats", f"{here}.row_scale"], [here]),
    ]


def _hold(added: dict[str, onnx.TensorProto], here: str, **arrays: npt.NDArray[Any]) -> None:
    for name, array in arrays.items():
        added[f"{here}.{name}"] = numpy_helper.from_array(np.ascontiguousarray(array), f"{here}.{name}")


def _symmetric(weight: npt.NDArray[np.float32], axis: int) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Round to int8 around zero with one scale along `axis`: the largest magnitude becomes 127."""
    scale = np.maximum(np.abs(weight).max(axis=axis, keepdims=True), 1e-12).astype(np.float32) / np.float32(127)
    return np.rint(weight / scale).astype(np.int8), scale
