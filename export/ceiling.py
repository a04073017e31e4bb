"""What this machine gives at most: the products of a model's graph, and nothing else."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

_SECONDS_A_SHAPE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ceiling:
    """Operations of all products with a weight for one token, and operations a second that they reach alone."""

    operations_per_token: int
    operations_per_second: float


def measure(graph: Path, tokens: int, workers: int) -> Ceiling:
    """Time every shape of product in `graph` in runs of `tokens` rows, on `workers` threads at once."""
    shapes = _shapes(graph)
    operations = {shape: 2 * shape[0] * shape[1] * count for shape, count in shapes.items()}
    seconds = sum(count * _seconds(*shape, tokens, workers) for shape, count in shapes.items())
    total = sum(operations.values())
    return Ceiling(operations_per_token=total, operations_per_second=total / seconds)


def _shapes(graph: Path) -> Counter[tuple[int, int, bool]]:
    """Count (rows, columns, whether int8) of the constant weights that something is multiplied by."""
    found = onnx.load(graph).graph
    weights = {tensor.name: tensor for tensor in found.initializer}
    counts: Counter[tuple[int, int, bool]] = Counter()
    for node in found.node:
        if node.op_type in ("MatMul", "Gemm", "MatMulIntegerToFloat") and node.input[1] in weights:
            weight = weights[node.input[1]]
            counts[weight.dims[0], weight.dims[1], weight.data_type == TensorProto.INT8] += 1
    return counts


def _seconds(rows: int, columns: int, int8: bool, tokens: int, workers: int) -> float:
    """Return the seconds that a token takes."""
    session = onnxruntime.InferenceSession(_product(rows, columns, int8), _options(), ["CPUExecutionProvider"])
    given = np.ones((tokens, rows), dtype=np.uint8 if int8 else np.float32)

    def work(until: float) -> int:
        runs = 0
        while time.perf_counter() < until:
            session.run(None, {"x": given})
            runs += 1
        return runs

    with ThreadPoolExecutor(workers) as pool:
        start = time.perf_counter()
        runs = sum(pool.map(work, [start + _SECONDS_A_SHAPE] * workers))
        return (time.perf_counter() - start) / (runs * tokens)


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return options


def _product(rows: int, columns: int, int8: bool) -> bytes:
    weight = np.ones((rows, columns), dtype=np.int8 if int8 else np.float32)
    constants = {"w": weight, "one": np.float32(1), "scale": np.ones(columns, dtype=np.float32), "zero": np.uint8(128)}
    node = (
        helper.make_node("MatMulIntegerToFloat", ["x", "w", "one", "scale", "zero"], ["y"], domain="com.microsoft")
        if int8
        else helper.make_node("MatMul", ["x", "w"], ["y"])
    )
    kind = TensorProto.UINT8 if int8 else TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "product",
        [helper.make_tensor_value_info("x", kind, ["tokens", rows])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["tokens", columns])],
        [numpy_helper.from_array(np.asarray(constants[name]), name) for name in node.input[1:]],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    made: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=10).SerializeToString()
    return made
