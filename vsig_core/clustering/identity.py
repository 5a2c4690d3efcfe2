"""Clusters that keep their name from one version to the next.

New clusters are matched with old ones by the pictures they share. An id goes to
one successor only and is never used again once it is gone. Every difference
between two versions is a `Change`; `replay` shows that nothing is missing.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import pyarrow as pa

from vsig_core.clustering.metrics import Label, is_noise
from vsig_core.store.schema import schema

L = TypeVar("L", bound=Hashable)

Event = Literal["born", "grew", "shrank", "changed", "split", "merged", "dissolved"]

# No vowels and no look-alikes: an id is no word, and can be read aloud.
_LETTERS = "bcdfghjkmnpqrstvwxz23456789"
_ID_LENGTH = 6


@dataclass(frozen=True)
class Change:
    """One thing that happened to one cluster.

    Parameters
    ----------
    cluster
        The cluster it happened to.
    event
        born: new id. grew: gained pictures. shrank: lost some. changed: both.
        split: lost pictures that are a cluster of their own now. merged: took
        in a cluster that is gone. dissolved: gone.
    before, after
        Clusters that the pictures come from and went to, sorted; the cluster
        itself is among them where it existed.
    images
        born, grew, merged: those that came. shrank, split, dissolved: those
        that left. changed: both; who was in it before has left. Sorted.
    """

    cluster: str
    event: Event
    before: tuple[str, ...]
    after: tuple[str, ...]
    images: tuple[str, ...]


def match_clusters(
    previous: Mapping[str, str | None],
    labels: Mapping[str, Label],
    used_ids: Collection[str] = (),
) -> tuple[dict[str, str | None], list[Change]]:
    """Give the clusters of a new run the ids of the clusters they continue.

    The pairs (old cluster, new cluster) are taken in the order of the pictures
    they share, most first; a new cluster continues an old one when they share
    two pictures or more, and at least half of the smaller of the two. So a merger
    keeps the id of the cluster that brings most, and of a split cluster the largest
    part keeps it.
    Ties go to the larger old cluster, then to names; never to label numbers.

    Parameters
    ----------
    previous
        Cluster id of each picture in the version before; None is noise.
    labels
        Label of each picture now, any numbering; None or negative is noise.
    used_ids
        All ids ever given; those of `previous` are added.

    Returns
    -------
    Cluster id of each picture now, None for noise, and what changed.
    """
    old = _members(previous)
    new = _members(labels)
    continued = _continue(old, new)
    used = set(used_ids) | set(old)
    ids: dict[Hashable, str] = {}
    for label in sorted(new, key=lambda label: sorted(new[label])):
        ids[label] = continued.get(label) or _new_id(new[label], used)
        used.add(ids[label])
    given = {uid: None if is_noise(label) else ids[label] for uid, label in labels.items()}
    now = {ids[label]: members for label, members in new.items()}
    return given, _changes(old, now)


def replay(previous: Mapping[str, str | None], changes: Iterable[Change]) -> dict[str, str]:
    """Apply the changes to a version: the clusters of the next, noise left out."""
    following = {uid: cluster for uid, cluster in previous.items() if cluster is not None}
    joined: dict[str, str] = {}
    for change in changes:
        for uid in change.images:
            if previous.get(uid) == change.cluster:
                following.pop(uid, None)
            else:
                joined[uid] = change.cluster
    return following | joined


def changes_between(
    previous: Mapping[str, str | None], now: Mapping[str, str | None]
) -> list[Change]:
    """What happened to clusters from one version to a later one, however many lie between.

    Parameters
    ----------
    previous, now
        Cluster id of each picture; None is noise.
    """
    return _changes(_members(previous), _members(now))


def changes_table(changes: Sequence[Change]) -> pa.Table:
    """The changes as the table `cluster_changes`."""
    rows = [
        {
            "cluster": change.cluster,
            "event": change.event,
            "before": list(change.before),
            "after": list(change.after),
            "images": list(change.images),
        }
        for change in changes
    ]
    return pa.Table.from_pylist(rows, schema=schema("cluster_changes"))


def _members(labels: Mapping[str, L | None]) -> dict[L, frozenset[str]]:
    groups: dict[L, set[str]] = defaultdict(set)
    for uid, label in labels.items():
        if label is not None and not is_noise(label):
            groups[label].add(uid)
    return {label: frozenset(members) for label, members in groups.items()}


def _continue(
    old: Mapping[str, frozenset[str]], new: Mapping[Hashable, frozenset[str]]
) -> dict[Hashable, str]:
    """New label -> old id, each at most once."""
    old_of = {uid: cluster for cluster, members in old.items() for uid in members}
    shared: dict[tuple[str, Hashable], int] = defaultdict(int)
    for label, members in new.items():
        for uid in members:
            if uid in old_of:
                shared[old_of[uid], label] += 1
    candidates = [
        (-count, -len(old[cluster]), cluster, min(new[label]), label)
        for (cluster, label), count in shared.items()
        if count >= 2 and 2 * count >= min(len(old[cluster]), len(new[label]))
    ]
    continued: dict[Hashable, str] = {}
    taken: set[str] = set()
    for *_, cluster, _, label in sorted(candidates, key=lambda candidate: candidate[:4]):
        if cluster not in taken and label not in continued:
            continued[label] = cluster
            taken.add(cluster)
    return continued


def _new_id(members: frozenset[str], used: Collection[str]) -> str:
    """A short id from the first members, and from a count where that was used before."""
    attempt = 0
    while True:
        text = "\0".join([str(attempt), *sorted(members)])
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
        letters = ""
        for _ in range(_ID_LENGTH):
            number, digit = divmod(number, len(_LETTERS))
            letters += _LETTERS[digit]
        if (candidate := f"cl-{letters}") not in used:
            return candidate
        attempt += 1


def _changes(old: Mapping[str, frozenset[str]], now: Mapping[str, frozenset[str]]) -> list[Change]:
    old_of = {uid: cluster for cluster, members in old.items() for uid in members}
    new_of = {uid: cluster for cluster, members in now.items() for uid in members}
    changes: list[Change] = []
    for cluster in sorted(set(old) | set(now)):
        if cluster not in now:
            went = _named(new_of, old[cluster])
            changes.append(_change(cluster, "dissolved", {cluster}, went, old[cluster]))
        elif cluster not in old:
            came = _named(old_of, now[cluster])
            changes.append(_change(cluster, "born", came, {cluster}, now[cluster]))
        else:
            changes += _changes_of_survivor(cluster, _Versions(old, now, old_of, new_of))
    return changes


@dataclass(frozen=True)
class _Versions:
    old: Mapping[str, frozenset[str]]
    now: Mapping[str, frozenset[str]]
    old_of: Mapping[str, str]
    new_of: Mapping[str, str]


def _changes_of_survivor(cluster: str, versions: _Versions) -> list[Change]:
    """What happened to a cluster that is in both versions."""
    old, now = versions.old, versions.now
    came = now[cluster] - old[cluster]
    left = old[cluster] - now[cluster]
    # Gone, and half of it came here, or it is half of what is here: it was taken in.
    swallowed = {
        other
        for other in _named(versions.old_of, came)
        if other not in now
        and 2 * len(old[other] & came) >= min(len(old[other]), len(now[cluster]))
    }
    # New, and half of it comes from here, or half of this went there: it was split off.
    split_off = {
        other
        for other in _named(versions.new_of, left)
        if other not in old
        and 2 * len(now[other] & left) >= min(len(now[other]), len(old[cluster]))
    }
    by_merger = {uid for uid in came if versions.old_of.get(uid) in swallowed}
    by_split = {uid for uid in left if versions.new_of.get(uid) in split_off}
    changes = []
    if by_merger:
        changes.append(_change(cluster, "merged", {cluster, *swallowed}, {cluster}, by_merger))
    if by_split:
        changes.append(_change(cluster, "split", {cluster}, {cluster, *split_off}, by_split))
    came, left = came - by_merger, left - by_split
    if came or left:
        event = "changed" if came and left else "grew" if came else "shrank"
        before = {cluster, *_named(versions.old_of, came)}
        after = {cluster, *_named(versions.new_of, left)}
        changes.append(_change(cluster, event, before, after, came | left))
    return changes


def _named(cluster_of: Mapping[str, str], uids: Iterable[str]) -> set[str]:
    return {cluster_of[uid] for uid in uids if uid in cluster_of}


def _change(
    cluster: str, event: Event, before: Iterable[str], after: Iterable[str], images: Iterable[str]
) -> Change:
    return Change(
        cluster, event, tuple(sorted(before)), tuple(sorted(after)), tuple(sorted(images))
    )
