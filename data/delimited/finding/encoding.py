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
_ENGLISH = frozenset(
    re.findall(
        r"\S+",
        "the and this that with very you for it he she we they have has had great good bad but not was is are be "
        "been at to of in on as if so or my our your their its all any just only more than then when where which "
        "who what how why because while even also from by about after before into out up down no yes an one two "
        "can could would will well there here nothing everything food place service product",
    )
)
# The letters beyond ASCII that a language has, and common words that tell it from its neighbours.
_LANGUAGES = (
    (
        "àâçèéêëîïôùûüœ",
        "pour avec pas les des dans mais vous nous cette sont très était même je une être après déjà où ça voilà "
        "qualité livré à arrivé déçu déçue garçon goût",
    ),
    ("äöüßéà", "der die das und ist nicht ein eine sehr auch für schön größe würde über können mit ich zu von"),
    (
        "áéíóúñüï",
        "muy para pero los las está más también qué niño niña año años compañía según duró por con una del este "
        "el lo buena bueno día días así aquí todavía español mañana",
    ),
    (
        "ãõáâàçéêíóôúü",
        "não uma muito para com mais você também são já até é então bom boa produto meu minha está pela pelo à",
    ),
    (
        "àèéìòóùî",
        "il che della molto non per con sono anche è più perché già così può qualità città questo questa gli nel "
        "ho bello buono ottimo là prodotto arrivato ma si di costa metà verrà sarà però né cioè lì",
    ),
    (
        "åäöæøéü",
        "och inte det jag är på så från för ikke jeg og af til på med som mycket bra også være var en et den av "
        "når får två går då hade ett meget kan der går gør må å ö ø købt købte købe kjøpt ødelagt "
        "dårlig måtte både børn længe desværre fornøyd færdig prøve lækker sød første også større små måneder månader "
        "väldigt bättre fungerar köpte köpt tyvärr dålig året åre igår både många också nöjd färg søster gør når",
    ),
    ("äöå", "on ei ja että hyvä oli se mutta tämä kun niin kuin ole en enää vielä myös päivä tätä sitä"),
    ("éëïöüèáóê", "het een niet voor zeer van dat maar ook geen één wel ik goed is op"),
)
_TOLD = tuple((frozenset(letters), frozenset(common.split())) for letters, common in _LANGUAGES)
_TOLD_SHARE = 0.08
_OTHER_SHARE = 0.1
# Letters that the neighbours read the same, or that they hardly have.
_SHARED = frozenset("éóöüßôú")
# Words that stand in texts of any language, and spellings that only one encoding makes a word.
_KNOWN = frozenset(
    re.findall(
        r"\S+",
        "naïve naïveté crêpe crêpes très crème brûlée voilà déjà vu pièce façade garçon soupçon françois français "
        "française château hôtel maître première chère à hermès gruyère chèvre señor señora jalapeño piñata são "
        "niño niña españa año años coração não maïs noël zoë chloë citroën tiramisù fête bête rôti pâté goût être "
        "même même æon smørrebrød doppelgänger café cafés résumé décor fiancé fiancée cliché clichéd entrée "
        "entrées purée sauté sautéed josé beyoncé blasé touché pokémon über curaçao provençal niçoise août dîner "
        "entrecôte açaí açai vis-à-vis",
    )
)
_SPELLINGS = re.compile(r"[aeiouíáéó]ñ[aeiouáéíóú]|ção|ções|ão$|ões$|œ[ui]|[^\Wáéíóúàèìòù]ía")
_INNER = re.compile(r"[a-zäöüéå]á[a-z]")
_CONTRACTED = frozenset(("s", "t", "re", "ve", "ll", "d", "m", "em", "all"))
_ELIDED = frozenset(
    re.findall(
        r"\w+",
        "l d j c n s m t qu jusqu lorsqu puisqu quelqu aujourd presqu dell all nell sull dall un quest com cos o y",
    )
)
_IMPLAUSIBLE_SHARE = 0.05
_STRAY_SHARE = 0.01
_LATIN = ("cp1252", "iso8859_15")
# They give other letters for the same bytes, in words that look as good.
_NEIGHBOURS = ("cp1250", "iso8859_2", "cp1254", "cp1257")
# They have letters where the Latin ones have signs.
_DISTANT = ("cp850", "cp437", "mac_roman")
# What Western texts hold beyond ASCII; other letters of cp1252 are other alphabets' letters misread.
_ACCENTED = frozenset(
    "\u00e0\u00e2\u00e4\u00e1\u00e3\u00e5\u00e6\u00e7\u00e8\u00e9\u00ea\u00eb\u00ec\u00ed\u00ee\u00ef\u00f1\u00f2\u00f3\u00f4\u00f5\u00f6"
    "\u00f8\u0153\u00f9\u00fa\u00fb\u00fc\u00df\u00c0\u00c2\u00c4\u00c1\u00c3\u00c5\u00c6\u00c7\u00c8\u00c9\u00ca\u00cb\u00cc\u00cd\u00ce"
    "\u00cf\u00d1\u00d2\u00d3\u00d4\u00d5\u00d6\u00d8\u0152\u00d9\u00da\u00db\u00dc"
)
_LOST = re.compile(r"[?][^\x00-\x7f]|[^\x00-\x7f][?]")
_LOST_SHARE = 0.1
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
    faults = {name: _fault_share(text) for name, text in texts.items() if _undefined_share(text) <= _STRAY_SHARE}
    if not faults:
        return _detected(sample)
    best = min(faults, key=lambda name: faults[name])
    text = texts[best]
    # Excel for the Mac's files often hold text that was broken before; its line ends tell them.
    if best == "mac_roman" and _is_western(text) and _is_broken(text):
        return Guess(best, "accented letters stand where Western languages have them")
    if faults[best] > _IMPLAUSIBLE_SHARE:
        return _detected(sample)
    told = _told_languages(text)
    if _unproven_share(text, told, frozenset() if best == "mac_roman" else _SHARED) > (_OTHER_SHARE if told else 0):
        return Guess(None, f"{best} and {', '.join(_NEIGHBOURS)} each give it other letters")
    for rival in _DISTANT:
        other = sample.decode(rival, "replace")
        if best != rival and _known_words(other) > _known_words(text):
            return Guess(None, f"{best} and {rival} both give it words")
    return Guess(best, "accented letters stand where Western languages have them")


