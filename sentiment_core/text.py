"""The one text preparation that training and scoring share."""

import html
import re
import unicodedata

# A tag needs a name right after "<": "<3" and "a < b" are review text, "<br />" is not.
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")
# C0 and C1 controls other than white space, and lone surrogates, which no tokenizer can encode.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")
# What was escaped again and again, as some sites do at every save.
_ESCAPED_AGAIN = re.compile("&amp;(?:amp;)+")
# Beyond every character, and beyond what Python makes a number of.
_ENDLESS_NUMBER = re.compile("&#[0-9]{32,};?")
# Where marks may stand: unbroken by letters, digits and spaces.
_MAY_BE_MARKS = re.compile(r"[^\w\s\x00-\x7f]{31,}")
# UAX 15 calls text with no more marks on a letter safe to be read piece by piece; sorting them takes the square of it.
_MOST_MARKS = 30
# Markup in markup in markup: what is left after so many turns was made to cost time.
_TURNS = 8
_NO_MARKUP = str.maketrans("&<", "  ")


def clean(text: str) -> str:
    """Return `text` without markup: tags to spaces, entities decoded, controls out, NFC, single spaces.

    Idempotent: `clean(clean(t)) == clean(t)`, so that a review exported after cleaning keeps its score.
    Texts escaped twice (`&amp;quot;`) come out whole for the same reason. Takes time in proportion to the text:
    where markup unfolds from markup deeper than eight times, what is left of `&` and `<` becomes spaces, and a
    letter keeps 30 marks.
    """
    for _ in range(_TURNS):
        before, text = text, _cleaned_once(text)
        if text == before:
            return text
    text = text.translate(_NO_MARKUP)
    # Nothing unfolds any more; what was parted may still join.
    while text != (once := _cleaned_once(text)):
        text = once
    return text


def _cleaned_once(text: str) -> str:
    if "&" in text:
        text = html.unescape(_ENDLESS_NUMBER.sub("\ufffd", _ESCAPED_AGAIN.sub("&amp;", text)))
    if "<" in text:
        text = _TAG.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", _MAY_BE_MARKS.sub(_with_few_marks, text))
    return " ".join(_UNPRINTABLE.sub("", text).split())


def _with_few_marks(found: re.Match[str]) -> str:
    kept, marks = [], 0
    for letter in found.group():
        marks = marks + 1 if unicodedata.combining(letter) else 0
        if marks <= _MOST_MARKS:
            kept.append(letter)
    return "".join(kept)
