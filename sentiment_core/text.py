"""The one text preparation that training and scoring share."""

import html
import re
import unicodedata

# A tag needs a name right after "<": "<3" and "a < b" are review text, "<br />" is not.
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9]*(?:\s[^<>]*)?/?>")
# C0 and C1 controls other than white space, and lone surrogates, which no tokenizer can encode.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff]")


def clean(text: str) -> str:
    """Return `text` without markup: tags to spaces, entities decoded, controls out, NFC, single spaces.

    Idempotent: `clean(clean(t)) == clean(t)`, so that a review exported after cleaning keeps its score.
    Texts escaped twice (`&amp;quot;`) come out whole for the same reason.
    """
    while True:
        before = text
        if "&" in text:
            text = html.unescape(text)
        if "<" in text:
            text = _TAG.sub(" ", text)
        text = " ".join(_UNPRINTABLE.sub("", unicodedata.normalize("NFC", text)).split())
        if text == before:
            return text
