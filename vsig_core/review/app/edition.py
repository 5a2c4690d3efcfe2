"""What the app shows of one set of versions: kept in memory, never changed, fast to look up."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any

import pyarrow as pa

from vsig_core.annotations import nearly_same
from vsig_core.annotations.judgement import Judgement
from vsig_core.annotations.links import agree_on_content
from vsig_core.current import current_images
from vsig_core.errors import TableMissingError, UnknownImageError
from vsig_core.review.app.rows import Rows
from vsig_core.review.app.words import reason
from vsig_core.store import TABLES, Store, digest, empty

# Thumbnails of 100,000 pictures weigh half a gigabyte; they are read when they are shown.
_KEPT = [name for name in TABLES["images"].schema.names if name != "thumb"]


@dataclass(frozen=True)
class Entry:
    """One entry of the queue.

    Parameters
    ----------
    key
        The group that it shows; for a pair, see `pair_key`.
    rank
        From 1, as the queue ranks.
    kind
        cluster or pair.
    images
        Uids, the most doubtful first.
    cluster
        Cluster of the group; None for a signature outside clusters, and for pairs.
    reasons
        In words, the strongest first.
    """

    key: str
    rank: int
    kind: str
    images: tuple[str, ...]
    cluster: str | None
    score: float
    reasons: tuple[str, ...]


def pair_key(images: Sequence[str]) -> str:
    """A name for a pair, whichever picture comes first; as short as that of a group."""
    return "p-" + digest(sorted(images))


class Edition:
    """The tables of one consistent set of versions.

    Parameters
    ----------
    store
        Where they lie.
    versions
        Table to version; a table that is not named has no rows.
    """

    def __init__(self, store: Store, versions: Mapping[str, int]) -> None:
        self._store = store
        self._lock = RLock()
        self._tables: dict[str, pa.Table] = {}
        self.versions = dict(versions)
        self.images = Rows(current_images(store, _KEPT))

    @cached_property
    def name(self) -> str:
        """A short name of this set of versions, the same wherever it is opened."""
        return digest(self.versions)

    def table(self, name: str) -> pa.Table:
        """A whole table of this edition, read once; for `images` there are `images` and `image`."""
        with self._lock:
            if name not in self._tables:
                self._tables[name] = self._read(name)
            return self._tables[name]

    def warm(self) -> None:
        """Look everything up once that the first pages need."""
        _ = self.queue, self.members, self.groups_of, self.contents, self.motifs_of
        _ = self.clusters, self.neighbours, self.is_suspended, self.acts

    def _read(self, name: str) -> pa.Table:
        if name not in self.versions:
            return empty(name)
        try:
            return self._store.read(name, version=self.versions[name])
        except TableMissingError:  # `vsig clean` removed that version: the newest is what there is
            return self._store.read_or_empty(name)

    def __contains__(self, uid: str) -> bool:
        return uid in self.images

    def image(self, uid: str) -> dict[str, Any]:
        """A picture's row of `images`, without its thumbnail.

        Raises
        ------
        UnknownImageError
            The corpus does not have it (any more).
        """
        row = self.images.get(uid)
        if row is None:
            raise UnknownImageError(
                f"There is no picture {uid[:200]!r} in this project (any more). It may have been "
                "moved, renamed or taken down; search for it by its title."
            )
        return row

    def thumb(self, uid: str) -> bytes | None:
        """A picture's thumbnail, a small JPEG, read when it is asked for; None without one."""
        rows = current_images(self._store, ["thumb"], [uid])
        return rows["thumb"][0].as_py() if rows.num_rows else None

    def present(self, uids: Collection[str]) -> list[str]:
        """Those of the pictures that the corpus has, in their order."""
        return [uid for uid in uids if uid in self.images]

    @cached_property
    def contents(self) -> Mapping[str, str]:
        """uid -> sha256 of what it shows."""
        table = self.images.table
        return dict(zip(table["uid"].to_pylist(), table["sha256"].to_pylist(), strict=True))

    @cached_property
    def is_suspended(self) -> Callable[[Judgement], bool]:
        """Whether a judgement was made on another picture than its uid has now."""
        known = self.table("contents")
        phashes = dict(zip(known["sha256"].to_pylist(), known["phash"].to_pylist(), strict=True))
        return agree_on_content(self.contents, nearly_same(phashes))

    @cached_property
    def acts(self) -> frozenset[str]:
        """Ids of the acts that the tables of this edition know."""
        log = self.table("annotations")
        return frozenset(log["act"].to_pylist()) | frozenset(log["annotation_id"].to_pylist())

    @cached_property
    def members(self) -> Mapping[str, Mapping[str, str]]:
        """Group -> uid -> why it is in it, as in the table `groups`."""
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.table("groups").to_pylist():
            found[row["group"]][row["uid"]] = row["why"]
        return found

    @cached_property
    def groups_of(self) -> Mapping[str, Sequence[str]]:
        """uid -> groups that it is in."""
        found: dict[str, list[str]] = defaultdict(list)
        for group, uids in self.members.items():
            for uid in uids:
                found[uid].append(group)
        return found

    @cached_property
    def clusters(self) -> Rows:
        """The table `clusters` by uid."""
        return Rows(self.table("clusters"))

    @cached_property
    def neighbours(self) -> Rows:
        """The table `neighbours` by uid."""
        return Rows(self.table("neighbours"))

    @cached_property
    def radius(self) -> float | None:
        """The radius in force, cosine distance; None where there are no clusters."""
        table = self.table("clusters")
        return table["max_eps"][0].as_py() if table.num_rows else None

    @cached_property
    def queue(self) -> Sequence[Entry]:
        """The queue, in its order."""
        return [self._entry(row) for row in self.table("review_queue").to_pylist()]

    def _entry(self, row: Mapping[str, Any]) -> Entry:
        images = tuple(row["images"])
        return Entry(
            key=" ".join(images)
            if row["kind"] == "pair"
            else row["cluster"] or self._motif(images),
            rank=row["rank"],
            kind=row["kind"],
            images=images,
            cluster=row["cluster"],
            score=row["score"],
            reasons=tuple(map(reason, row["reasons"])),
        )

    def _motif(self, images: Sequence[str]) -> str:
        """The group of a confirmed signature that lies in no cluster."""
        wanted = set(images)
        for group in self.groups_of.get(images[0], ()):
            if wanted <= self.members[group].keys():
                return group
        return ""

    @cached_property
    def motifs_of(self) -> Mapping[str, Sequence[str]]:
        """uid -> signatures that it carries, by the table `motif_members`."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.table("motif_members").select(["motif", "uid"]).to_pylist():
            found[row["uid"]].append(row["motif"])
        return found

    @cached_property
    def motif_names(self) -> Mapping[str, str | None]:
        """Signature -> name that a person gave it."""
        return {row["motif"]: row["name"] for row in self.table("motifs").to_pylist()}
