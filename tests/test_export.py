"""A bundle: verified, an ordinary Hugging Face folder, and the same model as its checkpoint."""

import json
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import Result
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from onnx import TensorProto, helper, numpy_helper
from optimum.onnxruntime import ORTModelForSequenceClassification
from transformers import AutoTokenizer

from data.reviews import VALIDATION, read_reviews
from export.build import build
from export.bundle import BUNDLED, verify
from export.fast import fuse
from export.parity import Recorder, Texts, TorchRun, Verdict, check_parity, gate
from export.quantize import quantize
from export.runtime import OnnxRun, open_scorer
from sentiment_core.batching import pad
from sentiment_core.calibration import fit_decision
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import BundleError, ConfigError, QualityError
from sentiment_core.scorer import Decision, Outputs, Status
from sentiment_core.text import clean

Run = Callable[..., Result]
TEXTS = ["Lovely room, great soup.", "Broken phone.<br />Rude &amp; late refund.", "ok", "The film was superb. " * 4]


@pytest.mark.parametrize("which", ["tiny", "bundled"])
def test_a_bundle_is_an_ordinary_hugging_face_folder(which: str, bundle: Path) -> None:
    folder = bundle if which == "tiny" else BUNDLED
    scorer, manifest = open_scorer(folder)
    model = ORTModelForSequenceClassification.from_pretrained(folder, file_name=manifest.graph)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    encoded = tokenizer([clean(text) for text in TEXTS], padding=True, return_tensors="np", padding_side="right")
    logits = model(input_ids=encoded["input_ids"], attention_mask=encoded["attention_mask"]).logits
    assert_allclose(scorer.decision.probability(np.asarray(logits)), scorer.score(TEXTS).probability, atol=1e-4)
    assert model.config.id2label == {0: "NEGATIVE", 1: "POSITIVE"}


def test_optimum_opens_the_only_graph_of_the_bundled_model_by_itself() -> None:
    assert ORTModelForSequenceClassification.from_pretrained(BUNDLED).config.num_labels == 2


def test_a_bundle_says_what_a_scorer_must_not_guess(bundle: Path) -> None:
    manifest = verify(bundle)
    assert manifest.parity["largest_logit_difference"] < manifest.parity["tolerance"]
    assert manifest.parity["longest_tokens"] > 20
    assert manifest.quantization["agreement"]["value"] >= manifest.quantization["least_agreement"]
    assert manifest.quantization["verdict"] == "passed"
    assert manifest.graph == manifest.validation["scored_by"] == "model_int8.onnx"
    assert len(manifest.validation["probability_histogram"]) == 20
    assert len(manifest.golden) >= 5


def test_inspect_scores_the_golden_rows_again(sentiment: Run, bundle: Path) -> None:
    for folder in (bundle, BUNDLED):
        assert "golden rows within" in sentiment("inspect", folder).stdout
    assert "on imdb" in sentiment("inspect", BUNDLED).stdout


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


