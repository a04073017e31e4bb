"""Token embeddings to start from: those of a model that was trained on far more text."""

from typing import cast

import torch
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerFast

from jobs.base import open_base, open_tokenizer
from sentiment_core.errors import ConfigError


def borrow_embeddings(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, source: str) -> None:
    """Set the token embeddings of `model` to those of `source`, matched by spelling.

    A token that `source` spells in several is the mean of those. Where `source` is wider, the directions in which
    its embeddings differ most are kept (principal components); the spread stays what `model` was initialised with.
    Raises ConfigError for a narrower `source`.
    """
    theirs = _embeddings(open_base(AutoModel, source)).detach()
    spell = open_tokenizer(source)
    own = _embeddings(model)
    rows, width = own.shape
    if theirs.shape[1] < width:
        raise ConfigError(
            f"--embeddings {source}: wanted embeddings at least {width} wide, found {theirs.shape[1]}; "
            "choose a smaller --width"
        )
    spellings = tokenizer.batch_decode([[token] for token in range(rows)])
    pieces = spell(spellings, add_special_tokens=False)["input_ids"]
    found = torch.stack([theirs[ids].mean(dim=0) if ids else theirs.mean(dim=0) for ids in pieces])
    centred = found - found.mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    projected = centred @ directions[:width].T
    with torch.no_grad():
        own.copy_(projected * (own.std() / projected.std()))


def _embeddings(model: PreTrainedModel) -> torch.Tensor:
    return cast(torch.nn.Embedding, model.get_input_embeddings()).weight
