"""An encoding is certain, guessed with a warning, or refused: no text is ever garbled in silence."""

from pathlib import Path

import pytest
from delimited_files import opened, rows_of
from hypothesis import given, settings
from hypothesis import strategies as st

from data.delimited.finding.encoding import guess
from data.delimited.layout import Layout
from data.table import Read, Rejected
from sentiment_core.errors import TableError

WESTERN = {
    "cp1252": "The cr\u00eape was \u201cgreat\u201d and it\u2019s \u00a35 \u2013 4\u00bd stars\u2026 na\u00efve",
    "latin-1": "N\u00e3o gostei, a qualidade \u00e9 p\u00e9ssima, op\u00e7\u00f5es para voc\u00ea, cora\u00e7\u00e3o",
    "iso8859_15": "Tr\u00e8s bon pour 5 \u20ac, une \u0153uvre",
    "cp1252 ": "Sehr sch\u00f6ne Gr\u00f6\u00dfe, die Qualit\u00e4t ist f\u00fcr den Preis nicht schlecht",
    "cp1252  ": "\u00a1Muy bueno! \u00bfPor qu\u00e9 no lo compr\u00e9? Ma\u00f1ana m\u00e1s para el ni\u00f1o",
}
RUSSIAN = (
    "\u043e\u0447\u0435\u043d\u044c \u0434\u043e\u0432\u043e\u043b\u0435\u043d "
    "\u043f\u043e\u043a\u0443\u043f\u043a\u043e\u0439"
)
OTHERS = {
    "cp1250": "Przesy\u0142ka dotar\u0142a szybko, \u015bwietna jako\u015b\u0107",
    "iso8859_2": "dobrze si\u0119 nosi, \u017cycz\u0119 sobie wi\u0119cej",
    "cp1251": RUSSIAN,
    "koi8_r": RUSSIAN,
    "cp1253": "\u03c0\u03bf\u03bb\u03cd \u03ba\u03b1\u03bb\u03cc",
    "cp1254": "h\u0131zl\u0131 kargo, te\u015fekk\u00fcrler",
    "cp1257": "greit\u0105 pristatym\u0105 a\u010di\u016b",
    "cp850": "sehr sch\u00f6n, die Gr\u00f6\u00dfe",
    "gb18030": "\u8fd9\u4e2a\u4ea7\u54c1\u975e\u5e38\u597d",
    "big5": "\u9019\u500b\u7522\u54c1\u975e\u5e38\u597d",
    "shift_jis": "\u3068\u3066\u3082\u826f\u3044",
    "euc_jp": "\u3068\u3066\u3082\u826f\u3044",
    "euc_kr": "\uc815\ub9d0 \uc88b\uc740 \uc81c\ud488",
    "iso2022_jp": "\u3068\u3066\u3082\u826f\u3044",
    "cp1255": "\u05de\u05d5\u05e6\u05e8 \u05de\u05e6\u05d5\u05d9\u05df",
    "cp874": "\u0e2a\u0e34\u0e19\u0e04\u0e49\u0e32\u0e14\u0e35",
}


def file_of(text: str, encoding: str) -> bytes:
    return f"id,review\n1,{text}\n2,plain\n".replace(text, text.replace(",", " ")).encode(encoding)


@pytest.mark.parametrize("encoding", WESTERN)
def test_a_western_text_is_read_with_a_warning(tmp_path: Path, encoding: str) -> None:
    text = WESTERN[encoding].replace(",", " ")
    table = opened(tmp_path / "x.csv", file_of(text, encoding.strip()))
    assert rows_of(table)[0] == ("1", text)
    assert "--encoding" in table.doubt
    assert table.described == table.dialect.encoding


@pytest.mark.parametrize("encoding", OTHERS)
def test_what_nobody_can_tell_from_a_line_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(TableError, match="--encoding"):
        opened(tmp_path / "x.csv", file_of(OTHERS[encoding], encoding))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("The product is great and it works for me,Br\u0103ila", "cp1250"),
        ("The product is great and it broke, dou\u0103", "iso8859_2"),
        ("The product is great and it broke, \u010dia", "cp1257"),
        ("I like the color and the size, \u0150szint\u00e9n", "cp1250"),
        ("es muy buena y est\u00e1 muy bien", "cp850"),
        ("dura m\u00e1s para el que la usa", "cp850"),
        ("Muy bueno para el ni\u00f1o", "mac_roman"),
        ("The works and the color, \u00e6v", "cp850"),
        ("The works and it was \u041a", "koi8_r"),
        ("it was for the \u03c3\u03b5", "cp1253"),
    ],
)
def test_words_around_a_letter_do_not_tell_its_code_page(tmp_path: Path, text: str, encoding: str) -> None:
    with pytest.raises(TableError, match="--encoding"):
        opened(tmp_path / "x.csv", file_of(text, encoding))