def _undefined_share(text: str) -> float:
    """Return how many of the characters beyond ASCII are none that an encoding defines."""
    return len(_UNDEFINED.findall(text)) / max(1, len(_BEYOND.findall(text)))


def _fault_share(text: str) -> float:
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
        faults += sum(len(word) for word in _WORD.findall(line) if len(word) > 1 and _ACCENTED.issuperset(word))
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
    if letter in _ACCENTED:
        two_before = ahead[-2:-1]
        crowd = all(each in _ACCENTED for each in (two_before, before)) and bool(two_before and before)
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
    known = (len(left) > 1 and left in _ENGLISH) or (len(right) > 1 and right in _ENGLISH)
    if left and right:
        return not known
    if letter == "\u00ad":
        return True
    if left:
        return letter not in "\u2026\u00b7" and not known
    return bool(right) and letter == "\u2013" and right not in _ENGLISH


def _told_languages(text: str) -> list[frozenset[str]]:
    """Return the letters of each language that the words tell: by their share, and by more than one of them."""
    words = [word.lower() for word in _WORD.findall(text)]
    return [
        letters
        for letters, common in _TOLD
        if len(found := [word for word in words if word in common]) >= _TOLD_SHARE * len(words) and len(set(found)) > 1
    ]


def _unproven_share(text: str, told: list[frozenset[str]], shared: frozenset[str]) -> float:
    """Return how many of the words with letters beyond ASCII may be other words in another encoding."""
    words = [word.lower() for word in _WORD.findall(text) if not _ACCENTED.isdisjoint(word)]
    proven = [word for word in words if len(word) > 1 and _is_proven(word, shared)]
    # The words around prove a language's letters only where one of its words with such letters is there too.
    if proven and told:
        proven = [word for word in words if _is_proven(word, shared) or any(_beyond(word) <= each for each in told)]
    return 1 - len(proven) / len(words) if words else 0


def _beyond(word: str) -> set[str]:
    return {letter for letter in word if not letter.isascii()}


def _is_proven(word: str, shared: frozenset[str]) -> bool:
    return (
        _beyond(word) <= shared
        or word in _KNOWN
        or any(word in common for _, common in _TOLD)
        or bool(_SPELLINGS.search(word) or (shared and _INNER.search(word)))
    )


def _known_words(text: str) -> int:
    words = {word.lower() for word in _WORD.findall(text) if not word.isascii()}
    return sum(len(word) > 1 and (word in _KNOWN or any(word in common for _, common in _TOLD)) for word in words)


def _is_broken(text: str) -> bool:
    """Tell text whose letters beyond ASCII were lost before: question marks stand in their places."""
    return len(_LOST.findall(text)) > _LOST_SHARE * max(1, len(_BEYOND.findall(text)))


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
