"""Laws of the domain: whatever the text, the batch or the label."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from data.splits import is_validation
from sentiment_core.batching import pad, plan
from sentiment_core.config import PretrainConfig, ScoreConfig, TrainConfig
from sentiment_core.errors import BundleError, ConfigError
from sentiment_core.manifest import Golden, Manifest
from sentiment_core.scorer import Decision
from sentiment_core.text import clean
from sentiment_core.truncation import head_and_tail

markup = st.lists(
    st.sampled_from(
        ["<br />", "&amp;", "&lt;", "&quot;", "<3", "\x00", "\u00a0", "e\u0301", "\ud800", "ok", " ", "<b>"]
    )
).map("".join)


@given(text=st.text() | markup)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Bad.<br /><br />Really   bad.", "Bad. Really bad."),
        ("Tom &amp; Jerry &amp;quot;live&amp;quot;", 'Tom & Jerry "live"'),
        ("I <3 it, 2 < 3", "I <3 it, 2 < 3"),
        ("line\r\nbreak\ttab\u00a0space", "line break tab space"),
        ("nul\x00 and \x9fcontrol", "nul and control"),
        ("cafe\u0301", "caf\u00e9"),
        (" \n\t ", ""),
        ("<p></p>", ""),
    ],
)
def test_cleaning(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@given(lengths=st.lists(st.integers(1, 600), max_size=60), budget=st.integers(1, 2000))
def test_every_row_runs_once_within_the_budget(lengths: list[int], budget: int) -> None:
    runs = [members.tolist() for members in plan(np.array(lengths, dtype=np.int64), budget)]
    assert sorted(row for run in runs for row in run) == list(range(len(lengths)))
    assert all(len(run) == 1 or len(run) * max(lengths[row] for row in run) <= budget for run in runs)


@given(rows=st.lists(st.lists(st.integers(1, 99), min_size=1, max_size=9), min_size=1, max_size=9))
def test_padding_is_on_the_right_and_masked(rows: list[list[int]]) -> None:
    ids, mask = pad(rows, pad_id=0)
    for row, padded, shown in zip(rows, ids.tolist(), mask.tolist(), strict=True):
        assert padded == row + [0] * (len(padded) - len(row))
        assert shown == [1] * len(row) + [0] * (len(padded) - len(row))


@given(ids=st.lists(st.integers()), limit=st.integers(4, 50))
def test_truncation_keeps_both_ends(ids: list[int], limit: int) -> None:
    kept = list(head_and_tail(ids, limit))
    head = limit // 4
    assert kept == ids if len(ids) <= limit else kept == ids[:head] + ids[-(limit - head) :]


@given(margin=st.floats(-1e4, 1e4), temperature=st.floats(0.01, 100))
def test_probability_is_the_softmax_of_the_tempered_logits(margin: float, temperature: float) -> None:
    decision = Decision(temperature=temperature)
    logits = np.array([[0.0, margin]], dtype=np.float32)
    exact = 1 / (1 + np.exp(-np.clip(float(logits[0, 1]) / temperature, -700, 700)))
    assert_allclose(decision.probability(logits), exact, atol=1e-6)


@given(probability=st.floats(0, 1, width=32), threshold=st.floats(0.01, 0.99))
def test_a_label_can_be_checked_from_the_written_probability(probability: float, threshold: float) -> None:
    (label,) = Decision(threshold=threshold).decide(np.array([probability], dtype=np.float32))
    assert label == (np.float32(probability) >= np.float32(threshold))


@given(text=st.text(), share=st.floats(0.01, 0.99))
def test_a_review_stands_on_one_side_however_it_was_escaped(text: str, share: float) -> None:
    assert is_validation(text, share) == is_validation(f" {clean(text)}<br />\n", share)


def test_a_fifth_is_validation() -> None:
    assert 0.18 < np.mean([is_validation(f"review {number}") for number in range(5000)]) < 0.22


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
manifests = st.builds(
    Manifest,
    graph=st.just("model.onnx"),
    max_length=st.integers(1, 4096),
    pad_id=st.integers(0, 10**6),
    temperature=st.floats(0.01, 100),
    threshold=st.floats(0.01, 0.99),
    files=st.dictionaries(st.text(), st.text()).map(lambda files: files | {"model.onnx": "0"}),
    parity=st.dictionaries(st.text(), json_values),
    quantization=st.dictionaries(st.text(), json_values),
    validation=st.dictionaries(st.text(), json_values),
    card=st.dictionaries(st.text(), json_values),
    golden=st.lists(st.builds(Golden, text=st.text(), probability=st.floats(0, 1))).map(tuple),
)


@given(manifest=manifests)
def test_a_manifest_survives_its_file(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


MANIFEST = Manifest(
    graph="model.onnx",
    max_length=8,
    pad_id=0,
    temperature=1.0,
    threshold=0.5,
    files={"model.onnx": "0"},
    parity={},
    quantization={},
    validation={},
    card={},
    golden=(),
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ["POSITIVE", "NEGATIVE"]}, r"wanted labels \['NEGATIVE', 'POSITIVE'\]"),
        ({"format": 99}, "wanted format 1, found 99"),
        ({"graph": "other.onnx"}, "graph 'other.onnx' is not among its files"),
        ({"head_share": 0.5}, "wanted head_share"),
        ({"extra": 1}, "found a difference in"),
        ({"max_length": 0}, "max_length must be at least 1"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(change: dict[str, object], message: str) -> None:
    content = json.dumps(json.loads(MANIFEST.to_json()) | change)
    with pytest.raises(BundleError, match=message):
        Manifest.from_json(content)


@pytest.mark.parametrize("content", ["", "[]", "{", "null", '{"golden": 3}'])
def test_what_is_no_manifest_is_refused(content: str) -> None:
    with pytest.raises(BundleError, match="manifest: wanted"):
        Manifest.from_json(content)


def test_a_manifest_reads_logits_by_its_own_figures() -> None:
    assert replace(MANIFEST, temperature=2.0).decision == Decision(temperature=2.0)


@pytest.mark.parametrize(
    ("config", "settings", "message"),
    [
        (ScoreConfig, {"batch_tokens": 0}, "batch_tokens must be above 0, got 0"),
        (ScoreConfig, {"threads": -1}, "threads must be 0"),
        (TrainConfig, {"max_length": 4}, "max_length must be at least 8"),
        (TrainConfig, {"learning_rate": 0.0}, "learning_rate must be above 0"),
        (PretrainConfig, {"base": "gpt2", "embeddings": "gpt2"}, "give one of the two"),
        (PretrainConfig, {"width": 100}, "width must be a multiple of 64"),
        (PretrainConfig, {"vocabulary": 256}, "vocabulary must be at least 512"),
        (Decision, {"temperature": 0.0}, "temperature must be above 0"),
        (Decision, {"threshold": 1.0}, "threshold must lie between 0 and 1"),
    ],
)
def test_settings_out_of_range_are_refused(config: type, settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(**settings)
