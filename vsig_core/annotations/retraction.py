"""Taking judgements back: RETRACT by annotation and by act."""

from collections import defaultdict
from collections.abc import Sequence

from vsig_core.annotations.judgement import AnnotationRows, Judgement, judgements_of


def in_force(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Judgements that nobody took back, in order; RETRACT rows themselves left out.

    A RETRACT names an annotation_id or an act, and may itself be taken back, which
    restores what it took. One that names what is not in the log waits for it. Two
    that take back one another: the later one counts.
    """
    retracts = sorted((j for j in judgements if j.type == "RETRACT"), key=lambda j: j.order)
    by_target: dict[str, list[Judgement]] = defaultdict(list)
    for retract in retracts:
        if retract.retracts:
            by_target[retract.retracts].append(retract)
    standing = _standing_retracts(retracts, by_target)
    taken_back = {r.retracts for r in retracts if r.annotation_id in standing}
    return [
        j
        for j in judgements
        if j.type != "RETRACT" and j.annotation_id not in taken_back and j.act not in taken_back
    ]


def ids_in_force(annotations: AnnotationRows) -> set[str]:
    """Ids of the rows of the log that nobody took back."""
    return {judgement.annotation_id for judgement in in_force(judgements_of(annotations))}


def _standing_retracts(
    retracts: list[Judgement], by_target: dict[str, list[Judgement]]
) -> set[str]:
    """Ids of the RETRACT rows in force: those that no RETRACT in force names."""
    against = {r.annotation_id: _retractors(r, by_target) for r in retracts}
    undecided = {r.annotation_id: len(against[r.annotation_id]) for r in retracts}
    hits: dict[str, list[str]] = defaultdict(list)
    for target, sources in against.items():
        for source in sources:
            hits[source].append(target)
    standing: set[str] = set()
    newest = [r.annotation_id for r in retracts]  # oldest first: pop() takes the newest
    free = [name for name, count in undecided.items() if not count]
    while free or newest:
        name = free.pop() if free else newest.pop()
        if undecided.pop(name, None) is None:
            continue
        standing.add(name)
        for fallen in hits[name]:
            if undecided.pop(fallen, None) is None:
                continue
            for freed in hits[fallen]:
                if freed in undecided:
                    undecided[freed] -= 1
                    if not undecided[freed]:
                        free.append(freed)
    return standing


def _retractors(retract: Judgement, by_target: dict[str, list[Judgement]]) -> set[str]:
    names = {retract.annotation_id, retract.act} - {None}
    sources = {other.annotation_id for name in names for other in by_target.get(name, ())}
    return sources - {retract.annotation_id}
