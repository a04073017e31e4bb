"""Any base that transformers and Optimum take goes through train, export and score; parity is the export's own."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from conftest import made_up_reviews
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2ForSequenceClassification,
    LlamaConfig,
    LlamaForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

Run = Callable[..., Result]
SHAPE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def of_bert(size: int) -> PreTrainedModel:
    return BertForSequenceClassification(
        BertConfig(vocab_size=size, max_position_embeddings=64, pad_token_id=1, **SHAPE)
    )


def of_roberta(size: int) -> PreTrainedModel:
    return RobertaForSequenceClassification(
        RobertaConfig(vocab_size=size, max_position_embeddings=66, pad_token_id=1, **SHAPE)
    )


def of_distilbert(size: int) -> PreTrainedModel:
    return DistilBertForSequenceClassification(
        DistilBertConfig(
            vocab_size=size, max_position_embeddings=64, pad_token_id=1, dim=32, n_layers=2, n_heads=2, hidden_dim=64
        )
    )


def of_llama(size: int) -> PreTrainedModel:
    return LlamaForSequenceClassification(
        LlamaConfig(vocab_size=size, max_position_embeddings=64, num_key_value_heads=1, pad_token_id=1, **SHAPE)
    )


def of_wide_gpt2(size: int) -> PreTrainedModel:
    return GPT2ForSequenceClassification(GPT2Config(vocab_size=size, n_positions=64, n_embd=96, n_layer=3, n_head=3))


@pytest.mark.parametrize("make", [of_bert, of_roberta, of_distilbert, of_llama, of_wide_gpt2])
def test_any_architecture_goes_through_every_command(
    sentiment: Run, labelled: Path, tmp_path: Path, make: Callable[[int], PreTrainedModel]
) -> None:
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    texts = pl.read_parquet(labelled)["text"]
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=600, special_tokens=SPECIAL, initial_alphabet=alphabet)
    )
    if make not in (of_llama, of_wide_gpt2):
        tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0))
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", model_max_length=64
    )
    wrapped.save_pretrained(tmp_path / "base")
    make(len(wrapped)).save_pretrained(tmp_path / "base")

    settings = ("--epochs", 2, "--learning-rate", 3e-3, "--max-length", 32)
    trained = sentiment("train", labelled, "--base", tmp_path / "base", "--output", tmp_path / "c", *settings)
    assert trained.exception is None
    assert sentiment("export", tmp_path / "c", "--output", tmp_path / "b").exception is None
    manifest = json.loads((tmp_path / "b" / "manifest.json").read_text())
    assert manifest["parity"]["largest_logit_difference"] < 1e-3
    assert manifest["parity"]["longest_tokens"] == 32
    outputs = []
    for tokens in (64, 4096):
        out = tmp_path / str(tokens)
        sentiment("score", labelled, "--output", out, "--model", tmp_path / "b", "--batch-tokens", tokens)
        outputs.append(pl.read_parquet(out / "labelled.parquet"))
    assert (outputs[0]["positive_probability"] - outputs[1]["positive_probability"]).abs().max() < 1e-4
    assert outputs[0]["predicted_label"].equals(outputs[1]["predicted_label"])
    assert (outputs[0]["predicted_label"] == made_up_reviews(600)["label"]).mean() > 0.9
