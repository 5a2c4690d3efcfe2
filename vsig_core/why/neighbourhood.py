"""The pictures around those asked about: clusters, the tree of the ordering, nearest lists."""

import itertools
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from vsig_core.store import Store

Pair = tuple[str, str]


@dataclass(frozen=True)
class Neighbourhood:
    """Tables `clusters` and `neighbours`, as far as they are needed.

    The ordering leaves a tree: each picture names the one that it was reached from, by
    the shortest step that was left (with min_samples 2, Prim's tree). So the way between
    two pictures in it has the shortest longest step of all ways.

    Parameters
    ----------
    rows
        uid to its row of `clusters`.
    near
        uid to its row of `neighbours`, of the pictures asked about and their clusters.
    store
        Where they come from.
    """

    rows: dict[str, dict[str, Any]]
    near: dict[str, dict[str, Any]]
    store: Store

    @classmethod
    def of(cls, store: Store, asked: list[str]) -> Self:
        """Read what is known around some pictures that have been clustered."""
        rows = {row["uid"]: row for row in store.read("clusters").to_pylist()}
        clusters = {rows[uid]["cluster"] for uid in asked} - {None}
        around = [uid for uid, row in rows.items() if row["cluster"] in clusters]
        names = sorted({*asked, *around})
        near = store.read_or_empty("neighbours", among={"uid": names}).to_pylist()
        return cls(rows, {row["uid"]: row for row in near}, store)

    @cached_property
    def _by_cluster(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for uid, row in self.rows.items():
            if row["cluster"] is not None:
                found[row["cluster"]].append(uid)
        return found

    @cached_property
    def _any(self) -> dict[str, Any]:
        return next(iter(self.rows.values()))

    @property
    def model_id(self) -> str:
        """The network behind the vectors."""
        return self._any["model_id"]

    @property
    def max_eps(self) -> float:
        """The radius in force."""
        return self._any["max_eps"]

    def row(self, uid: str) -> dict[str, Any]:
        """A picture's row of `clusters`."""
        return self.rows[uid]

    def cluster(self, uid: str) -> str | None:
        """A picture's cluster; None is noise."""
        return self.rows[uid]["cluster"]

    def members(self, uid: str) -> list[str]:
        """All pictures of its cluster; of noise, itself alone."""
        cluster = self.cluster(uid)
        return [uid] if cluster is None else self._by_cluster[cluster]

    def rank(self, uid: str, other: str) -> int | None:
        """The place of another picture among the nearest, from 1; None where it is not there."""
        ids = self._ids(uid)
        return ids.index(other) + 1 if other in ids else None

    def nearest_members(self, uid: str) -> list[str]:
        """Pictures of its cluster among its nearest, in that order."""
        mates = set(self.members(uid))
        return [near for near in self._ids(uid) if near in mates]

    def nearest_other(self, uid: str) -> Pair | None:
        """A picture of its cluster and the picture of another one that is nearest to it."""
        own = self.cluster(uid)
        pairs = [
            (distance, (of, near))
            for of in self.members(uid)
            for near, distance in self._list(of)
            if near in self.rows and self.cluster(near) not in (own, None)
        ]
        return min(pairs)[1] if pairs else None

    def hashes(self, uids: Iterable[str]) -> dict[str, str]:
        """What pictures showed when they were compared: their sha256."""
        names = [uid for uid in uids if uid not in self.near]
        known = {uid: row["sha256"] for uid, row in self.near.items()}
        rows = self.store.read_or_empty(
            "neighbours", columns=["uid", "sha256"], among={"uid": names}
        )
        more = zip(rows["uid"].to_pylist(), rows["sha256"].to_pylist(), strict=True)
        return {**known, **dict(more)}

    def chain(self, uid: str, other: str | None) -> list[Pair]:
        """Steps from a picture to another, or to where its cluster was reached from.

        Across two trees, the shortest step that the nearest lists know between their
        clusters joins them; where they know none, the direct one.
        """
        if other is None:
            return self._to_origin(uid)
        path = self._path(uid, other)
        if path is not None:
            return path
        start, end = self._bridge(uid, other)
        return [*self._way(uid, start), (start, end), *self._way(end, other)]

    def _to_origin(self, uid: str) -> list[Pair]:
        """Back along the tree as long as it stays in the cluster; of noise, the nearest."""
        cluster = self.cluster(uid)
        if cluster is None:
            return [(uid, near) for near in self._ids(uid)[:1]]
        line = [uid]
        while (before := self.rows[line[-1]]["predecessor"]) and self.cluster(before) == cluster:
            line.append(before)
        return list(itertools.pairwise(line))

    def _path(self, uid: str, other: str) -> list[Pair] | None:
        """The way in the tree; None where they are in two."""
        up, down = self._line(uid), self._line(other)
        if up[-1] != down[-1]:
            return None
        joints = set(down)
        joint = next(name for name in up if name in joints)
        names = [*up[: up.index(joint) + 1], *reversed(down[: down.index(joint)])]
        return list(itertools.pairwise(names))

    def _line(self, uid: str) -> list[str]:
        """A picture, the one that it was reached from, and so on."""
        line = [uid]
        while before := self.rows[line[-1]]["predecessor"]:
            line.append(before)
        return line

    def _way(self, uid: str, other: str) -> list[Pair]:
        """The way in the tree, else the direct step; nothing from a picture to itself."""
        if uid == other:
            return []
        path = self._path(uid, other)
        return [(uid, other)] if path is None else path

    def _bridge(self, uid: str, other: str) -> Pair:
        """The nearest pair of the two clusters, as far as lists of nearest pictures know one."""
        ones, others = set(self.members(uid)), set(self.members(other))
        known = [
            (distance, (one, near))
            for one in ones
            for near, distance in self._list(one)
            if near in others
        ]
        known += [
            (distance, (near, one))
            for one in others
            for near, distance in self._list(one)
            if near in ones
        ]
        return min(known)[1] if known else (uid, other)

    def _ids(self, uid: str) -> list[str]:
        row = self.near.get(uid)
        return row["ids"] if row else []

    def _list(self, uid: str) -> list[tuple[str, float]]:
        row = self.near.get(uid)
        return list(zip(row["ids"], row["distances"], strict=True)) if row else []
