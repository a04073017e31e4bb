"""Whether letters and signs beyond ASCII stand where Western texts have them."""

import re

from data.delimited.finding.western_words import ACCENTED, ENGLISH, WORD

_CONTRACTED = frozenset(("s", "t", "re", "ve", "ll", "d", "m", "em", "all"))
_ELIDED = frozenset(
    re.findall(
        r"\w+",
        "l d j c n s m t qu jusqu lorsqu puisqu quelqu aujourd presqu dell all nell sull dall un quest com cos o y",
    )
)
_APOSTROPHES = frozenset("\u2019\u2018\u00b4")
_OPENING = frozenset("\u201c\u201e\u201a\u2039\u00bf\u00a1")
_JOINING = frozenset("\u2026\u2013\u2014\u00a0\u00ad\u00b7")
_CLOSING = frozenset("\u201d\u203a\u00ab\u00bb\u2022\u00ba\u00aa\u00b0\u2122\u00ae\u00a9")
_CLOSED_BY = {
    "\u201c": "\u201d\u201c",
    "\u201e": "\u201c\u201d",
    "\u201a": "\u2018\u2019",
    "\u2039": "\u203a",
    "\u00bf": "?",
    "\u00a1": "!",
}
_OPENED_BY = {"\u201d": "\u201c\u201e\u201d", "\u203a": "\u2039", "\u00bb": "\u00ab"}
_LAST_WORD = re.compile(r"[^\W\d_]*\Z")
_FIRST_WORD = re.compile(r"[^\W\d_]*")
_SHORT = frozenset(
    {
        ("c", "\u00e8"),
        ("n", "a"),
        ("l", "a"),
        ("m", "a"),
        ("t", "as"),
        ("n", "y"),
        ("c", "\u00e9"),
        ("l", "on"),
        ("d", "un"),
        ("qu", "on"),
        ("qu", "il"),
        ("s", "il"),
        ("n", "ai"),
        ("j", "ai"),
        ("l", "ai"),
        ("m", "en"),
        ("d", "or"),
        ("qu", "un"),
    }
)
_SIGNS = frozenset("\u20ac\u00a3\u00a5\u00a2\u00bc\u00bd\u00be\u00b2\u00b3\u00b1\u00d7\u00a7")


def fault_share(text: str) -> float:
    """Return how many of the characters beyond ASCII stand where no Western text has them."""
    faults = beyond = 0
    for line in text.splitlines():
        if line.isascii():
            continue
        for place, letter in enumerate(line):
            if not letter.isascii():
                fault = _is_fault(letter, line[:place], line[place + 1 :])
                faults += fault
                beyond += fault or not _is_mute(letter, line[:place], line[place + 1 :])
        # A word of nothing but such letters is one of another alphabet.
        faults += sum(len(word) for word in WORD.findall(line) if len(word) > 1 and ACCENTED.issuperset(word))
    return faults / beyond if beyond else 1.0


def _is_mute(letter: str, ahead: str, rest: str) -> bool:
    """Tell a sign that stands alone: as well a word of one letter in another encoding, so it proves nothing."""
    if letter in _SIGNS:
        return not (ahead.rstrip(" \u00a0")[-1:].isdigit() or rest.lstrip(" \u00a0")[:1].isdigit())
    if letter in "\u00ba\u00aa":
        return not ahead[-1:].isdigit()
    if letter == "\u201c":
        return "\u201e" not in ahead and not any(each in rest for each in _CLOSED_BY[letter])
    if letter in "\u2026\u2014\u2022\u00ae\u2122\u00a0\u00a9":
        return not ahead[-1:].strip(' ,;\t"')
    return False


def _is_fault(letter: str, ahead: str, rest: str) -> bool:
    before, after = ahead[-1:], rest[:1]
    if letter in ACCENTED:
        two_before = ahead[-2:-1]
        crowd = all(each in ACCENTED for each in (two_before, before)) and bool(two_before and before)
        case = (
            before.islower() if letter.isupper() else before.isupper() and two_before.isupper() and letter != "\u00df"
        )
        misplaced = (letter in "\u00ec\u00f2\u00f9" and after.isalpha()) or (letter == "\u00f5" and after != "e")
        return crowd or case or misplaced or before.isdigit() or after.isdigit()
    if letter in _APOSTROPHES:
        return before in _SIGNS or _is_misplaced_apostrophe(letter, ahead, rest)
    if letter in _OPENING:
        glued = before.isalnum() and not (letter == "\u201c" and "\u201e" in ahead)
        unclosed = letter != "\u201c" and not any(each in rest for each in _CLOSED_BY[letter])
        return glued or unclosed or before in _SIGNS
    if letter in _JOINING:
        return before in _SIGNS or _is_misplaced_joint(letter, ahead, rest)
    if letter in _CLOSING:
        unopened = letter in _OPENED_BY and not any(each in ahead for each in _OPENED_BY[letter])
        ordinal = letter in "\u00ba\u00aa\u00b0" and before.isalpha() and before not in "nN"
        quote = letter in "\u00ab\u00bb" and (
            before.isdigit() or (letter == "\u00ab" and before.isalpha() and "\u00bb" not in ahead)
        )
        glued = after.isalpha() and (
            (letter not in "\u00ab\u00bb\u2022" and not (letter == "\u00b0" and after in "CF")) or before.isalpha()
        )
        return before in _SIGNS or unopened or ordinal or quote or glued
    # Other signs stand by themselves or at figures; what is no sign of Western texts is another's letter.
    return letter not in _SIGNS or before.isalpha() or after.isalpha() or not (before + after).isascii()


def _is_misplaced_apostrophe(letter: str, ahead: str, rest: str) -> bool:
    left, right = _LAST_WORD.findall(ahead)[0].lower(), _FIRST_WORD.findall(rest)[0].lower()
    if left and right:
        return not (
            letter != "\u2018"
            and (right in _CONTRACTED or (left in _ELIDED and len(right) > 2) or (left, right) in _SHORT)
        )
    if left:
        return letter != "\u2019" or not (
            "\u2018" in ahead or "\u2019" in ahead[-3:] or (left.endswith("s") and len(left) > 3)
        )
    if right:
        return letter == "\u2018" and "\u2019" not in rest
    return False


def _is_misplaced_joint(letter: str, ahead: str, rest: str) -> bool:
    left, right = _LAST_WORD.findall(ahead)[0].lower(), _FIRST_WORD.findall(rest)[0].lower()
    known = (len(left) > 1 and left in ENGLISH) or (len(right) > 1 and right in ENGLISH)
    if left and right:
        return not known
    if letter == "\u00ad":
        return True
    if left:
        return letter not in "\u2026\u00b7" and not known
    return bool(right) and letter == "\u2013" and right not in ENGLISH