def change(folder: Path, **fields: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_an_altered_file_is_refused(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("{}")
    with pytest.raises(BundleError, match=r"tokenizer\.json: wanted SHA-256 .* copy the bundle again"):
        open_scorer(copy)


def test_a_missing_file_is_refused(copy: Path) -> None:
    (copy / "model_int8.onnx").unlink()
    with pytest.raises(BundleError, match=r"model_int8\.onnx: wanted this file of the manifest, found No such file"):
        open_scorer(copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", ".."])
def test_no_path_leaves_the_folder(copy: Path, name: str) -> None:
    files = json.loads((copy / "manifest.json").read_text())["files"]
    change(copy, files={**files, name: "0"})
    with pytest.raises(BundleError, match="wanted plain file names"):
        open_scorer(copy)


def test_swapped_labels_are_refused(copy: Path) -> None:
    change(copy, labels=["POSITIVE", "NEGATIVE"])
    with pytest.raises(BundleError, match="wanted labels"):
        open_scorer(copy)


def test_a_model_is_never_overwritten(sentiment: Run, checkpoint: Path, bundle: Path) -> None:
    assert "wanted a folder that does not exist yet" in str(
        sentiment("export", checkpoint, "--output", bundle).exception
    )


def test_what_is_no_checkpoint_is_refused(sentiment: Run, tmp_path: Path) -> None:
    assert "wanted a checkpoint of `sentiment train`" in str(
        sentiment("export", tmp_path, "--output", tmp_path / "x").exception
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("off", [0.01, np.nan, np.inf])
def test_a_graph_that_is_another_model_is_refused(off: float) -> None:
    """NaN is neither more nor less than a tolerance, and must not pass for it."""
    candidates = [lambda ids, mask, off=off: np.full((1, 2), off) for off in (0.0, off, 0.0)]
    recorder = Recorder(lambda ids, mask: np.zeros((1, 2)), candidates)
    for _ in range(2):
        recorder(np.zeros((1, 1), dtype=np.int64), np.zeros((1, 1), dtype=np.int64))
    with pytest.raises(QualityError, match=rf"wanted logits within 0\.001 of PyTorch's, found {off} over 1 texts"):
        check_parity(recorder, 1, 1)


def test_parity_of_nothing_is_refused() -> None:
    with pytest.raises(QualityError, match="over 0 texts"):
        check_parity(Recorder(lambda ids, mask: np.zeros((1, 2)), []), 0, 0)


def said(*labels: tuple[float, int]) -> Outputs:
    """Margins, each of so many reviews."""
    margin = np.repeat([value for value, _ in labels], [rows for _, rows in labels]).astype(np.float32)
    return Outputs(
        logits=np.stack([np.zeros_like(margin), margin], axis=1),
        token_count=np.ones(len(margin), dtype=np.uint32),
        status=np.full(len(margin), Status.OK).astype(str),
    )


@pytest.mark.parametrize(
    ("plain", "int8", "verdict"),
    [
        (said((3, 500), (-3, 500)), said((2.9, 500), (-3.1, 500)), Verdict.PASSED),
        (said((3, 500), (-3, 500)), said((3, 501), (-3, 499)), Verdict.PASSED),
        (said((3, 18), (-3, 18)), said((3, 18), (-3, 18)), Verdict.PASSED),
        # All ten negatives of a thousand lost: 99 % of the labels agree.
        (said((3, 990), (-3, 10)), said((3, 1000)), Verdict.FAILED),
        (said((3, 982), (-3, 18)), said((3, 973), (-3, 27)), Verdict.FAILED),
        (said((3, 500), (-3, 500)), said((3, 515), (-3, 485)), Verdict.FAILED),
        (said((3, 500), (-3, 500)), said((3, 500), (-3, 499), (np.nan, 1)), Verdict.FAILED),
        (said((3, 500), (-3, 499), (np.nan, 1)), said((3, 500), (-3, 499), (np.nan, 1)), Verdict.FAILED),
        (said((3, 500), (-3, 500)), said((3, 500), (-np.inf, 500)), Verdict.FAILED),
        (said((3, 15), (-3, 12)), said((3, 15), (-3, 12)), Verdict.CANNOT_TELL),
        (said((3, 990), (-3, 10)), said((3, 990), (-3, 10)), Verdict.CANNOT_TELL),
        (said((3, 1000)), said((3, 1000)), Verdict.CANNOT_TELL),
        (said((3, 0)), said((3, 0)), Verdict.CANNOT_TELL),
    ],
)
def test_the_gate_of_int8(plain: Outputs, int8: Outputs, verdict: Verdict) -> None:
    assert gate(plain, int8, Decision())["verdict"] is verdict


def test_the_graph_that_scores_is_the_one_that_was_measured_and_decides_by_its_own_logits(
    checkpoint: Path, tmp_path: Path
) -> None:
    """Six reviews cannot tell whether int8 may score."""
    kept = read_reviews([checkpoint / VALIDATION], "text", "label").take(range(6))
    folder = tmp_path / "bundle"
    folder.mkdir()
    training = json.loads((checkpoint / "training.json").read_text())
    manifest = build(
        checkpoint, folder, training, Texts(texts=kept.texts, labels=kept.labels), TEXTS, lambda line: None
    )
    assert manifest.quantization["verdict"] == Verdict.CANNOT_TELL
    assert manifest.graph == manifest.validation["scored_by"] == "model_fast.onnx"
    scorer, _ = open_scorer(folder)
    assert manifest.decision == fit_decision(scorer.run(kept.texts).logits, np.array(kept.labels))
    assert manifest.decision != Decision(temperature=training["temperature"], threshold=training["threshold"])
    assert manifest.validation["evaluation"]["rows"] == 6


def test_products_of_large_integers_do_not_overflow(tmp_path: Path) -> None:
    """x86 processors without VNNI add them up in 16 bits unless a session is told otherwise."""
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["input_ids"], ["x"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["x", "w"], ["y"]),
        ],
        "product",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["rows", 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 48])],
        [numpy_helper.from_array(np.ones((64, 48), dtype=np.float32), "w")],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), tmp_path / "plain.onnx"
    )
    assert quantize(tmp_path / "plain.onnx", tmp_path / "int8.onnx") == 1
    ids = np.ones((3, 64), dtype=np.int64)
    assert_allclose(OnnxRun(tmp_path / "int8.onnx")(ids, ids), np.full((3, 48), 64.0), rtol=1e-5)
    (untold,) = onnxruntime.InferenceSession(tmp_path / "int8.onnx").run(None, {"input_ids": ids})
    if "vnni" in Path("/proc/cpuinfo").read_text():
        assert_array_equal(OnnxRun(tmp_path / "int8.onnx")(ids, ids), untold)


