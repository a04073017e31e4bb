"""The encoding of a text file: certain for UTF-8 and UTF-16, else a guess that is refused where it is implausible."""

import codecs
import re
import unicodedata
from dataclasses import dataclass

from data.delimited.finding.western_signs import fault_share
from data.delimited.finding.western_words import SHARED, is_western, known_words, told_languages, unproven_share

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_BEYOND = re.compile("[^\x00-\x7f\udc80-\udcff]")
_UNDEFINED = re.compile("[\x80-\x9f\ufffd]")
_BROKEN = re.compile("[\udc80-\udcff]")
_OTHER_SHARE = 0.1
_IMPLAUSIBLE_SHARE = 0.05
_STRAY_SHARE = 0.01
_LATIN = ("cp1252", "iso8859_15")
# They give other letters for the same bytes, in words that look as good.
_NEIGHBOURS = ("cp1250", "iso8859_2", "cp1254", "cp1257")
# They have letters where the Latin ones have signs.
_DISTANT = ("cp850", "cp437", "mac_roman")
_LOST = re.compile(r"[?][^\x00-\x7f]|[^\x00-\x7f][?]")
_LOST_SHARE = 0.1


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

    A Western guess is plausible if letters and signs stand where Western texts have them, and the words that carry
    letters are a Western language's by themselves: English around them tells nothing. Others need a detector that is
    sure.
    """
    names = (*_LATIN, "mac_roman") if line_end == "\r" else _LATIN
    texts = {name: sample.decode(name, "replace") for name in names}
    faults = {name: fault_share(text) for name, text in texts.items() if _undefined_share(text) <= _STRAY_SHARE}
    if not faults:
        return _detected(sample)
    best = min(faults, key=lambda name: faults[name])
    text = texts[best]
    # Excel for the Mac's files often hold text that was broken before; its line ends tell them.
    if best == "mac_roman" and is_western(text) and _is_broken(text):
        return Guess(best, "accented letters stand where Western languages have them")
    if faults[best] > _IMPLAUSIBLE_SHARE:
        return _detected(sample)
    told = told_languages(text)
    if unproven_share(text, told, frozenset() if best == "mac_roman" else SHARED) > (_OTHER_SHARE if told else 0):
        return Guess(None, f"{best} and {', '.join(_NEIGHBOURS)} each give it other letters")
    for rival in _DISTANT:
        other = sample.decode(rival, "replace")
        if best != rival and known_words(other) > known_words(text):
            return Guess(None, f"{best} and {rival} both give it words")
    return Guess(best, "accented letters stand where Western languages have them")


def _undefined_share(text: str) -> float:
    """Return how many of the characters beyond ASCII are none that an encoding defines."""
    return len(_UNDEFINED.findall(text)) / max(1, len(_BEYOND.findall(text)))


def _is_broken(text: str) -> bool:
    """Tell text whose letters beyond ASCII were lost before: question marks stand in their places."""
    return len(_LOST.findall(text)) > _LOST_SHARE * max(1, len(_BEYOND.findall(text)))


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
