"""What people have said of the corpus as retrieval queries: what is asked, what counts as found.

- Duplicates are folded onto one representative, so a picture counts once;
- queries are the representatives in the components of a split;
- relevant is what shares a motif with the query;
- left out of a query's ranking: other views of the same work (unless they are
  shown), pictures whose link to the query is contested, and pictures that were
  judged not to share its signature although a third picture joins them.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.annotations import SEPARATING, representatives
from vsig_core.current import current_images
from vsig_core.model import RetrievalReport, retrieval_metrics
from vsig_core.settings import EvaluationSettings, SameWork
from vsig_core.store import Store


@dataclass(frozen=True)
class Judged:
    """What people have said of the corpus, as evaluation needs it.

    Parameters
    ----------
    images
        Table `images`, at least uid, sha256, work.
    links, components, split_moves, motif_members
        The tables of these names.
    same_work
        Whether views of one work may answer a query.
    """

    images: pa.Table
    links: pa.Table
    components: pa.Table
    split_moves: pa.Table
    motif_members: pa.Table
    same_work: SameWork


def judged_now(store: Store, same_work: SameWork) -> Judged:
    """What people have said, by the newest tables."""
    return Judged(
        images=current_images(store, ["uid", "sha256", "work"]),
        links=store.read_or_empty("links"),
        components=store.read_or_empty("components"),
        split_moves=store.read_or_empty("split_moves"),
        motif_members=store.read_or_empty("motif_members"),
        same_work=same_work,
    )


@dataclass(frozen=True)
class Queries:
    """One split's queries, and what counts as found.

    Parameters
    ----------
    candidates
        Pictures that are ranked, in this order; queries are among them.
    relevant
        Query to the pictures that share a signature with it.
    ignored
        Query to the pictures that are taken out of its ranking.
    judged
        Query to the pictures that somebody said share a signature with it.
    component_of
        Query to its component.
    seen_before
        Components that hold pictures which were training pictures once.
    """

    candidates: list[str]
    relevant: dict[str, set[str]]
    ignored: dict[str, set[str]]
    judged: Mapping[str, set[str]]
    component_of: dict[str, str]
    seen_before: set[str]


def queries_of(judged: Judged, pool: Sequence[str], split: str) -> Queries:
    """The queries of a split over a pool of pictures."""
    hashes = dict(
        zip(judged.images["uid"].to_pylist(), judged.images["sha256"].to_pylist(), strict=True)
    )
    folded = representatives(judged.links, hashes)
    candidates = sorted({folded.get(uid, uid) for uid in pool} & set(pool))
    ranked = set(candidates)
    component_of = {
        row["uid"]: row["component"]
        for row in judged.components.to_pylist()
        if row["split"] == split and row["uid"] in ranked
    }
    sharing = _sharing(judged.motif_members, folded)
    relevant = {uid: (sharing[uid] & ranked) - {uid} for uid in component_of}
    moved = {
        folded.get(row["uid"], row["uid"])
        for row in judged.split_moves.to_pylist()
        if row["before"] == "train"
    }
    said = _partners(judged.links, lambda row: row["verdict"] == "POSITIVE", folded)
    return Queries(
        candidates=candidates,
        relevant=relevant,
        ignored=_ignored(judged, component_of, relevant, folded),
        judged={uid: said[uid] for uid in component_of},
        component_of=component_of,
        seen_before={component for uid, component in component_of.items() if uid in moved},
    )


def ask(
    vectors: NDArray[np.float32], queries: Queries, settings: EvaluationSettings
) -> RetrievalReport:
    """Ask a network all queries of a split; rows of `vectors` are those of its candidates."""
    return retrieval_metrics(
        vectors,
        queries.candidates,
        queries.relevant,
        queries.component_of,
        queries.ignored,
        settings,
    )


def _sharing(motif_members: pa.Table, folded: Mapping[str, str]) -> dict[str, set[str]]:
    """Picture to all that share a motif with it, itself among them."""
    carriers: dict[str, set[str]] = defaultdict(set)
    for row in motif_members.to_pylist():
        carriers[row["motif"]].add(folded.get(row["uid"], row["uid"]))
    sharing: dict[str, set[str]] = defaultdict(set)
    for uids in carriers.values():
        for uid in uids:
            sharing[uid] |= uids
    return sharing


def _ignored(
    judged: Judged,
    queries: Mapping[str, str],
    relevant: dict[str, set[str]],
    folded: Mapping[str, str],
) -> dict[str, set[str]]:
    """What leaves each query's ranking; taken out of `relevant` too.

    Whatever is said of a picture is said of the one that stands for it.
    """
    out = _partners(judged.links, _apart, folded)
    if judged.same_work != "show":
        for uid, views in _other_views(judged.images, folded).items():
            out[uid] |= views
    ignored = {uid: out[uid] - {uid} for uid in queries}
    for uid, left in ignored.items():
        relevant[uid] -= left
    return ignored


def _apart(row: Mapping[str, Any]) -> bool:
    """A link that is contested, or says that the two are not alike.

    Such a pair may share a motif through a third picture all the same.
    """
    return row["contested"] or row["verdict"] in SEPARATING


def _partners(
    links: pa.Table, such: Callable[[Mapping[str, Any]], bool], folded: Mapping[str, str]
) -> defaultdict[str, set[str]]:
    """Picture to those that such links join it with."""
    partners: defaultdict[str, set[str]] = defaultdict(set)
    for row in links.to_pylist():
        if such(row):
            one, other = (folded.get(row[name], row[name]) for name in ("img1", "img2"))
            partners[one].add(other)
            partners[other].add(one)
    return partners


def _other_views(images: pa.Table, folded: Mapping[str, str]) -> dict[str, set[str]]:
    """Picture to all that show a work which it shows."""
    views: dict[str, set[str]] = defaultdict(set)
    for uid, work in zip(images["uid"].to_pylist(), images["work"].to_pylist(), strict=True):
        if work:
            views[work].add(folded.get(uid, uid))
    beside: dict[str, set[str]] = defaultdict(set)
    for uids in views.values():
        for uid in uids:
            beside[uid] |= uids
    return beside
