"""The words of dates in six languages, as tokens."""

import re
import unicodedata
from typing import NamedTuple


class Token(NamedTuple):
    """One word of a date.

    `value` is its number: a year, a rank, 1 early, 2 mid, 3 late, or into how many
    parts a century is cut; 0 where it has none. `padded`: two figures were written.
    """

    kind: str
    value: int = 0
    padded: bool = False


def _any(words: str) -> str:
    """An alternation, longest first; a space inside a word is written `_`."""
    ordered = sorted(words.split(), key=len, reverse=True)
    return "|".join(re.escape(word).replace("_", r"\s*") for word in ordered)


_RANKS = {
    1: "first premier premiere prima primo primera primer erste ersten erstes eerste",
    2: "second deuxieme seconde seconda secondo segunda segundo zweite zweiten zweites tweede",
    3: "third troisieme terza terzo tercera tercer dritte dritten drittes derde",
    4: "fourth quatrieme quarto cuarto vierte vierten viertes vierde",
    13: "thirteenth duecento",
    14: "fourteenth trecento",
    15: "fifteenth quattrocento",
    16: "sixteenth cinquecento",
    17: "seventeenth seicento",
    18: "eighteenth settecento",
    19: "nineteenth ottocento",
    20: "twentieth novecento",
}
_RANK_OF = {word: rank for rank, words in _RANKS.items() for word in words.split()}
_ITALIAN_CENTURY = re.compile(r"\b(?:due|tre|quattro|cinque|sei|sette|otto|nove)cento\b")

_SHARES = {
    1: "early debut debuts inizio inizi principio principios comienzo comienzos inicios anfang "
    "fruhes begin vroege",
    2: "mid middle meta milieu mediados mitte midden",
    3: "late end fin fine fines finales ende spates eind",
}
_SHARE_OF = {word: share for share, words in _SHARES.items() for word in words.split()}

_LAST = "last dernier derniere ultimo ultima letzte letzten letztes laatste"
_HALF = "half halfte h moitie mitad helft"
_QUARTER = "quarter quart viertel kwart"
_THIRD = "tiers drittel tercio derde_deel"
_TENTH = "decade decennio decada decennie jahrzehnt decennium"
_CIRCA = (
    "circa ca cca about around approximately approx um vers environ verso hacia alrededor cerca "
    "omstreeks rond etwa gegen ungefahr intorno attorno autour"
)
_CENTURY = (
    "century centuries cent siecle siecles s sec secc secolo secoli siglo siglos jahrhundert "
    "jahrhunderts jh jhs jhd jhds jhdt eeuw"
)
_BC = "bc bce b.c. b.c.e. a.c. a._c. v._chr. v._chr av._j.-c. av._j.c. avant_j.-c."
_AD = "ad ce a.d. c.e. d.c. d._c. n._chr. n._chr ap._j.-c. apres_j.-c."
_FROM = "between from entre tra fra zwischen tussen von da dal desde"
_TO = "to until till or and bis al a tot hasta oder ou o et e y und en"
_MONTHS = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep sept oct nov dec janvier fevrier mars avril mai juin juillet "
    "aout septembre octobre novembre decembre gennaio febbraio marzo aprile maggio giugno luglio "
    "agosto settembre ottobre novembre dicembre enero febrero abril mayo junio julio septiembre "
    "octubre noviembre diciembre januar februar marz juni juli oktober dezember maart mei augustus"
)
_NOISE = (
    "the of in probably possibly dated signed made painted created executed de du des del di "
    "dello della dell der il la le el los het l year anno an jahr jahre jahren im nel nell "
    "probablement probabilmente probablemente vermutlich wahrscheinlich wohl date datiert datato "
    "datata fechado fechada entstanden "
    # Not winter: it has two years.
    "spring summer autumn fall primavera estate autunno printemps ete automne fruhling fruhjahr "
    "sommer herbst verano otono"
)

