"""The encoding of a text file: certain for UTF-8 and UTF-16, else a guess that is refused where it is implausible."""

import codecs
import re
import unicodedata
from dataclasses import dataclass

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_BEYOND = re.compile("[^\x00-\x7f\udc80-\udcff]")
_BROKEN = re.compile("[\udc80-\udcff]")
_WORD = re.compile(r"[^\W\d_]+")
# Common words of Western languages that others do not have.
_WESTERN = frozenset(
    re.findall(
        r"\w+",
        "the and this that with very you for it he have great good est une pour avec très que qui der die das und ist "
        "nicht ein eine sehr auch los las muy para pero uma não il che della molto het een niet voor zeer inte och det "
        "jag ikke jeg",
    )
)
_WESTERN_SHARE = 0.03
_IMPLAUSIBLE_SHARE = 0.1
_LATIN = ("cp1252", "iso8859_15")
# They give other letters for the same bytes, in words that look as good.
_NEIGHBOURS = ("cp1250", "iso8859_2", "cp1254", "cp1257")
# Letters of Western languages beside ASCII's; the others of cp1252 are other alphabets' letters misread.
_WESTERN_LETTERS = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüßÀÂÄÁÃÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÖÕØŒÙÚÛÜ")
_APOSTROPHES = frozenset("\u2019\u2018\u00b4'`\u00b7")


@dataclass(frozen=True, slots=True)
class Guess:
    """An encoding, and why it is one; None where evidence does not settle it."""

    encoding: str | None
    reason: str


def certain_encoding(head: bytes) -> str | None:
    """Tell an encoding by its mark, or UTF-16 by its NULs, from the first bytes; None where neither tells."""
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    head = head[:4096]
    even, odd, half = head[::2].count(0), head[1::2].count(0), len(head) / 2
    if odd > 0.7 * half > 10 * even:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 * half > 10 * odd else None


def utf8_evidence(text: str) -> tuple[int, int]:
    """Count characters beyond ASCII, and bytes that are no UTF-8, in text so decoded."""
    return (0, 0) if text.isascii() else (len(_BEYOND.findall(text)), len(_BROKEN.findall(text)))


def guess(sample: bytes, line_end: str) -> Guess:
    """Guess from the lines of a file that are neither ASCII nor UTF-8.

    A Western guess is plausible if accented letters stand in words as Western languages have them, and other Latin
    encodings read the same or the words around are Western ones. Others need a detector that is sure.
    """
    names = (*_LATIN, "mac_roman") if line_end == "\r" else _LATIN
    texts = {name: sample.decode(name, "replace") for name in names}
    faults = {name: _fault_share(text) for name, text in texts.items()}
    best = min(names, key=lambda name: faults[name])
    western = _is_western(texts[best])
    # Excel for the Mac's files often hold text that was broken before; its line ends tell them.
    old_mac = best == "mac_roman" and western and faults[best] < faults["cp1252"]
    if faults[best] <= _IMPLAUSIBLE_SHARE or old_mac:
        same = all(sample.decode(name, "replace") == texts[best] for name in _NEIGHBOURS)
        if western or same:
            return Guess(best, "accented letters stand where Western languages have them")
        return Guess(None, f"{best} and {', '.join(_NEIGHBOURS)} each give it other letters")
    return _detected(sample)


def _fault_share(text: str) -> float:
    """Return how many of the characters beyond ASCII stand where no Western text has them."""
    faults = beyond = 0
    for place, letter in enumerate(text):
        if letter.isascii():
            continue
        beyond += 1
        before, after = text[place - 1 : place], text[place + 1 : place + 2]
        faults += _is_fault(letter, before, after, text[place - 2 : place - 1])
    return faults / max(1, beyond)


def _is_fault(letter: str, before: str, after: str, two_before: str) -> bool:
    if letter.isalpha() and letter not in "ªº":
        # Letters of other alphabets, three accents in a row, capitals within a word, figures beside a letter.
        crowd = sum(bool(each) and not each.isascii() and each.isalpha() for each in (two_before, before)) == 2
        capital = letter.isupper() and before.islower()
        return letter not in _WESTERN_LETTERS or crowd or capital or before.isdigit()
    if letter in "\u00a4\u00a6\ufffd\u00ac\u00b6\u00a8\u00b8" or unicodedata.category(letter) in ("Cc", "Cn", "Co"):
        return True
    if letter in _APOSTROPHES:
        return False
    # A sign may follow a word or go before one; between letters it is none, nor are most before a letter.
    opening = letter in "\u201c\u201e\u00ab\u00bf\u00a1\u2039\u201a\u2026\u2013\u2014\u2022\u00a0\u201d\u00bb"
    return (
        (before.isalpha() and after.isalpha() and letter not in "\u2026\u2013\u2014\u00a0\u00ad")
        or (after.isalpha() and not opening)
        or (before.isalpha() and letter in "\u00bc\u00bd\u00be\u00a3\u00a5\u00b1\u00b2\u00b3\u00b9\u00d7\u00f7")
    )


def _is_western(text: str) -> bool:
    words = [word.lower() for word in _WORD.findall(text)]
    return bool(words) and sum(word in _WESTERN for word in words) >= _WESTERN_SHARE * len(words)


def _detected(sample: bytes) -> Guess:
    """Ask charset-normalizer, and take its word only where it knows the language and no other reading is near."""
    from charset_normalizer import from_bytes

    matches = list(from_bytes(sample, enable_fallback=False))
    if not matches:
        return Guess(None, "no encoding gives it readable text")
    best, text = matches[0], str(matches[0])
    letters = [letter for letter in text if letter.isalpha() and not letter.isascii()]
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters}
    near = [each for each in matches[1:] if str(each) != text and each.chaos < best.chaos + 0.05]
    sure = best.coherence >= 0.4 and best.chaos <= 0.05 and not near
    if sure and len(letters) >= 100 and len(scripts) == 1 and scripts != {"LATIN"}:
        return Guess(best.encoding, f"its words look {best.language}")
    return Guess(None, f"{best.encoding} is likely and not sure")
