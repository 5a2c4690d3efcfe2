"""Contradictions as people see them: who said what, when, and how it can end."""

from collections.abc import Iterable
from dataclasses import dataclass

from vsig_core.annotations import conflict_id
from vsig_core.annotations.judgement import Judgement, Pair
from vsig_core.annotations.kinds import read_outcome
from vsig_core.annotations.links import Link

_OBJECT = ("DUPLICATE", "NOT_DUPLICATE")
_SIGNATURE = ("POSITIVE", "SIMILAR", "NEGATIVE")


@dataclass(frozen=True)
class Dispute:
    """A conflict with what people said.

    Parameters
    ----------
    conflict_id, kind
        As in the table `conflicts`.
    pair
        The two pictures.
    voices
        Judgements of the pair itself, oldest first.
    witnesses
        Judgements that join the two through others, along the chain.
    settled
        The SETTLE that decided it, or left it open on purpose; None while it is open.
    """

    conflict_id: str
    kind: str
    pair: Pair
    voices: tuple[Judgement, ...]
    witnesses: tuple[Judgement, ...]
    settled: Judgement | None

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What it can be settled as: what people said first, then what else is an answer."""
        said = [voice.type for voice in self.voices]
        others = _OBJECT if set(said) <= set(_OBJECT) else _SIGNATURE
        return tuple(dict.fromkeys([*said, *others]))

    @property
    def outcome(self) -> str | None:
        """How it was settled: a type of links, or LEAVE; None while it is open."""
        return read_outcome(self.settled.note) if self.settled else None

    @property
    def newest(self) -> float:
        """Time of the latest judgement, seconds since 1970; 0 where none has a time."""
        times = [j.made_at for j in (*self.voices, *self.witnesses) if j.made_at]
        return max(times).timestamp() if times else 0.0


def disputes(links: Iterable[Link]) -> list[Dispute]:
    """All conflicts among links, the open ones first, then by the newest judgement.

    Parameters
    ----------
    links
        With contradictions found and settlements applied (`settle_pairs`, `contest_inside`).
    """
    found = [
        Dispute(
            conflict_id(link.pair),
            link.conflict,
            link.pair,
            tuple(sorted(link.judgements, key=lambda j: j.order)),
            tuple(link.witnesses),
            link.decided_by,
        )
        for link in links
        if link.conflict
    ]
    return sorted(found, key=lambda d: (d.settled is not None, -d.newest, d.conflict_id))
