"""Giant texts, encoded piece by piece: the tokenizer takes up to 240 times the size of what it gets at once."""

import json
from array import array
from collections.abc import Iterator
from itertools import islice
from typing import Any

from tokenizers import Tokenizer

# Characters. A longer text is cut where its tokens cannot tell: before a space, or in a word that is no word.
PIECE = 1 << 15
_PIECES_AT_ONCE = 4
# Where a space is no sure place to cut, a text of any size that reviews have stays whole.
_UNSURE = 1 << 18
# What these do to a letter, or to the marks after it, does not depend on what stands before a space.
_LOCAL_NORMALIZERS = {"NFC", "NFD", "Lowercase", "StripAccents", "BertNormalizer"}
# These begin anew at every space of a text whose spaces are single ones, or part single letters.
_BREAKING = {"ByteLevel", "BertPreTokenizer", "Whitespace", "WhitespaceSplit"}
_LOCAL = {"Digits", "Punctuation"}


class Pieces:
    """Encodes long texts with `tokenizer` in bounded memory, their spaces single as `clean` leaves them.

    The ids are those of the whole text where the tokenizer begins anew at every space, which GPT-2's and BERT's and
    those of their kind do, and no word is longer than 32,768 characters; else they may differ at a few cuts, always
    the same ones for the same text.
    """

    def __init__(self, tokenizer: Tokenizer, size: int = PIECE) -> None:
        self._tokenizer = tokenizer
        self._size = size if begins_anew_at_spaces(tokenizer) else _UNSURE
        bare, whole = (tokenizer.encode("a", add_special_tokens=special).ids for special in (False, True))
        start = next((place for place in range(len(whole)) if whole[place : place + len(bare)] == bare), 0)
        self._before, self._after = whole[:start], whole[start + len(bare) :]

    def encode(self, text: str) -> "array[int]":
        """Return the ids of `text`, special tokens included, 4 bytes each."""
        ids = array("I", self._before)
        pieces = cut(text, self._size)
        while group := list(islice(pieces, _PIECES_AT_ONCE)):
            for encoding in self._tokenizer.encode_batch_fast(group, add_special_tokens=False):
                ids.extend(encoding.ids)
        ids.extend(self._after)
        return ids


def cut(text: str, size: int) -> Iterator[str]:
    """Yield `text` in pieces of at most `size` characters that begin with a space, but where a word is longer."""
    start = 0
    while start < len(text):
        end = len(text)
        if end - start > size:
            space = text.rfind(" ", start + 1, start + size + 1)
            end = space if space > 0 else start + size
        yield text[start:end]
        start = end


def begins_anew_at_spaces(tokenizer: Tokenizer) -> bool:
    """Tell whether no token, and nothing that tokens depend on, reaches over the place before a space."""
    normalizers, splitters = _steps(tokenizer.normalizer), _steps(tokenizer.pre_tokenizer)
    kinds = {step["type"] for step in splitters}
    # A token of the user's own, unlike a special one, is looked for in reviews, and may hold or swallow spaces.
    own = [token for token in tokenizer.get_added_tokens_decoder().values() if not token.special]
    return (
        {step["type"] for step in normalizers} <= _LOCAL_NORMALIZERS
        and bool(kinds & _BREAKING)
        and kinds <= _BREAKING | _LOCAL
        and all(step.get("use_regex", True) for step in splitters)
        and not any(" " in token.content or token.lstrip or token.rstrip for token in own)
    )


def _steps(part: Any) -> list[dict[str, Any]]:
    """Return the steps of a normalizer or pre-tokenizer, as tokenizer.json has them."""
    if part is None:
        return []
    state = json.loads(part.__getstate__())
    steps: list[dict[str, Any]] = state.get("normalizers") or state.get("pretokenizers") or [state]
    return steps
