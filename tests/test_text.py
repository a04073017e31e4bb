"""Cleaning: stable, printable, and linear in the text whatever somebody wrote into it."""

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentiment_core.text import clean

# What markup is made of, in parts, so that it unfolds from other markup.
PARTS = [
    *(
        "&",
        "amp;",
        "#38;",
        "#x26;",
        "&#38",
        "#97;",
        "mp;",
        "&amp;",
        "quot;",
        "&nbsp;",
        "&#0;",
        "&#xd800;",
        "&#" + "9" * 40,
    ),
    *("<", ">", "/", "b", "lt;", "gt;", "&lt;", "<b>", "</p >", "<br />", "<3", " < ", "1"),
    *(
        "\x00",
        "\x85",
        "\u00a0",
        "\u2003",
        "\ud800",
        "e",
        "\u0301",
        "\u0323",
        "\u0344",
        "\u1100",
        "\u1161",
        "\u212a",
        "\u2605",
    ),
]
hostile = st.lists(st.sampled_from(PARTS), max_size=60).map("".join) | st.builds(
    "{}{}{}".format,
    st.sampled_from(PARTS),
    st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map(lambda parts: "".join(parts) * 40),
    st.sampled_from([">" * 40, "&gt;" * 40, ""]),
)


@given(text=st.text() | hostile)
def test_cleaned_text_is_stable_printable_and_composed(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert cleaned == " ".join(cleaned.split())
    assert not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in cleaned)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("Rock &amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;amp;amp; roll", "Rock & roll"),
        ("&amp;amp;amp;amp;lt;i&amp;amp;amp;amp;gt;fine&amp;lt;/i&amp;gt;", "fine"),
        ("AT&T, R&D and &copy 2020 &unknown;", "AT&T, R&D and \u00a9 2020 &unknown;"),
        ("&#" + "1" * 5000 + "; beyond every character", "\ufffd beyond every character"),
        ("e" + "\u0301" * 30 + "!", "\u00e9" + "\u0301" * 29 + "!"),
        ("\u2605" * 200, "\u2605" * 200),
    ],
)
def test_only_what_was_made_to_cost_time_is_cut(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


SHAPES = {
    "ampersands": ("", "&amp;", ""),
    "one ampersand escaped for ever": ("&", "amp;", ""),
    "escaped by number": ("&", "#38;", ""),
    "by number and name": ("&", "#38;amp;#x26;", ""),
    "without semicolons": ("&", "amp", ""),
    "spelt by entities": ("&", "&#97;mp;", ""),
    "joined by controls": ("", "&am\x00p;", ""),
    "nothing known": ("", "&" + "z" * 32, "<b" * 20 + ">" * 20),
    "a number without end": ("&#", "1", ""),
    "zeros without end": ("&#", "0", "38;"),
    "open": ("", "<", ""),
    "open tags": ("", "<b", ""),
    "open tags with spaces": ("", "<b ", ""),
    "a name without end": ("<", "b", ""),
    "spaces without end": ("<b", " ", ""),
    "slashes without end": ("<b ", "/ ", ""),
    "tags in tags": ("", "<b", ">" * 400_000),
    "escaped tags in tags": ("", "&lt;b", "&gt;" * 100_000),
    "tags that unfold": ("", "&lt;b&gt;", ""),
    "marks out of order": ("e", "\u0301\u0323", ""),
    "marks by number": ("e", "&#769;&#803;", ""),
    "marks joined by controls": ("", "\u0301\u0323" * 15 + "\x00", ""),
    "marks that are two": ("e", "\u0344\u0323", ""),
    "syllables to compose": ("", "\u1100\u1161\u11a8", ""),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_megabyte_takes_no_longer_than_its_length(shape: str) -> None:
    """In proportion: ten times the text takes no more than some twenty times the time, and never seconds."""
    before, again, after = SHAPES[shape]
    seconds = []
    for size in (100_000, 1_000_000):
        text = before + again * (size // len(again)) + after
        start = time.process_time()
        cleaned = clean(text)
        seconds.append(time.process_time() - start)
        assert clean(cleaned) == cleaned
    assert seconds[1] < max(20 * seconds[0], 0.5)
    assert seconds[1] < 3
