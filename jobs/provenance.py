"""What a result came from: one record for all that is kept and found again.

Scored files, finished chunks, interrupted trainings, a teacher's word, trials and comparisons are taken up again only
where every part of their record is the same; else the difference is named.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# The modules that a score depends on, beside the bundle. A change in one makes kept scores another code's.
SCORING_CODE = (
    "sentiment_core.text",
    "sentiment_core.truncation",
    "sentiment_core.batching",
    "sentiment_core.scorer",
    "export.runtime",
)
# What computes them.
_RUNTIME = ("numpy", "onnxruntime", "tokenizers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Named parts, each a value that JSON can hold."""

    parts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """The SHA-256 of all parts."""
        return hashlib.sha256(json.dumps(self.parts, sort_keys=True).encode()).hexdigest()

    def without(self, *names: str) -> "Provenance":
        """Return the record without these parts."""
        return Provenance(parts={name: part for name, part in self.parts.items() if name not in names})

    def differs(self, kept: object) -> list[str]:
        """Name the parts in which `kept`, as read from JSON, is another; all of them where it is no record."""
        if not isinstance(kept, Mapping):
            return sorted(self.parts)
        asked = json.loads(json.dumps(self.parts))
        return sorted(name for name in asked.keys() | kept.keys() if asked.get(name) != kept.get(name))


@cache
def code(*modules: str) -> str:
    """Return a digest of the source of `modules`, packages with all that is in them."""
    digest = hashlib.sha256()
    for path in sorted(_sources(modules)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _sources(modules: Iterable[str]) -> Iterable[Path]:
    for name in modules:
        found = find_spec(name)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(name)
        path = Path(found.origin)
        yield from path.parent.rglob("*.py") if path.name == "__init__.py" else (path,)


@cache
def scoring_code() -> Mapping[str, str]:
    """Say which code and which libraries score."""
    return {"code": code(*SCORING_CODE), **{name: version(name) for name in _RUNTIME}}