@pytest.fixture(params=["Gemm", "MatMul"])
def product(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A graph of one product with a constant weight of 32 x 48."""
    weight = np.random.default_rng(0).normal(size=(32, 48)).astype(np.float32)
    bias = np.arange(48, dtype=np.float32)
    inputs = ["x", "w", "b"] if request.param == "Gemm" else ["x", "w"]
    graph = helper.make_graph(
        [helper.make_node(request.param, inputs, ["y"])],
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 48])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, tmp_path / "plain.onnx")
    assert quantize(tmp_path / "plain.onnx", tmp_path / "int8.onnx") == 1
    return tmp_path / "int8.onnx", weight if request.param == "MatMul" else np.vstack([weight, bias])


def test_a_row_is_quantized_alone(product: tuple[Path, np.ndarray]) -> None:
    path, weight = product
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    rows = np.random.default_rng(1).normal(size=(8, 32)).astype(np.float32)
    rows[0] *= 1000  # an outlier neighbour
    rows[1] = 0
    (together,) = session.run(None, {"x": rows})
    alone = np.vstack([session.run(None, {"x": row[None]})[0] for row in rows])
    assert_array_equal(together, alone)
    exact = rows @ weight[:32] + (weight[32] if len(weight) > 32 else 0)
    assert np.abs(together - exact).max(axis=1) == pytest.approx(0, abs=0.02 * float(np.abs(exact).max()))
    for found, wanted in zip(together, exact, strict=True):
        assert np.linalg.norm(found - wanted) <= 0.02 * max(np.linalg.norm(wanted), 1e-6)


def test_the_fast_graph_has_nothing_to_spare(bundle: Path) -> None:
    found = Counter(node.op_type for node in onnx.load(bundle / "model_fast.onnx").graph.node)
    assert (found["Attention"], found["MultiHeadAttention"]) == (1, 1)
    assert not {"Where", "IsNaN", "Transpose", "Softmax", "Pow", "Tanh"} & set(found)
    assert sum(found.values()) < 50


@settings(max_examples=25, deadline=None)
@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=6), seed=st.integers(0, 99))
def test_the_fast_graph_is_the_plain_one(bundle: Path, lengths: list[int], seed: int) -> None:
    tokens = np.random.default_rng(seed)
    pad_id = verify(bundle).pad_id
    rows = [tokens.integers(pad_id + 1, 600, length) for length in lengths]
    run = OnnxRun(bundle / "model_fast.onnx")
    fast = run(*pad(rows, pad_id))
    assert_allclose(fast, OnnxRun(bundle / "model.onnx")(*pad(rows, pad_id)), atol=1e-4)
    # To the last bit: a run that was resumed has other batches, and must write the same bytes.
    assert_array_equal(fast, np.vstack([run(*pad([row], pad_id)) for row in rows]))


@pytest.mark.parametrize(
    "other", [{"model_type": "bert"}, {"activation_function": "relu"}, {"scale_attn_by_inverse_layer_idx": True}]
)
def test_a_model_that_is_not_gpt2_as_it_was_published_keeps_its_graph(
    checkpoint: Path, other: dict[str, object], tmp_path: Path
) -> None:
    config = json.loads((checkpoint / "config.json").read_text())
    assert not fuse(TorchRun.open(checkpoint).weights, config | other, tmp_path / "fast.onnx")
    assert list(tmp_path.iterdir()) == []


def test_fp16_for_a_gpu_is_the_same_model(bundle: Path) -> None:
    pad_id = verify(bundle).pad_id
    ids, mask = pad([[5, 6, 7], list(range(9, 60))], pad_id)
    plain, fp16 = (OnnxRun(bundle / name)(ids, mask) for name in ("model_fast.onnx", "model_fp16.onnx"))
    assert_allclose(fp16, plain, atol=0.02)
    assert (bundle / "model_fp16.onnx").stat().st_size < 0.6 * (bundle / "model_fast.onnx").stat().st_size


@pytest.mark.skipif("CUDAExecutionProvider" in onnxruntime.get_available_providers(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_one_line(bundle: Path) -> None:
    with pytest.raises(ConfigError, match="--device cuda: wanted ONNX Runtime with CUDAExecutionProvider, found"):
        open_scorer(bundle, ScoreConfig(device="cuda"))
    with pytest.raises(BundleError, match=r"wanted model_fp16\.onnx for --device cuda, found none"):
        open_scorer(BUNDLED, ScoreConfig(device="cuda"))
