"""Who last said what of each pair."""

from collections.abc import Iterable

from vsig_core.annotations.judgement import Judgement, Pair
from vsig_core.annotations.kinds import PAIR_TYPES, replaces


def latest_answers(judgements: Iterable[Judgement]) -> list[Judgement]:
    """Judgements of pairs that no later one of the same person replaced.

    A named person's later answer replaces the earlier one to the same question;
    without a name nobody replaces anybody. In the order they were made.

    Parameters
    ----------
    judgements
        In force: nobody took them back.
    """
    kept: dict[tuple[Pair, str], list[Judgement]] = {}
    rows = [j for j in judgements if j.type in PAIR_TYPES and all(j.pair)]
    for row in sorted(rows, key=lambda j: j.order):
        held = kept.setdefault((row.pair, row.annotator or ""), [])
        if row.annotator:
            held[:] = [earlier for earlier in held if not replaces(row.type, earlier.type)]
        held.append(row)
    return sorted((row for held in kept.values() for row in held), key=lambda j: j.order)
