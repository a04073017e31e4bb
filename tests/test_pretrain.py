"""Pretraining: what a base begins with."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import Result
from transformers import AutoConfig, AutoModelForCausalLM

from jobs.base import open_tokenizer
from jobs.embeddings import borrow_embeddings
from sentiment_core.errors import ConfigError

Run = Callable[..., Result]


def _similarities(weights: torch.Tensor) -> torch.Tensor:
    return torch.corrcoef(weights.detach() - weights.detach().mean(dim=0))


def test_borrowed_embeddings_keep_which_tokens_are_alike(base: Path) -> None:
    source = AutoModelForCausalLM.from_pretrained(base)
    model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(base))
    before = model.get_input_embeddings().weight.std().item()
    borrow_embeddings(model, open_tokenizer(str(base)), str(base))
    own = model.get_input_embeddings().weight
    assert own.std().item() == pytest.approx(before, rel=1e-3)
    # Tokens of a part of a character have no spelling of their own.
    spelled = [token for token in range(len(own)) if "\ufffd" not in open_tokenizer(str(base)).decode([token])]
    alike = _similarities(source.get_input_embeddings().weight[spelled]) - _similarities(own[spelled])
    assert alike.abs().mean() < 0.05
    assert torch.equal(own, model.get_output_embeddings().weight)


def test_narrower_embeddings_are_refused(sentiment: Run, base: Path, labelled: Path, tmp_path: Path) -> None:
    settings = "--layers 1 --width 128 --vocabulary 600 --length 64 --embeddings"
    result = sentiment("pretrain", labelled, "--output", tmp_path / "wide", *settings.split(), base)
    assert isinstance(result.exception, ConfigError)
    assert f"--embeddings {base}: wanted embeddings at least 128 wide, found 64" in str(result.exception)


def test_blocks_longer_than_the_base_reads_are_refused(
    sentiment: Run, base: Path, labelled: Path, tmp_path: Path
) -> None:
    result = sentiment("pretrain", labelled, "--output", tmp_path / "c", "--base", base, "--length", 128)
    assert str(result.exception) == (f"--length 128: wanted at most 64 tokens, which is what {base} reads; give less")
    assert not list(tmp_path.iterdir())


def test_an_interrupted_pretraining_is_not_deleted(sentiment: Run, labelled: Path, tmp_path: Path) -> None:
    state = tmp_path / ".c.training" / "checkpoint-3" / "trainer_state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{}")
    arguments = ("pretrain", labelled, "--output", tmp_path / "c")
    assert "found one that was interrupted" in str(sentiment(*arguments).exception)
    assert "wanted what was begun there, found another in " in str(sentiment(*arguments, "--resume").exception)
    assert state.exists()
