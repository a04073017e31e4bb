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
_UNDEFINED = re.compile("[\x80-\x9f\ufffd]")
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
_STRAY_SHARE = 0.01
_LATIN = ("cp1252", "iso8859_15")
# They give other letters for the same bytes, in words that look as good.
_NEIGHBOURS = ("cp1250", "iso8859_2", "cp1254", "cp1257")
# What Western texts hold beyond ASCII; other letters of cp1252 are other alphabets' letters misread.
_ACCENTED = frozenset(
    "\u00e0\u00e2\u00e4\u00e1\u00e3\u00e5\u00e6\u00e7\u00e8\u00e9\u00ea\u00eb\u00ec\u00ed\u00ee\u00ef\u00f1\u00f2\u00f3\u00f4\u00f5\u00f6"
    "\u00f8\u0153\u00f9\u00fa\u00fb\u00fc\u00df\u00c0\u00c2\u00c4\u00c1\u00c3\u00c5\u00c6\u00c7\u00c8\u00c9\u00ca\u00cb\u00cc\u00cd\u00ce"
    "\u00cf\u00d1\u00d2\u00d3\u00d4\u00d5\u00d6\u00d8\u0152\u00d9\u00da\u00db\u00dc"
)
_APOSTROPHES = frozenset("\u2019\u2018\u00b4")
_OPENING = frozenset("\u201c\u201e\u201a\u2039\u00bf\u00a1")
_JOINING = frozenset("\u2026\u2013\u2014\u00a0\u00ad\u00b7")
_CLOSING = frozenset("\u201d\u203a\u00ab\u00bb\u2022\u00ba\u00aa\u00b0\u2122\u00ae\u00a9")
_SIGNS = frozenset("\u20ac\u00a3\u00a5\u00a2\u00bc\u00bd\u00be\u00b2\u00b3\u00b1\u00d7\u00a7")


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
    faults = {name: _fault_share(text) for name, text in texts.items() if _undefined_share(text) <= _STRAY_SHARE}
    if not faults:
        return _detected(sample)
    best = min(faults, key=lambda name: faults[name])
    western = _is_western(texts[best])
    # Excel for the Mac's files often hold text that was broken before; its line ends tell them.
    old_mac = best == "mac_roman" and western
    if faults[best] <= _IMPLAUSIBLE_SHARE or old_mac:
        same = all(sample.decode(name, "replace") == texts[best] for name in _NEIGHBOURS)
        if western or same:
            return Guess(best, "accented letters stand where Western languages have them")
        return Guess(None, f"{best} and {', '.join(_NEIGHBOURS)} each give it other letters")
    return _detected(sample)


def _undefined_share(text: str) -> float:
    """Return how many of the characters beyond ASCII are none that an encoding defines."""
    return len(_UNDEFINED.findall(text)) / max(1, len(_BEYOND.findall(text)))


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
    if letter in _ACCENTED:
        crowd = all(each in _ACCENTED for each in (two_before, before)) and bool(two_before and before)
        capital = letter.isupper() and before.islower()
        misplaced = (letter in "\u00ec\u00f2\u00f9" and after.isalpha()) or (letter == "\u00f5" and after != "e")
        return crowd or capital or misplaced or before.isdigit()
    if letter in _APOSTROPHES:
        return bool(before in _SIGNS)
    if letter in _OPENING:
        return before.isalnum() or before in _SIGNS
    if letter in _JOINING:
        return before in _SIGNS
    if letter in _CLOSING:
        return before in _SIGNS or (before.isalpha() and after.isalpha())
    # Other signs stand by themselves or at figures; what is no sign of Western texts is another's letter.
    return letter not in _SIGNS or before.isalpha() or after.isalpha() or not (before + after).isascii()


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