@pytest.mark.parametrize(
    "text",
    [
        "Je suis tr\u00e8s d\u00e9\u00e7ue par la qualit\u00e9 et l\u2019emballage \u00e9tait "
        " ab\u00eem\u00e9 \u00ab pour \u00bb 5 \u20ac",
        "\u00a1Muy buena! El ni\u00f1o est\u00e1 encantado y la bater\u00eda dura m\u00e1s para los viajes",
        "La qualit\u00e0 \u00e8 ottima. Non \u00e8 perfetto per\u00f2 il prodotto va bene cos\u00ec",
        "Jeg k\u00f8bte to og begge er \u00f8delagt. D\u00e5rlig kvalitet p\u00e5 det hele og ikke s\u00e6rlig billig",
        "I don\u2019t like it \u2013 it\u2019s "
        "\u201ccheap\u201d and the\u00a0food was good\u2014but cold\u2026 \u00a320 \u00a9 2019",
    ],
)
def test_a_sentence_of_a_western_language_is_read(tmp_path: Path, text: str) -> None:
    assert rows_of(opened(tmp_path / "x.csv", file_of(text, "cp1252")))[0] == ("1", text)


@pytest.mark.parametrize("encoding", OTHERS)
def test_an_encoding_that_is_named_leaves_no_doubt(tmp_path: Path, encoding: str) -> None:
    content = file_of(OTHERS[encoding], encoding)
    table = opened(tmp_path / "x.csv", content, Layout(encoding=encoding))
    assert rows_of(table) == [("1", OTHERS[encoding].replace(",", " ")), ("2", "plain")]
    assert table.doubt == ""


words = st.sampled_from([*WESTERN.values(), *OTHERS.values()]).flatmap(
    lambda text: st.lists(st.sampled_from(text.split()), min_size=1, max_size=12)
)


@settings(deadline=None, max_examples=300)
@given(words=words, encoding=st.sampled_from([name.strip() for name in (*WESTERN, *OTHERS) if "2022" not in name]))
def test_a_guess_is_right_or_none(words: list[str], encoding: str) -> None:
    """Some words of one language, in every encoding that holds them; DOS's signs alone cannot be told from others."""
    words = [
        word for word in words if encoding != "cp850" or all(letter.isalpha() for letter in word if letter > "\x7f")
    ]
    content = " ".join(word for word in words if word.encode(encoding, "ignore").decode(encoding) == word)
    found = guess(content.encode(encoding), "\n").encoding
    if not content.isascii() and found is not None:
        assert content.encode(encoding).decode(found) == content


def test_cr_line_ends_tell_mac_roman(tmp_path: Path) -> None:
    text = "caf\u00e9 and \u201cthe\u201d\rBar,it\u2019s fine\r"
    table = opened(tmp_path / "x.csv", f"id,review\r1,{text}".encode("mac_roman"))
    assert rows_of(table) == [("1", "caf\u00e9 and \u201cthe\u201d"), ("Bar", "it\u2019s fine")]
    assert "mac_roman" in table.doubt


def test_a_few_broken_bytes_cost_their_lines_only(tmp_path: Path) -> None:
    content = b"id,review\n" + b"1,fine\n" * 300 + b"2,x\x81\xfe\n"
    rejected: list[Rejected] = []
    table = opened(tmp_path / "x.csv", content)
    assert len(rows_of(table, rejected)) == 300
    assert [each.reason for each in rejected] == ["not utf-8: byte 0x81"]


def test_a_byte_that_the_named_encoding_lacks_costs_its_line(tmp_path: Path) -> None:
    rejected: list[Rejected] = []
    table = opened(tmp_path / "x.csv", b"id,review\n1,\x81\n2,caf\xe9\n", Layout(encoding="cp1252"))
    assert rows_of(table, rejected) == [("2", "caf\u00e9")]
    assert [(each.line, each.reason, each.text) for each in rejected] == [(2, "not cp1252: byte 0x81", "1,\udc81")]


@pytest.mark.parametrize(("late", "encoding"), [("caf\u00e9 and the na\u00efve", "cp1252"), ("caf\u00e9", "utf-8")])
def test_letters_beyond_the_first_megabytes_count(tmp_path: Path, late: str, encoding: str) -> None:
    content = b"id,review\n" + b"1,plain words, and the like\n".replace(b", and", b" and") * 100_000
    table = opened(tmp_path / "x.csv", content + f"2,{late}\n".encode(encoding))
    assert table.survey(Read(text="review"), on_rejected=lambda rejected: None).rows == 100_001
    assert rows_of(table, rows=1000)[-1] == ("2", late)
    assert bool(table.doubt) == (encoding != "utf-8")


def test_letters_beyond_the_first_megabytes_can_refuse_the_file(tmp_path: Path) -> None:
    content = b"id,review\n" + b"1,plain words\n" * 200_000 + b"2,\xb2\xee\xe1\xff\n" * 3000
    table = opened(tmp_path / "x.csv", content)
    with pytest.raises(TableError, match="--encoding"):
        table.survey(Read(text="review"), on_rejected=lambda rejected: None)
