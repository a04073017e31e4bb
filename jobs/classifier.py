"""A base that a classifier is made of: looked at before anything is read, loaded when it is trained."""

from dataclasses import dataclass
from typing import Self

import torch
from tokenizers import Tokenizer
from transformers import AutoModelForSequenceClassification, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerFast

from export.runtime import Encoder
from jobs.base import longest_review, open_base, open_config, open_tokenizer
from jobs.classifier_trainer import reads_left_to_right
from sentiment_core.config import TrainConfig
from sentiment_core.errors import ConfigError
from sentiment_core.labels import ID2LABEL, LABEL2ID, Label

# What GPT-2, BERT and its kind, DistilBERT and Llama call it.
_DROPOUTS = (
    *("resid_pdrop", "embd_pdrop", "attn_pdrop", "hidden_dropout_prob", "attention_probs_dropout_prob"),
    *("dropout", "attention_dropout"),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Start:
    """A base, its tokenizer, how wide it is, and how many tokens of a review it reads."""

    base: str
    tokenizer: PreTrainedTokenizerFast
    encode: Encoder
    width: int
    max_length: int

    @classmethod
    def look_at(cls, config: TrainConfig) -> Self:
        """Look at `config.base` without loading its weights.

        Raises ConfigError where it is out of reach, or cannot be trained as `config` says.
        """
        tokenizer = open_tokenizer(config.base)
        shape = _shape(config.base)
        with torch.device("meta"):
            model = AutoModelForSequenceClassification.from_config(shape)
        if len(tokenizer) > shape.vocab_size:
            raise ConfigError(
                f"--base {config.base}: wanted a tokenizer of the model's own, found {len(tokenizer)} tokens for "
                f"{shape.vocab_size} embeddings; give a folder where both belong together"
            )
        if config.prefixes and not reads_left_to_right(model):
            raise ConfigError(
                "--prefixes: wanted a base that reads from left to right, as GPT-2 does, "
                f"found {shape.model_type}; leave --prefixes out"
            )
        tokenizer.padding_side = "right"
        return cls(
            base=config.base,
            tokenizer=tokenizer,
            encode=Encoder(Tokenizer.from_str(tokenizer.backend_tokenizer.to_str())),
            width=shape.hidden_size,
            max_length=longest_review(shape, tokenizer, config.max_length),
        )

    def classifier(self, dropout: float | None) -> PreTrainedModel:
        """Load the base as a classifier with a new head; `dropout` None is its own."""
        shape = _shape(self.base)
        for name in _DROPOUTS:
            if dropout is not None and hasattr(shape, name):
                setattr(shape, name, dropout)
        model = open_base(AutoModelForSequenceClassification, self.base, config=shape, ignore_mismatched_sizes=True)
        model.config.pad_token_id = self.tokenizer.pad_token_id
        return model


def _shape(base: str) -> PretrainedConfig:
    return open_config(base, num_labels=len(Label), id2label=ID2LABEL, label2id=LABEL2ID)
