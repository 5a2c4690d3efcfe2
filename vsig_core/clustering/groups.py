"""What people are shown: the model's clusters, with everything that was judged holding.

`clusters` stays the model's opinion. A group is a cluster in which
- a picture that was judged not to belong to the rest is out: its row says "rejected",
- a confirmed motif that is at home there is whole, wherever the model put its pictures,
- photographs of one object, and by setting views of one work, count once:
  they stay as rows that say whose place they do not take.
A cluster that was called wrong is out until a quarter of it is new. A motif that
is at home in no shown cluster is a group of its own.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from vsig_core.clustering.verdicts import Verdict, verdict_on
from vsig_core.settings import SameWork
from vsig_core.store.schema import SEPARATING, empty, schema


@dataclass(frozen=True)
class Judgements:
    """What people said, as far as groups heed it.

    Parameters
    ----------
    links
        Table `links`; contested ones reject nothing.
    motif_members
        Table `motif_members`.
    representatives
        Picture -> picture that stands for it; those that stand for themselves
        may be missing.
    works
        Picture -> work, where known.
    verdicts
        On whole clusters, in force, oldest first.
    """

    links: pa.Table = field(default_factory=lambda: empty("links"))
    motif_members: pa.Table = field(default_factory=lambda: empty("motif_members"))
    representatives: Mapping[str, str] = field(default_factory=dict)
    works: Mapping[str, str | None] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()


def build_groups(
    clusters: pa.Table, judgements: Judgements, same_work: SameWork = "fold"
) -> pa.Table:
    """Make the table `groups`.

    Parameters
    ----------
    clusters
        Table `clusters` (columns uid and cluster).
    judgements
        What people said.
    same_work
        hide: further views of a work are left out. fold: they are rows that say
        so. show: they count like any picture.

    Returns
    -------
    `why` is "cluster" for the model's proposals, "motif" for pictures of a
    confirmed signature, "duplicate of UID" or "same work as UID" for pictures
    that are folded, "rejected" for those that judgements put out. A group shows at
    least two pictures that are neither folded nor rejected.
    """
    members = _clusters(clusters)
    motifs = _motifs(judgements.motif_members, set(clusters["uid"].to_pylist()))
    kept = _kept(members, judgements)
    home = {motif: _home(uids, kept) for motif, uids in motifs.items()}
    rows: list[dict[str, str | None]] = []
    pairs = _Pairs.of(judgements.links)
    for cluster in sorted(kept):
        confirmed = {uid for m, uids in motifs.items() if home[m] == cluster for uid in uids}
        # What a motif brings along may reject pictures that the cluster alone did not.
        proposed = kept[cluster] - rejected(kept[cluster] | confirmed, pairs)
        out = members[cluster] - proposed - confirmed
        rows += _rows(_Group(cluster, cluster, proposed, confirmed, out), judgements, same_work)
    for motif in sorted(motifs):
        if home[motif] is None:
            rows += _rows(_Group(motif, None, set(), motifs[motif], set()), judgements, same_work)
    return pa.Table.from_pylist(rows, schema=schema("groups"))


@dataclass(frozen=True)
class _Group:
    name: str
    cluster: str | None
    proposed: set[str]
    confirmed: set[str]
    rejected: set[str]


def _clusters(clusters: pa.Table) -> dict[str, set[str]]:
    members: dict[str, set[str]] = defaultdict(set)
    uids, names = clusters["uid"].to_pylist(), clusters["cluster"].to_pylist()
    for uid, name in zip(uids, names, strict=True):
        if name is not None:
            members[name].add(uid)
    return members


def _motifs(table: pa.Table, known: set[str]) -> dict[str, set[str]]:
    """Signatures that at least two pictures of the corpus carry."""
    members: dict[str, set[str]] = defaultdict(set)
    for motif, uid in zip(table["motif"].to_pylist(), table["uid"].to_pylist(), strict=True):
        if uid in known:
            members[motif].add(uid)
    return {motif: uids for motif, uids in members.items() if len(uids) > 1}


def _kept(members: Mapping[str, set[str]], judgements: Judgements) -> dict[str, set[str]]:
    """Clusters that were not called wrong, without their rejected pictures."""
    pairs = _Pairs.of(judgements.links)
    kept = {}
    for cluster, uids in members.items():
        verdict = verdict_on(uids, judgements.verdicts)
        if verdict is None or verdict.type != "WRONG":
            kept[cluster] = uids - rejected(uids, pairs)
    return kept


@dataclass(frozen=True)
class _Pairs:
    """Uncontested judgements of pairs, by picture."""

    positive: Mapping[str, set[str]]
    negative: Mapping[str, set[str]]

    @classmethod
    def of(cls, links: pa.Table) -> "_Pairs":
        positive: dict[str, set[str]] = defaultdict(set)
        negative: dict[str, set[str]] = defaultdict(set)
        for link in links.select(["img1", "img2", "verdict", "contested"]).to_pylist():
            if link["contested"]:
                continue
            side = {"POSITIVE": positive}.get(link["verdict"])
            side = negative if link["verdict"] in SEPARATING else side
            if side is not None:
                side[link["img1"]].add(link["img2"])
                side[link["img2"]].add(link["img1"])
        return cls(positive, negative)


def rejected(uids: set[str], pairs: _Pairs) -> set[str]:
    """Pictures of a cluster that were judged not to belong to the rest of it.

    A picture without a POSITIVE in the cluster is out when it is NEGATIVE to
    more than half of the others, or to every picture of the largest block that
    POSITIVE links join there (the ticked ones of "same, the unticked are not").
    """
    block = _largest_block(uids, pairs.positive)
    out = set()
    for uid in uids:
        negative = pairs.negative.get(uid, set()) & uids
        if not negative or pairs.positive.get(uid, set()) & uids:
            continue
        if 2 * len(negative) > len(uids) - 1 or (block and block <= negative):
            out.add(uid)
    return out


def _largest_block(uids: set[str], positive: Mapping[str, set[str]]) -> set[str]:
    blocks: list[set[str]] = []
    waiting = {uid for uid in uids if positive.get(uid, set()) & uids}
    while waiting:
        block: set[str] = set()
        edge = {min(waiting)}
        while edge:
            block |= edge
            edge = {other for uid in edge for other in positive[uid] & uids} - block
        blocks.append(block)
        waiting -= block
    return max(blocks, key=lambda block: (len(block), min(block)), default=set())


def _home(uids: set[str], kept: Mapping[str, set[str]]) -> str | None:
    """The shown cluster with most of a motif, if two of it or half of it are there."""
    shared = [(-len(uids & members), cluster) for cluster, members in kept.items()]
    most, cluster = min(shared, default=(0, ""))
    return cluster if -most >= 2 or 2 * -most >= len(uids) else None


def _rows(
    group: _Group, judgements: Judgements, same_work: SameWork
) -> Iterable[dict[str, str | None]]:
    """One group's rows, those that are shown first; none where fewer than two are."""
    everyone = group.proposed | group.confirmed
    stands = {uid: uid for uid in everyone}
    why = {uid: "motif" if uid in group.confirmed else "cluster" for uid in everyone}
    for first, *others in _classes(everyone, judgements.representatives):
        for uid in others:
            stands[uid], why[uid] = first, f"duplicate of {first}"
    shown = {uid for uid in everyone if stands[uid] == uid}
    if same_work != "show":
        for first, *others in _classes(shown, _known(judgements.works), group.confirmed):
            for uid in others:
                why[uid] = f"same work as {first}"
            shown -= set(others)
    if len(shown) < 2:
        return []
    folded = sorted(everyone - shown)
    if same_work == "hide":
        folded = [uid for uid in folded if not why[uid].startswith("same work")]
    why |= dict.fromkeys(group.rejected, "rejected")
    return [
        {"uid": uid, "group": group.name, "cluster": group.cluster, "why": why[uid]}
        for uid in [*sorted(shown), *folded, *sorted(group.rejected)]
    ]


def _known(works: Mapping[str, str | None]) -> dict[str, str]:
    return {uid: work for uid, work in works.items() if work is not None}


def _classes(
    uids: set[str], class_of: Mapping[str, str], first: Iterable[str] = ()
) -> list[list[str]]:
    """Pictures that are one thing, the one that is shown at the head.

    That is the picture that gives the class its name where it is here, then one
    of `first`, then the smallest uid.
    """
    preferred = set(first)
    classes: dict[str, list[str]] = defaultdict(list)
    for uid in uids:
        classes[class_of.get(uid, f"\0{uid}")].append(uid)
    return [
        sorted(members, key=lambda uid: (uid != name, uid not in preferred, uid))
        for name, members in sorted(_by_own_name(classes, class_of).items())
    ]


def _by_own_name(
    classes: Mapping[str, list[str]], class_of: Mapping[str, str]
) -> dict[str, list[str]]:
    """A representative that stands for itself may be missing from the map: join it."""
    joined: dict[str, list[str]] = defaultdict(list)
    named = set(class_of.values())
    for name, members in classes.items():
        own = name.removeprefix("\0")
        joined[own if own in named else name] += members
    return joined
