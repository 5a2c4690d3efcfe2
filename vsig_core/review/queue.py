"""What is worth a person's judgement next, and why, in words.

A group comes first when a judgement of it teaches most for the least work:
newcomers beside a signature that is known already, then people who disagree,
then groups that nobody has looked at, the tight ones first. A group that is
judged whole is done; one with a verdict comes back when a quarter of it is new.
Pairs that no group holds follow where a click each is well spent; see `pairs`.
"""

from collections import defaultdict
from dataclasses import dataclass

import pyarrow as pa

from vsig_core.clustering import verdict_on
from vsig_core.review.pairs import propose_pairs
from vsig_core.review.standing import Evidence, Standing
from vsig_core.settings import ReviewSettings
from vsig_core.store.schema import schema

# One of these, by what the group is …
NEWCOMERS, DISAGREEMENT, UNSEEN, UNFINISHED = 3.0, 2.0, 1.0, 0.5
# … and what counts within that, each in [0, 1] before its weight.
TIGHT, NEW = 0.6, 0.3
# Larger groups are work that a person puts off, and are looser as a rule.
HANDY_SIZE = 12


def rank_queue(
    groups: pa.Table, clusters: pa.Table, evidence: Evidence, settings: ReviewSettings
) -> pa.Table:
    """Make the table `review_queue`.

    Parameters
    ----------
    groups
        Table `groups`; folded pictures are not proposed.
    clusters
        Table `clusters` (columns uid, reachability, max_eps).
    evidence
        What people said so far.
    settings
        Length of the queue.

    Returns
    -------
    At most `queue_size` groups and pairs, most promising first; in each group the pictures
    that nobody judged come first, the doubtful ones (farthest from their nearest) before
    the others.
    """
    context = Standing.of(clusters, evidence)
    entries = []
    shown = _shown(groups)
    for name, cluster, uids in shown:
        entry = _entry(name, cluster, uids, context)
        if entry is not None:
            entries.append(entry)
    together = {name: uids for name, _, uids in shown}
    entries += propose_pairs(together, context, settings.queue_size)
    entries.sort(key=lambda entry: (-entry["score"], entry["name"]))
    ranked = [
        {"rank": rank, **{key: value for key, value in entry.items() if key != "name"}}
        for rank, entry in enumerate(entries[: settings.queue_size], start=1)
    ]
    return pa.Table.from_pylist(ranked, schema=schema("review_queue"))


def _shown(groups: pa.Table) -> list[tuple[str, str | None, list[str]]]:
    """(group, cluster, pictures neither folded nor rejected), in the order of the table."""
    members: dict[str, list[str]] = defaultdict(list)
    cluster_of: dict[str, str | None] = {}
    for row in groups.to_pylist():
        if row["why"] in ("cluster", "motif"):
            members[row["group"]].append(row["uid"])
            cluster_of[row["group"]] = row["cluster"]
    return [(group, cluster_of[group], uids) for group, uids in members.items()]


def _entry(name: str, cluster: str | None, uids: list[str], context: Standing) -> dict | None:
    """One row of the queue; None where nothing is left to judge."""
    inside = set(uids)
    open_beside = {uid: len(inside) - len((context.settled(uid) | {uid}) & inside) for uid in uids}
    open_pairs = sum(open_beside.values()) // 2
    disputed = sum(len(context.contested.get(uid, set()) & inside) for uid in uids) // 2
    verdict = verdict_on(uids, context.evidence.verdicts)
    if (not open_pairs or verdict is not None) and not disputed:
        return None
    known = set().union(*(context.motifs.get(uid, ()) for uid in uids))
    newcomers = {uid for uid in uids if open_beside[uid] and uid not in context.motifs}
    score, reasons = _why(_Group(uids, known, newcomers, disputed, open_pairs), context)
    doubtful = sorted(uids, key=lambda uid: (uid not in newcomers, -context.doubt(uid), uid))
    return {
        "name": name,
        "kind": "cluster",
        "images": doubtful,
        "cluster": cluster,
        "score": score,
        "reasons": reasons,
    }


@dataclass(frozen=True)
class _Group:
    uids: list[str]
    known: set[str]
    newcomers: set[str]
    disputed: int
    open_pairs: int


def _why(group: _Group, context: Standing) -> tuple[float, list[str]]:
    """Score and reasons, the strongest first."""
    score, reasons = _kind(group, context)
    doubt = [context.doubt(uid) for uid in group.uids]
    tightness = 1 - sum(doubt) / len(doubt) / context.radius
    score += TIGHT * tightness * min(1.0, HANDY_SIZE / len(group.uids))
    if tightness > 0.5:
        reasons.append("the pictures look very much alike")
    elif tightness < 0.15:
        reasons.append("the pictures are only loosely alike")
    new = sum(uid in context.evidence.new_images for uid in group.uids)
    if new:
        score += NEW * new / len(group.uids)
        reasons.append(f"{_count(new, 'picture')} arrived since last time")
    if len(group.uids) > HANDY_SIZE:
        reasons.append(f"large: {len(group.uids)} pictures")
    return round(score, 6), reasons


def _kind(group: _Group, context: Standing) -> tuple[float, list[str]]:
    score, reasons = 0.0, []
    if group.known and group.newcomers:
        score = NEWCOMERS
        more = _count(len(group.newcomers), "picture")
        reasons.append(f"holds {context.names(group.known)}, and {more} that may carry it too")
    if len(group.known) > 1:
        reasons.append(f"{len(group.known)} known signatures meet here: are they one?")
    if group.disputed:
        score = max(score, DISAGREEMENT)
        reasons.append(f"{_count(group.disputed, 'pair')} on which judgements disagree")
    if not reasons and len(group.newcomers) == len(group.uids) and group.open_pairs == _all(group):
        score = UNSEEN
        reasons.append(f"{_count(len(group.uids), 'picture')} that nobody has judged yet")
    elif not reasons or not score:
        score = max(score, UNFINISHED)
        reasons.append(f"{_count(group.open_pairs, 'pair')} still to be judged")
    return score, reasons


def _all(group: _Group) -> int:
    return len(group.uids) * (len(group.uids) - 1) // 2


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
