"""Whether a verdict on a whole cluster still holds: until a quarter of the members are new."""

from collections.abc import Collection, Sequence
from typing import Protocol

NEW_SHARE = 0.25  # DESIGN 4


class Verdict(Protocol):
    """One judgement of a cluster, as `vsig_core.annotations.verdicts_in_force` gives it."""

    @property
    def type(self) -> str:
        """CORRECT or WRONG."""
        ...

    @property
    def members(self) -> frozenset[str]:
        """The pictures that the cluster had."""
        ...


def verdict_on(members: Collection[str], verdicts: Sequence[Verdict]) -> Verdict | None:
    """The latest verdict that still holds for these pictures: fewer than a quarter are new.

    Parameters
    ----------
    members
        Pictures of the cluster now.
    verdicts
        Oldest first.
    """
    for verdict in reversed(verdicts):
        new = sum(uid not in verdict.members for uid in members)
        if members and new < NEW_SHARE * len(members):
            return verdict
    return None