# Tried in this order at each place of the text.
_PATTERN = re.compile(
    "|".join(
        f"(?P<{kind}>{pattern})"
        for kind, pattern in {
            "bc": rf"(?:{_any(_BC)})(?!\w)",
            "ad": rf"(?:{_any(_AD)})(?!\w)",
            "years": r"\d{2}xx\b|\d{3}x\b|\d{3}0(?:'?s|er)\b|"
            r"(?:annees|anni|anos|decada\s+de|decennie|decennio)\s+(?:de\s+)?\d{3}0\b",
            "year": r"\d{3,4}(?:\.0)?(?!\w)",
            "ordinal": r"\d{1,2}(?:st|nd|rd|th|er|ere|re|eme|ste|de|e)\b|\d{1,2}\.(?=\s*[a-z/-])",
            "number": r"\d{1,2}(?!\w)",
            "rank": rf"(?:{_any(' '.join(_RANK_OF))})\b",
            "roman": r"[ivx]+(?:eme|er|e)?\b",
            "share": rf"(?:{_any(' '.join(_SHARE_OF))})\b[\s-]*",
            "last": rf"(?:{_any(_LAST)})\b",
            "half": rf"(?:{_any(_HALF)})\b",
            "quarter": rf"(?:{_any(_QUARTER)})\b",
            "third": rf"(?:{_any(_THIRD)})\b",
            "tenth": rf"(?:{_any(_TENTH)})\b",
            "century": rf"-?(?:{_any(_CENTURY)})\b",
            "circa": rf"(?:{_any(_CIRCA)})\b|c\b|c(?=\d)|\?|~",
            "from": rf"(?:{_any(_FROM)})\b",
            "to": rf"(?:{_any(_TO)})\b|-|/",
            "month": rf"(?:{_any(_MONTHS)})\b",
            "noise": rf"(?:{_any(_NOISE)})\b|[\s.,;:'\"()\[\]]",
        }.items()
    )
)
_ROMAN_DIGITS = {"i": 1, "v": 5, "x": 10}


def tokens(text: str) -> list[Token]:
    """The words of a date; empty where one of them is not known."""
    text = _plain(text)
    found: list[Token] = []
    place = 0
    while place < len(text):
        match = _PATTERN.match(text, place)
        if match is None:
            return []
        place = match.end()
        found += _read(_in_context(str(match.lastgroup), match[0], found), match[0])
    return found


def _in_context(kind: str, word: str, before: list[Token]) -> str:
    """The kind of a word that has two meanings."""
    previous = before[-1].kind if before else ""
    if word == "c" and previous == "ordinal":
        return "century"  # "16th c."; elsewhere "c." is circa
    if word == "en" and not before:
        return "noise"  # French "en 1520"; between two years it is Dutch for "and"
    if word == "al" and previous == "circa":
        return "noise"  # "intorno al 1520"; elsewhere it is "to"
    if previous in {"ordinal", "last"}:
        return _PARTS.get(word.strip(), kind)
    if word.strip() == "meta" and previous in {"number", "roman"} and before[-1].value in {1, 2}:
        return "half"  # "1° metà", "II metà"; "sec. XVI metà" is the middle
    return kind


# After a rank: "prima metà" is a half, "metà" alone the middle; "ultimo quarto" is no rank.
_PARTS = {
    "meta": "half",
    "quarto": "quarter",
    "cuarto": "quarter",
    "terzo": "third",
    "third": "third",
    "derde": "third",
}
_PARTS_OF = {"half": 2, "third": 3, "quarter": 4, "tenth": 10}


def _plain(text: str) -> str:
    """Lower case, without accents, with one kind of dash."""
    decomposed = unicodedata.normalize("NFKD", re.sub("[ºª°]", "", text))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c)).lower()
    return re.sub(r"\s*[‐‑‒–—−]\s*|\s*--+\s*", "-", bare).replace("’", "'").strip()


def _read(kind: str, word: str) -> list[Token]:
    if kind == "noise":
        return []
    digits = "".join(c for c in word.removesuffix(".0") if c.isdigit())
    if kind == "years":
        return [Token("decade", int(digits.ljust(4, "0")))]
    if kind in {"year", "ordinal", "number"}:
        return [Token(kind, int(digits), padded=len(digits) > 1)]
    if kind == "rank":
        rank = Token("ordinal", _RANK_OF[word])
        return [rank, Token("century")] if _ITALIAN_CENTURY.match(word) else [rank]
    if kind == "roman":
        return [Token("roman", _roman(re.sub(r"(?:eme|er|e)$", "", word)))]
    if kind == "share":
        return [Token("share", _SHARE_OF[word.strip(" -")])]
    if kind in _PARTS_OF:
        return [Token("fraction", _PARTS_OF[kind])]
    return [Token(kind)]


def _roman(numeral: str) -> int:
    values = [_ROMAN_DIGITS[letter] for letter in numeral]
    following = [*values[1:], 0]
    return sum(-v if v < after else v for v, after in zip(values, following, strict=True))
