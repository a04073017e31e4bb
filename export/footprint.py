"""What a run of a model takes in memory, and how many at once a memory limit bears."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from export.bundle import CONFIG, read_limited
from sentiment_core.config import ScoreConfig
from sentiment_core.errors import ConfigError

# Under these names configurations give the width between two layers, that inside the feed-forward net, and the heads.
_WIDTH = ("n_embd", "hidden_size", "dim")
_INNER = ("n_inner", "intermediate_size", "hidden_dim")
_HEADS = ("n_head", "num_attention_heads", "n_heads")
# The inner width stands there as int32, float and int8 at once, and before and after its activation: measured on the
# bundled model, 12.7 kB a token of 1,024, with what the arena rounds up.
_BYTES_A_VALUE = 16


def within_limit(config: ScoreConfig, bundle: Path, max_length: int) -> ScoreConfig:
    """Return `config` with as many threads as its memory limit bears runs of this model at once, at least one.

    Raises ConfigError where one run alone would take more than half of the limit.
    """
    if config.device != "cpu":  # the memory of runs is the GPU's then
        return config
    tokens = max(config.run_tokens, max_length)
    run = tokens * _bytes_a_token(json.loads(read_limited(bundle / CONFIG)), max_length)
    if run > config.memory_limit // 2:
        raise ConfigError(
            f"memory limit: wanted twice the {run >> 20}MB of a run of {tokens:,} tokens of this model, found "
            f"{config.memory_limit >> 20}MB; give a higher --memory-limit, or a lower --batch-tokens if you gave one"
        )
    return replace(config, threads=max(1, min(config.workers, config.runs_bytes // run)))


def _bytes_a_token(model: Mapping[str, Any], max_length: int) -> int:
    width = _first(model, _WIDTH, 1024)
    inner = _first(model, _INNER, 4 * width)
    heads = _first(model, _HEADS, width // 64)
    return _BYTES_A_VALUE * inner + 4 * heads * max_length


def _first(model: Mapping[str, Any], names: tuple[str, ...], otherwise: int) -> int:
    return next((value for name in names if isinstance(value := model.get(name), int) and value > 0), otherwise)
