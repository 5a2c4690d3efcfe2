"""How judgements, dates and people are put into words."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from vsig_core.annotations.judgement import Judgement
from vsig_core.review.app.ledger import Said

_SIGNATURE_ID = re.compile(r" \(s-[0-9a-f]{12}\)")
_KNOWN = "a known signature"
_NAMELESS = re.compile(f"{_KNOWN}(?:(?:, | and ){_KNOWN})+")
VERDICTS = {
    "POSITIVE": "same signature",
    "NEGATIVE": "not the same signature",
    "SIMILAR": "similar",
    "DIFFERENT": "not even similar",
    "DUPLICATE": "same photograph or object",
    "NOT_DUPLICATE": "not the same photograph",
    "UNSURE": "unsure",
    "CORRECT": "the group is right",
    "WRONG": "the group is wrong",
    "SETTLE": "conflict settled",
    "RETRACT": "taken back",
    "PROPOSAL": "suggested",
}
"""Type of a judgement -> what a person says for it."""


def act_in_words(said: Said) -> str:
    """What an act said, as "same signature, 6 pairs; not the same signature, 12 pairs"."""
    return "; ".join(
        VERDICTS[kind] if kind in ("CORRECT", "WRONG", "SETTLE", "RETRACT") else _pairs(kind, n)
        for kind, n in said.types.items()
    )


def _pairs(kind: str, number: int) -> str:
    return f"{VERDICTS[kind]}, {number} {'pair' if number == 1 else 'pairs'}"


def begin(text: str) -> str:
    """A sentence's capital; names in it stay as they are."""
    return text[:1].upper() + text[1:]


def reason(text: str) -> str:
    """A reason without ids of signatures, which say nothing to a person.

    >>> reason("holds a known signature (s-0123456789ab) and a known signature (s-ba9876543210)")
    'holds 2 known signatures'
    """
    bare = _SIGNATURE_ID.sub("", text)
    return _NAMELESS.sub(lambda found: f"{found[0].count(_KNOWN)} known signatures", bare)


def day(time: datetime | None) -> str:
    """A day, as "2 March 2026"; "undated" where there is none."""
    return f"{time.day} {time:%B %Y}" if time else "undated"


def moment(time: datetime | None) -> str:
    """A day and an hour, UTC."""
    return f"{day(time)}, {time:%H:%M} UTC" if time else "undated"


def who(annotator: str | None) -> str:
    """A person; many old files name none."""
    return annotator or "somebody unnamed"


def date_of(row: Mapping[str, Any]) -> str:
    """When a work was made: the catalogue's words, else the years; empty where unknown."""
    if row["date_text"]:
        return row["date_text"]
    first, last = row["year_from"], row["year_to"]
    if first is None and last is None:
        return ""
    return str(first) if first == last else f"{_year(first)}–{_year(last)}"


def _year(year: int | None) -> str:
    return "?" if year is None else str(year)


def title_of(row: Mapping[str, Any]) -> str:
    """A title, else the uid."""
    return row["title"] or row["uid"]


def joined(people: Iterable[str | None]) -> str:
    """Names, each once, as "Anna and Luca"."""
    names = list(dict.fromkeys(who(name) for name in people))
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def judgement_in_words(row: Judgement) -> str:
    """One judgement, as "same signature, Anna, 2 March 2026"."""
    return f"{VERDICTS[row.type]}, {who(row.annotator)}, {day(row.made_at)}"
