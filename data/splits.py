"""The train/validation split."""

from hashlib import blake2b

from sentiment_core.text import clean


def is_validation(text: str, share: float = 0.2) -> bool:
    """Say whether a review belongs to the validation side.

    Decided by a hash of the cleaned text alone: a repeated review never stands on both sides, whatever
    the file, the order or the run.
    """
    digest = blake2b(clean(text).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64
