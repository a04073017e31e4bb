"""Words of Western languages, and whether their accented letters are those of the encoding that was guessed."""

import re

WORD = re.compile(r"[^\W\d_]+")
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
ENGLISH = frozenset(
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
# Letters that the neighbours read the same, or that they hardly have.
SHARED = frozenset("éóöüßôú")
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
# What Western texts hold beyond ASCII; other letters of cp1252 are other alphabets' letters misread.
ACCENTED = frozenset(
    "\u00e0\u00e2\u00e4\u00e1\u00e3\u00e5\u00e6\u00e7\u00e8\u00e9\u00ea\u00eb\u00ec\u00ed\u00ee\u00ef\u00f1\u00f2\u00f3\u00f4\u00f5\u00f6"
    "\u00f8\u0153\u00f9\u00fa\u00fb\u00fc\u00df\u00c0\u00c2\u00c4\u00c1\u00c3\u00c5\u00c6\u00c7\u00c8\u00c9\u00ca\u00cb\u00cc\u00cd\u00ce"
    "\u00cf\u00d1\u00d2\u00d3\u00d4\u00d5\u00d6\u00d8\u0152\u00d9\u00da\u00db\u00dc"
)


def told_languages(text: str) -> list[frozenset[str]]:
    """Return the letters of each language that the words tell: by their share, and by more than one of them."""
    words = [word.lower() for word in WORD.findall(text)]
    return [
        letters
        for letters, common in _TOLD
        if len(found := [word for word in words if word in common]) >= _TOLD_SHARE * len(words) and len(set(found)) > 1
    ]


def unproven_share(text: str, told: list[frozenset[str]], shared: frozenset[str]) -> float:
    """Return how many of the words with letters beyond ASCII may be other words in another encoding."""
    words = [word.lower() for word in WORD.findall(text) if not ACCENTED.isdisjoint(word)]
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


def known_words(text: str) -> int:
    """Count the words with letters beyond ASCII that are known ones."""
    words = {word.lower() for word in WORD.findall(text) if not word.isascii()}
    return sum(len(word) > 1 and (word in _KNOWN or any(word in common for _, common in _TOLD)) for word in words)


def is_western(text: str) -> bool:
    """Tell text of which some words are common ones of a Western language."""
    words = [word.lower() for word in WORD.findall(text)]
    return bool(words) and sum(word in _WESTERN for word in words) >= _WESTERN_SHARE * len(words)
