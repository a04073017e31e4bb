"""What a model bundle says of itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sentiment_core.errors import BundleError
from sentiment_core.labels import ID2LABEL
from sentiment_core.scorer import Decision
from sentiment_core.truncation import HEAD_SHARE

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A text written for this project, and the probability that the bundle's graph gave it at export."""

    text: str
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Everything a scorer must not guess, and what is known of the model's quality.

    `files` maps each file to its SHA-256; `graph` is the one that scores; `max_length` is in tokens.
    `parity`, `quantization`, `validation` and `card` are figures for people, shown by `sentiment inspect`.
    """

    graph: str
    max_length: int
    pad_id: int
    temperature: float
    threshold: float
    files: Mapping[str, str]
    parity: Mapping[str, Any]
    quantization: Mapping[str, Any]
    validation: Mapping[str, Any]
    card: Mapping[str, Any]
    golden: tuple[Golden, ...]
    head_share: float = HEAD_SHARE
    labels: tuple[str, ...] = tuple(ID2LABEL.values())
    format: int = FORMAT

    def __post_init__(self) -> None:
        if self.format != FORMAT:
            raise BundleError(f"manifest: wanted format {FORMAT}, found {self.format}; export the model again")
        if self.labels != tuple(ID2LABEL.values()):
            raise BundleError(f"manifest: wanted labels {list(ID2LABEL.values())}, found {list(self.labels)}")
        if self.head_share != HEAD_SHARE:
            raise BundleError(f"manifest: wanted head_share {HEAD_SHARE}, found {self.head_share}; export again")
        if self.graph not in self.files:
            raise BundleError(f"manifest: graph {self.graph!r} is not among its files; export the model again")
        if self.max_length < 1:
            raise BundleError(f"manifest: max_length must be at least 1, found {self.max_length}")

    @property
    def decision(self) -> Decision:
        """How this model's logits are read."""
        return Decision(temperature=self.temperature, threshold=self.threshold)

    def to_json(self) -> str:
        """Write as JSON, keys in the order of the fields."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Manifest":
        """Read what `to_json` wrote. Raises BundleError naming the field that is missing, unknown or off."""
        try:
            found = json.loads(text)
            names = {field.name for field in fields(cls)}
            if not isinstance(found, dict) or set(found) != names:
                off = sorted(set(found) ^ names) if isinstance(found, dict) else type(found).__name__
                raise BundleError(f"manifest: wanted its {len(names)} fields, found a difference in {off}")
            golden = tuple(Golden(**row) for row in found.pop("golden"))
            return cls(**{**found, "labels": tuple(found["labels"]), "golden": golden})
        except (ValueError, TypeError) as error:
            raise BundleError(f"manifest: wanted JSON of a bundle, found {error}; export the model again") from error
