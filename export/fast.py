"""The graph that scores, for GPT-2: what Optimum's export computes, in as few operators as ONNX Runtime has.

Right padding is our contract, so a causal model needs no padding mask: no token attends to what comes after it.
Only the last token of a review is read, so the last block computes nothing but keys and values for the others.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

_GELU = ("gelu_new", "gelu_pytorch_tanh")  # one function under two names
_CONTRIBUTED = "com.microsoft"
_OPSETS = (helper.make_opsetid("", 23), helper.make_opsetid(_CONTRIBUTED, 1))


def fuse(weights: Mapping[str, npt.NDArray[np.float32]], config: Mapping[str, Any], target: Path) -> bool:
    """Write the graph of a GPT-2 classifier to `target`; return False for any other model.

    `weights` are the checkpoint's, by their names (Optimum's graph holds equal ones once, under one name), and
    `config` its config.json. Inputs and output are those of Optimum's graph: (rows, length) `input_ids` and
    `attention_mask`, padded on the right, to (rows, 2) `logits`.
    """
    usual = (
        config.get("model_type") == "gpt2"
        and config.get("activation_function", "gelu_new") in _GELU
        and config.get("scale_attn_weights", True)
        and not config.get("scale_attn_by_inverse_layer_idx", False)
    )
    if not usual:
        return False
    graph = _Graph(weights, config).build()
    onnx.save(helper.make_model(graph, opset_imports=_OPSETS, ir_version=10), target)
    return True


class _Graph:
    """Nodes and constants in the making. Names of values are those of the checkpoint's modules."""

    def __init__(self, weights: Mapping[str, npt.NDArray[np.float32]], config: Mapping[str, Any]):
        self._weights, self._config = weights, config
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, npt.NDArray[Any]] = {}

    def build(self) -> onnx.GraphProto:
        blocks = self._config["n_layer"]
        hidden = self._embeddings()
        normal = self._add("LayerNormalization", [hidden, *self._norm("h.0.ln_1")], "normal.0", epsilon=self._epsilon)
        for block in range(blocks):
            following = f"h.{block + 1}.ln_1" if block + 1 < blocks else "ln_f"
            normal, hidden = self._block(block, normal, hidden, following, pooled=block + 1 == blocks)
        score = self._add("MatMul", [normal, self._constant("score", self._weights["score.weight"].T)], "scores")
        self._add("Squeeze", [score, self._constant("axis.1", [1])], "logits")
        shape = ["rows", "length"]
        return helper.make_graph(
            self._nodes,
            "gpt2",
            [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in ("input_ids", "attention_mask")],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["rows", 2])],
            [numpy_helper.from_array(array, name) for name, array in self._constants.items()],
        )

    def _embeddings(self) -> str:
        tokens = self._add("Gather", [self._weight("wte.weight"), "input_ids"], "tokens")
        length = self._add("Shape", ["input_ids"], "length", start=1, end=2)
        zero, axis = self._constant("zero", [0]), self._constant("axis.0", [0])
        positions = self._add("Slice", [self._weight("wpe.weight"), zero, length, axis], "positions")
        # The last token of each row, and how many keys it may attend to.
        counts = self._add("ReduceSum", ["attention_mask", self._constant("axis.1", [1])], "counts", keepdims=0)
        self._add("Cast", [counts], "lengths", to=TensorProto.INT32)
        last = self._add("Sub", [counts, self._constant("one", 1)], "last")
        self._add("Unsqueeze", [last, self._constant("axes.1.2", [1, 2])], "last.index")
        return self._add("Add", [tokens, positions], "hidden")

    def _block(self, block: int, normal: str, hidden: str, following: str, *, pooled: bool) -> tuple[str, str]:
        """Add one block; return its output under the norm `following`, and as it is."""
        name = f"h.{block}"
        if pooled:
            attended = self._attend_last(name, normal)
            hidden = self._add("GatherND", [hidden, "last.index"], f"{hidden}.last", batch_dims=1)
        else:
            attended = self._attend(name, normal)
        weight = self._weights[f"transformer.{name}.attn.c_proj.weight"]
        # Attention weights add up to 1, so the bias of the values comes out of them as it went in.
        bias = self._weights[f"transformer.{name}.attn.c_proj.bias"] + self._biases(name)[2] @ weight
        projected = self._add("MatMul", [attended, self._weight(f"{name}.attn.c_proj.weight")], f"{name}.projected")
        normal, hidden = self._skip(projected, hidden, f"{name}.ln_2", self._constant(f"{projected}.bias", bias))
        wide = self._add("MatMul", [normal, self._weight(f"{name}.mlp.c_fc.weight")], f"{name}.wide")
        bent = self._add("FastGelu", [wide, self._weight(f"{name}.mlp.c_fc.bias")], f"{name}.bent", domain=_CONTRIBUTED)
        narrow = self._add("MatMul", [bent, self._weight(f"{name}.mlp.c_proj.weight")], f"{name}.narrow")
        return self._skip(narrow, hidden, following, self._weight(f"{name}.mlp.c_proj.bias"))

    def _attend(self, name: str, normal: str) -> str:
        """Let every token attend to those before it and itself."""
        parts, heads = self._parts(name, normal, normal), self._config["n_head"]
        # Up to twice as fast as MultiHeadAttention.
        return self._add("Attention", parts, f"{name}.attended", is_causal=1, q_num_heads=heads, kv_num_heads=heads)

    def _attend_last(self, name: str, normal: str) -> str:
        """Let the last token of each review attend to all of its review."""
        # Asked twice: for a single query ONNX Runtime takes a product whose sums depend on the padding.
        twice = self._add("Tile", ["last.index", self._constant("twice", [1, 2, 1])], "last.twice")
        asking = self._add("GatherND", [normal, twice], f"{normal}.last", batch_dims=1)
        attended = self._add(
            "MultiHeadAttention",
            [*self._parts(name, asking, normal), "", "lengths"],
            f"{name}.attended",
            domain=_CONTRIBUTED,
            num_heads=self._config["n_head"],
        )
        once = [self._constant(constant, [number]) for constant, number in (("zero", 0), ("row.1", 1), ("axis.1", 1))]
        return self._add("Slice", [attended, *once], f"{attended}.once")

    def _parts(self, name: str, asking: str, normal: str) -> list[str]:
        """Project `asking` to queries, and `normal` to keys and values without their biases.

        A key's bias adds the same to all scores of a query, which the softmax takes away again.
        """
        weights = np.split(self._weights[f"transformer.{name}.attn.c_attn.weight"], 3, axis=1)
        query, key, value = (
            self._add("MatMul", [given, self._constant(f"{name}.{part}.weight", weight)], f"{name}.{part}")
            for part, weight, given in zip(("query", "key", "value"), weights, (asking, normal, normal), strict=True)
        )
        bias = self._constant(f"{query}.bias", self._biases(name)[0])
        return [self._add("Add", [query, bias], f"{query}.biased"), key, value]

    def _biases(self, name: str) -> list[npt.NDArray[np.float32]]:
        """Of query, key and value."""
        return np.split(self._weights[f"transformer.{name}.attn.c_attn.bias"], 3)

    def _skip(self, value: str, hidden: str, norm: str, bias: str) -> tuple[str, str]:
        """Add `value` and the constant `bias` to the residual stream; return its norm and the stream.

        SkipLayerNormalization would do it in one, but took three times as long as these three.
        """
        biased = self._add("Add", [value, bias], f"{value}.biased")
        hidden = self._add("Add", [hidden, biased], f"{value}.sum")
        normal = self._add("LayerNormalization", [hidden, *self._norm(norm)], f"{value}.normal", epsilon=self._epsilon)
        return normal, hidden

    @property
    def _epsilon(self) -> float:
        return float(self._config.get("layer_norm_epsilon", 1e-5))

    def _norm(self, name: str) -> tuple[str, str]:
        return self._weight(f"{name}.weight"), self._weight(f"{name}.bias")

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[f"transformer.{name}"])

    def _constant(self, name: str, array: npt.ArrayLike) -> str:
        self._constants[name] = np.ascontiguousarray(array)
        return name

    def _add(self, kind: str, given: Sequence[str], output: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, given, [output], **attributes))
        return output
