"""A giant text in pieces has the tokens of the whole."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from export.bundle import BUNDLED, TOKENIZER
from export.pieces import PIECE, Pieces, begins_anew_at_spaces, cut
from export.runtime import Encoder
from sentiment_core.text import clean

TEXTS = [
    "the kettle doesn't boil 1234 times, it's <b>awful</b>",
    "schön gemacht, 5/5!! très bien ça",
    "很好 很好用,一般",
] * 9


def trained(
    model: models.Model, splitter: pre_tokenizers.PreTokenizer, normalizer: normalizers.Normalizer | None
) -> Tokenizer:
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = splitter
    if normalizer is not None:
        tokenizer.normalizer = normalizer
    special = ["[UNK]", "[CLS]", "[SEP]"]
    kind = trainers.BpeTrainer if isinstance(model, models.BPE) else trainers.WordPieceTrainer
    tokenizer.train_from_iterator(TEXTS, kind(vocab_size=500, special_tokens=special, show_progress=False))
    tokenizer.encode_special_tokens = True
    return tokenizer


def bert() -> Tokenizer:
    tokenizer = trained(
        models.WordPiece(unk_token="[UNK]"), pre_tokenizers.BertPreTokenizer(), normalizers.BertNormalizer()
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return tokenizer


def digits() -> Tokenizer:
    steps = [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=True)]
    return trained(models.BPE(), pre_tokenizers.Sequence(steps), normalizers.NFC())


def metaspace() -> Tokenizer:
    tokenizer = trained(models.BPE(unk_token="[UNK]"), pre_tokenizers.Metaspace(), None)
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def with_a_token_of_its_own() -> Tokenizer:
    tokenizer = trained(models.BPE(), pre_tokenizers.ByteLevel(), None)
    tokenizer.add_tokens([AddedToken("New York")])
    return tokenizer


def bundled() -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(BUNDLED / TOKENIZER))
    tokenizer.encode_special_tokens = True
    return tokenizer


SURE = {"bundled": bundled(), "bert": bert(), "digits": digits()}
letters = st.text(max_size=200) | st.text(alphabet="ab1'.,!?s<|>te \u0301\u00a8\u017f\u0130很🎉", max_size=200)


@pytest.mark.parametrize("name", SURE)
@settings(deadline=None)
@given(text=letters, size=st.integers(300, 500))
def test_pieces_have_the_tokens_of_the_whole(name: str, text: str, size: int) -> None:
    cleaned = clean(f"{text} kettle " * 9)
    if cleaned:
        assert Pieces(SURE[name], size).encode(cleaned).tolist() == SURE[name].encode(cleaned).ids


@given(text=st.text(alphabet="ab ", max_size=300), size=st.integers(1, 40))
def test_pieces_are_the_text_and_begin_with_a_space(text: str, size: int) -> None:
    pieces = list(cut(text, size))
    assert "".join(pieces) == text
    assert all(len(piece) <= size for piece in pieces)
    for before, piece in pairwise(pieces):
        assert piece.startswith(" ") or (len(before) == size and " " not in before[1:])


@pytest.mark.parametrize(
    ("tokenizer", "sure"),
    [*((each, True) for each in SURE.values()), (metaspace(), False), (with_a_token_of_its_own(), False)],
)
def test_only_what_is_sure_is_cut_at_spaces(tokenizer: Tokenizer, sure: bool) -> None:
    assert begins_anew_at_spaces(tokenizer) is sure


def test_an_encoder_gives_long_and_short_texts_their_own_ids(tmp_path: Path) -> None:
    tokenizer = bert()
    (tmp_path / TOKENIZER).write_text(tokenizer.to_str())
    texts = ["the kettle", "", "it's awful " * (PIECE // 8), "très bien"]
    found = Encoder.open(tmp_path)(texts)
    assert [list(ids) for ids in found] == [tokenizer.encode(text).ids if text else [] for text in texts]
