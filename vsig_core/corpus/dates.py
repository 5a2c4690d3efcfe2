"""Dates in the words of a catalogue, as years.

Read are years, ranges, decades, centuries (Arabic or Roman; English, French,
Italian, Spanish, German, Dutch), halves, thirds, quarters and tenths, "early, mid,
late", "circa", BC, and full dates. All else is unknown: one word that is not understood
makes the whole date unknown, since it may be the one that matters ("restored
1890"). So do open ranges ("before 1520"): they have no first possible year.

Conventions, all on the wide side:

- circa, and a question mark: `CIRCA_YEARS` to either side.
- A century runs from 01 to 00 (16th: 1501–1600). Early and late are its halves,
  mid its two middle quarters.
- "1520s" is a decade; "1500s" may be a decade or a century: 1500–1599.
- "1503-06" is a range; "1912-05", which cannot be one, is May 1912.
- Years BC are negative (300 BC is −300); there is no year 0.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from vsig_core.corpus.date_words import Token, tokens

CIRCA_YEARS = 5
LAST_YEAR = 2099

Years = tuple[int, int]

_ISO_DAY = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-\d\d([T ].*)?")
_NUMERIC_DAY = re.compile(r"\d{1,2}[./]\d{1,2}[./](\d{4})")
_ISO_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")

_DAY_FORMS = (
    ("year",),
    ("month", "year"),
    ("number", "month", "year"),
    ("ordinal", "month", "year"),
    ("month", "number", "year"),
    ("month", "ordinal", "year"),
    ("year", "month"),
    ("year", "month", "number"),
)


@lru_cache(maxsize=10_000)  # in a collection the same dates come again and again
def parse_years(text: str) -> Years | None:
    """First and last possible year of a date.

    Parameters
    ----------
    text
        A date as a catalogue gives it.

    Returns
    -------
    (first, last), both inclusive; None where the date is unknown or not understood.

    >>> parse_years("1503–06"), parse_years("c. 1520"), parse_years("sec. XVI")
    ((1503, 1506), (1515, 1525), (1501, 1600))
    """
    years = _single_day(text.strip()) or _words(text)
    if years is None:
        return None
    first, last = years
    return years if first <= last <= LAST_YEAR and 0 not in years else None


def _single_day(text: str) -> Years | None:
    """The year of a date in figures."""
    for pattern in (_ISO_DAY, _NUMERIC_DAY):
        if match := pattern.fullmatch(text):
            return int(match[1]), int(match[1])
    match = _ISO_MONTH.fullmatch(text)
    if match and int(match[2]) < int(match[1]) % 100:
        return int(match[1]), int(match[1])
    return None


_RANKED = ("ordinal", "roman", "number")
# Early, mid, late: years from and to within the century.
_SHARES = {1: (0, 50), 2: (25, 75), 3: (50, 100)}


class _Side(NamedTuple):
    """One end of a range, or the whole of a date that is none."""

    circa: bool
    bc: bool
    ad: bool
    rest: tuple[Token, ...]

    def has(self, kind: str) -> bool:
        return any(token.kind == kind for token in self.rest)


def _words(text: str) -> Years | None:
    stream = tokens(text)
    if not stream:
        return None
    is_range = any(token.kind == "from" for token in stream)
    cuts = [place for place, token in enumerate(stream) if token.kind == "to"]
    if len(cuts) > 1 or (is_range and not cuts):
        return None
    if not cuts:
        return _years(_side(stream))
    left, right = _side(stream[: cuts[0]]), _side(stream[cuts[0] + 1 :])
    if stream[-1].kind == "circa":  # "1520–1530 ca."; but in "1520–ca. 1530" 1520 is sure
        left = left._replace(circa=True)
    return _range(left, right)


def _side(stream: Sequence[Token]) -> _Side:
    kinds = {token.kind for token in stream}
    rest = tuple(t for t in stream if t.kind not in {"circa", "bc", "ad", "from"})
    return _Side("circa" in kinds, "bc" in kinds, "ad" in kinds, rest)


def _range(left: _Side, right: _Side) -> Years | None:
    """What is said once counts for both: the century, BC before and circa after the dash."""
    if left.bc and not (right.bc or right.ad):
        return None
    left = left._replace(bc=left.bc or (right.bc and not left.ad))
    right = right._replace(circa=right.circa or left.circa)
    if left.has("century") != right.has("century"):
        century = (Token("century", 0),)
        if left.has("century"):
            right = right._replace(rest=right.rest + century)
        else:
            left = left._replace(rest=left.rest + century)
    if [token.kind for token in right.rest] == ["number"] and left.has("year"):
        right = right._replace(rest=(_completed(left, right.rest[0]),))
    first, last = _years(left), _years(right)
    if first is None or last is None or first[0] > last[1]:
        return None
    return first[0], max(first[1], last[1])


def _completed(left: _Side, short: Token) -> Token:
    """The 06 of "1503–06" as 1506."""
    year = next(token.value for token in left.rest if token.kind == "year")
    unit = 10 if short.value < 10 and not short.padded else 100
    return Token("year", year - year % unit + short.value)


def _years(side: _Side) -> Years | None:
    kinds = tuple(token.kind for token in side.rest)
    if kinds in _DAY_FORMS:
        year = next(token.value for token in side.rest if token.kind == "year")
        years = (year, year)
    elif kinds in {("decade",), ("share", "decade")}:  # "late 1880s": somewhere in them
        decade = side.rest[-1].value
        years = (decade, decade + (99 if decade % 100 == 0 else 9))
    else:
        return _century(side)
    if side.bc:
        years = (-years[1], -years[0])
    widen = CIRCA_YEARS if side.circa else 0
    return years[0] - widen, years[1] + widen


def _century(side: _Side) -> Years | None:
    """A century or a part of one; "circa" adds nothing to so wide a span."""
    rest = list(side.rest)
    share = _take_share(rest)
    numbers = [token.value for token in rest if token.kind in _RANKED]
    if share is None or len(rest) != 2 or len(numbers) != 1 or not side.has("century"):
        return None
    number = numbers[0]
    if not 1 <= number <= 21:
        return None
    start = -100 * number if side.bc else 100 * (number - 1) + 1
    return start + share[0], start + share[1] - 1


def _take_share(rest: list[Token]) -> Years | None:
    """Take "early", "second half" … out: years from and to within the century."""
    kinds = [token.kind for token in rest]
    if "share" in kinds:
        return _SHARES[rest.pop(kinds.index("share")).value]
    if "fraction" not in kinds:
        return 0, 100
    place = kinds.index("fraction")
    which, parts = rest[place - 1], rest[place].value
    rank = parts if which.kind == "last" else which.value
    if place == 0 or which.kind not in {"last", *_RANKED} or not 1 <= rank <= parts:
        return None
    del rest[place - 1 : place + 1]
    return round(100 * (rank - 1) / parts), round(100 * rank / parts)
