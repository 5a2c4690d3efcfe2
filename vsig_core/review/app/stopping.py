"""A sign of when to stop: how many of the last judgements were yes, and what is likely left."""

from collections.abc import Sequence
from dataclasses import dataclass

from vsig_core.review.app.ledger import Ledger

LOOKED_AT = 20
_ENOUGH = 5
_YES = {"POSITIVE", "DUPLICATE"}
_SAYS_SOMETHING = _YES | {"NEGATIVE", "SIMILAR", "DIFFERENT", "NOT_DUPLICATE", "WRONG", "CORRECT"}


@dataclass(frozen=True)
class Outlook:
    """What the last judgements of a person say of those to come.

    Parameters
    ----------
    judged
        How many were looked at, at most `LOOKED_AT`.
    yes
        How many of them found something that belongs together.
    left
        Entries that nobody has judged yet.
    """

    judged: int
    yes: int
    left: int

    @property
    def expected(self) -> int:
        """Entries left in which something is likely to be found.

        By the rule of succession, (yes + 1) / (judged + 2). The list begins with the most
        promising, so it is rather too many.
        """
        return round(self.left * (self.yes + 1) / (self.judged + 2))

    @property
    def words(self) -> str:
        """For people."""
        if self.judged < _ENOUGH:
            return f"{self.left} left. After {_ENOUGH} judgements there is an estimate here."
        said = f"{self.yes} of your last {self.judged} judgements found a signature; "
        said += f"of the {self.left} left, about {self.expected} may hold one."
        if self.yes * 10 <= self.judged:
            said += " Finds have become rare: a good moment to stop, and to let the app learn."
        return said


def outlook(ledger: Ledger, annotator: str, left: int) -> Outlook:
    """Look at a person's last judgements."""
    kinds = _last_kinds(ledger, annotator)
    return Outlook(len(kinds), sum(bool(_YES & kind) for kind in kinds), left)


def _last_kinds(ledger: Ledger, annotator: str) -> Sequence[frozenset[str]]:
    found: list[frozenset[str]] = []
    for act in ledger.acts_of(annotator):
        kinds = frozenset(ledger.said(act).types)
        if kinds & _SAYS_SOMETHING:
            found.append(kinds)
        if len(found) == LOOKED_AT:
            break
    return found
