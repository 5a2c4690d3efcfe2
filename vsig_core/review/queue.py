"""What is worth a person's judgement next, and why, in words.

A group comes first when a judgement of it teaches most for the least work:
newcomers beside a signature that is known already, then people who disagree,
then groups that nobody has looked at, the tight ones first. A group that is
judged whole is done; one with a verdict comes back when a quarter of it is new.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from vsig_core.clustering import Verdict, verdict_on
from vsig_core.settings import ReviewSettings
from vsig_core.store.schema import empty, schema

# One of these, by what the group is …
NEWCOMERS, DISAGREEMENT, UNSEEN, UNFINISHED = 3.0, 2.0, 1.0, 0.5
# … and what counts within that, each in [0, 1] before its weight.
TIGHT, NEW = 0.6, 0.3
# Larger groups are work that a person puts off, and are looser as a rule.
HANDY_SIZE = 12


@dataclass(frozen=True)
class Evidence:
    """What is known about the pictures of the groups.

    Parameters
    ----------
    links
        Table `links`.
    motif_members
        Table `motif_members`.
    motif_names
        Signature -> name that a person gave it.
    verdicts
        On whole clusters, in force, oldest first.
    new_images
        Pictures that arrived since the queue was ranked last.
    """

    links: pa.Table = field(default_factory=lambda: empty("links"))
    motif_members: pa.Table = field(default_factory=lambda: empty("motif_members"))
    motif_names: Mapping[str, str | None] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()
    new_images: Collection[str] = frozenset()


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
    At most `queue_size` groups, most promising first; in each the pictures that
    nobody judged come first, the doubtful ones (farthest from their nearest) before
    the others.
    """
    context = _Context.of(clusters, evidence)
    entries = []
    for name, cluster, uids in _shown(groups):
        entry = _entry(name, cluster, uids, context)
        if entry is not None:
            entries.append(entry)
    entries.sort(key=lambda entry: (-entry["score"], entry["name"]))
    ranked = [
        {"rank": rank, **{key: value for key, value in entry.items() if key != "name"}}
        for rank, entry in enumerate(entries[: settings.queue_size], start=1)
    ]
    return pa.Table.from_pylist(ranked, schema=schema("review_queue"))


@dataclass(frozen=True)
class _Context:
    """All by picture, so that a group costs what is known of its own pictures alone."""

    judged: Mapping[str, set[str]]
    contested: Mapping[str, set[str]]
    motifs: Mapping[str, set[str]]
    carriers: Mapping[str, set[str]]
    reach: Mapping[str, float]
    radius: float
    evidence: Evidence

    @classmethod
    def of(cls, clusters: pa.Table, evidence: Evidence) -> "_Context":
        judged: dict[str, set[str]] = defaultdict(set)
        contested: dict[str, set[str]] = defaultdict(set)
        for link in evidence.links.select(["img1", "img2", "contested"]).to_pylist():
            for one, other in ((link["img1"], link["img2"]), (link["img2"], link["img1"])):
                judged[one].add(other)
                if link["contested"]:
                    contested[one].add(other)
        motifs: dict[str, set[str]] = defaultdict(set)
        carriers: dict[str, set[str]] = defaultdict(set)
        for row in evidence.motif_members.select(["motif", "uid"]).to_pylist():
            motifs[row["uid"]].add(row["motif"])
            carriers[row["motif"]].add(row["uid"])
        rows = clusters.select(["uid", "reachability", "max_eps"]).to_pylist()
        reach = {row["uid"]: row["reachability"] for row in rows}
        radius = rows[0]["max_eps"] if rows else 1.0
        return cls(judged, contested, motifs, carriers, reach, radius, evidence)

    def doubt(self, uid: str) -> float:
        """How far a picture is from what reached it, at most the radius."""
        return min(self.reach.get(uid, self.radius), self.radius)

    def settled(self, uid: str) -> set[str]:
        """Pictures that were judged with this one, or that carry a confirmed signature of it."""
        sharing = (self.carriers[motif] for motif in self.motifs.get(uid, ()))
        return set().union(self.judged.get(uid, ()), *sharing)


def _shown(groups: pa.Table) -> list[tuple[str, str | None, list[str]]]:
    """(group, cluster, pictures that are not folded), in the order of the table."""
    members: dict[str, list[str]] = defaultdict(list)
    cluster_of: dict[str, str | None] = {}
    for row in groups.to_pylist():
        if row["why"] in ("cluster", "motif"):
            members[row["group"]].append(row["uid"])
            cluster_of[row["group"]] = row["cluster"]
    return [(group, cluster_of[group], uids) for group, uids in members.items()]


def _entry(name: str, cluster: str | None, uids: list[str], context: _Context) -> dict | None:
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


def _why(group: _Group, context: _Context) -> tuple[float, list[str]]:
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


def _kind(group: _Group, context: _Context) -> tuple[float, list[str]]:
    score, reasons = 0.0, []
    if group.known and group.newcomers:
        score = NEWCOMERS
        names = _listed([_motif_name(motif, context) for motif in sorted(group.known)])
        more = _count(len(group.newcomers), "picture")
        reasons.append(f"holds {names}, and {more} that may carry it too")
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


def _motif_name(motif: str, context: _Context) -> str:
    name = context.evidence.motif_names.get(motif)
    return f"the known signature “{name}”" if name else f"a known signature ({motif})"


def _listed(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{len(names)} known signatures"
    return " and ".join(names)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
