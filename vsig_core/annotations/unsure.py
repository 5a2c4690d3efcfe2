"""Pairs of which somebody said "unsure"."""

from collections import defaultdict
from itertools import combinations

from vsig_core.annotations.judgement import AnnotationRows, Pair, judgements_of
from vsig_core.annotations.retraction import in_force


def unsure_pairs(annotations: AnnotationRows) -> dict[str | None, set[Pair]]:
    """By annotator (None: unnamed), the pairs that this person is not to be shown again.

    UNSURE changes nothing about links: whoever wants an earlier judgement gone
    takes it back. A later judgement of the pair by the same person ends it.
    """
    found: dict[str | None, set[Pair]] = defaultdict(set)
    for row in sorted(in_force(judgements_of(annotations)), key=lambda j: j.order):
        pairs = set(combinations(sorted(row.members), 2)) if row.members else {row.pair}
        if row.type == "UNSURE":
            found[row.annotator] |= pairs
        elif row.annotator:
            found[row.annotator] -= {row.pair}
    return {annotator: pairs for annotator, pairs in found.items() if pairs}
