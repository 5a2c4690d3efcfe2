"""Who last said what of each pair."""

from vsig_core.annotations.judgement import AnnotationRows, Judgement, Pair, judgements_of
from vsig_core.annotations.kinds import PAIR_TYPES, replaces
from vsig_core.annotations.retraction import in_force


def standing_answers(annotations: AnnotationRows) -> list[Judgement]:
    """Judgements of pairs that neither were taken back nor replaced by a later one.

    A named person's later answer replaces the earlier one to the same question;
    without a name nobody replaces anybody. In the order they were made.
    """
    kept: dict[tuple[Pair, str], list[Judgement]] = {}
    rows = [j for j in in_force(judgements_of(annotations)) if j.type in PAIR_TYPES and all(j.pair)]
    for row in sorted(rows, key=lambda j: j.order):
        held = kept.setdefault((row.pair, row.annotator or ""), [])
        if row.annotator:
            held[:] = [earlier for earlier in held if not replaces(row.type, earlier.type)]
        held.append(row)
    return sorted((row for held in kept.values() for row in held), key=lambda j: j.order)
