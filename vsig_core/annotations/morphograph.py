"""From the log of judgements to links, components, motifs and conflicts."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from vsig_core.annotations.conflicts import (
    conflicts_table,
    contest_inside,
    joined_forest,
    settle_pairs,
    settlements,
)
from vsig_core.annotations.contents import nearly_same
from vsig_core.annotations.duplicates import fold_forest
from vsig_core.annotations.forest import Forest
from vsig_core.annotations.judgement import AnnotationRows, Pair, judgements_of
from vsig_core.annotations.links import Link, agree_on_content, judged_pairs
from vsig_core.annotations.motifs import build_motifs
from vsig_core.annotations.retraction import in_force
from vsig_core.annotations.splits import draw_components
from vsig_core.settings import SplitsSettings
from vsig_core.store.schema import schema


@dataclass(frozen=True)
class Morphograph:
    """The graph of what people confirmed, each table by its schema of the store.

    `drawn_splits` holds every split ever drawn, also of pictures that lost their
    links: give it back as `previous_components` next time. `digest` is a hash of
    the content, equal for equal judgements.
    """

    links: pa.Table
    components: pa.Table
    drawn_splits: pa.Table
    split_moves: pa.Table
    motifs: pa.Table
    motif_members: pa.Table
    conflicts: pa.Table
    digest: str


def build_morphograph(
    annotations: AnnotationRows,
    *,
    uids: AbstractSet[str] | None = None,
    previous_components: pa.Table | None = None,
    previous_motif_members: pa.Table | None = None,
    works: Mapping[str, str] | None = None,
    hashes: Mapping[str, str] | None = None,
    phashes: Mapping[str, str] | None = None,
    splits: SplitsSettings | None = None,
) -> Morphograph:
    """Work out what is in force from all rows of the log.

    Parameters
    ----------
    annotations
        Rows of the log: a table with any of its columns, or mappings. What orders
        one person's judgements is `made_at`, else the place in the log.
    uids
        Pictures of the corpus; links to others wait for them. None takes all.
    previous_components
        `drawn_splits` (or `components`) of the last time: ids and splits are kept.
    previous_motif_members
        `motif_members` of the last time: ids are kept.
    works
        uid to work.
    hashes
        uid to sha256 of its content. Equal ones fold as duplicates, unless judged
        NOT_DUPLICATE; judgements made on another content are suspended.
    phashes
        sha256 to perceptual hash (hex) of contents now and earlier: a replaced picture
        that is nearly the same one keeps its judgements.
    splits
        Shares; the defaults where None.
    """
    links = links_in_force(annotations, uids=uids, hashes=hashes, phashes=phashes)
    folded = fold_forest(links.values(), hashes or {})
    positive = [link for link in links.values() if link.verdict == "POSITIVE" and link.holds]
    groups = _components(positive, joined_forest(links.values(), folded))
    drawn = draw_components(groups, previous_components, works or {}, splits or SplitsSettings())
    motifs, motif_members = build_motifs(positive, folded, previous_motif_members)
    tables = {
        "links": links_table(links.values()),
        "components": drawn.components,
        "motifs": motifs,
        "motif_members": motif_members,
        "conflicts": conflicts_table(links.values()),
    }
    return Morphograph(
        **tables,
        drawn_splits=drawn.drawn_splits,
        split_moves=drawn.split_moves,
        digest=_digest(tables.values()),
    )


def links_in_force(
    annotations: AnnotationRows,
    *,
    uids: AbstractSet[str] | None = None,
    hashes: Mapping[str, str] | None = None,
    phashes: Mapping[str, str] | None = None,
) -> dict[Pair, Link]:
    """What stands about each judged pair, with the judgements behind it.

    Parameters are those of `build_morphograph`.
    """
    standing = in_force(judgements_of(annotations))
    suspended = agree_on_content(hashes or {}, nearly_same(phashes or {}))
    present = standing if uids is None else [j for j in standing if set(j.pair) <= uids]
    links = judged_pairs(present, suspended)
    settled = settlements(standing)
    settle_pairs(links.values(), settled)
    contest_inside(links, hashes or {}, settled)
    return links


def links_table(links: Iterable[Link]) -> pa.Table:
    """Rows of the table `links`, by pair."""
    rows = [
        {
            "img1": link.pair[0],
            "img2": link.pair[1],
            "verdict": link.verdict,
            "annotators": link.annotators,
            "decided_at": link.decided_at,
            "n_annotations": len(link.judgements),
            "contested": link.contested,
        }
        for link in links
    ]
    rows.sort(key=lambda row: (row["img1"], row["img2"]))
    return pa.Table.from_pylist(rows, schema=schema("links"))


def _components(positive: Iterable[Link], joined: Forest[str]) -> list[list[str]]:
    """Pictures with a POSITIVE link, by what joins them, each sorted."""
    groups: dict[str, list[str]] = defaultdict(list)
    for uid in sorted({uid for link in positive for uid in link.pair}):
        groups[joined.root(uid)].append(uid)
    return list(groups.values())


def _digest(tables: Iterable[pa.Table]) -> str:
    digest = hashlib.sha256()
    for table in tables:
        rows = json.dumps(table.to_pydict(), default=datetime.isoformat, ensure_ascii=False)
        digest.update(rows.encode())
    return digest.hexdigest()[:32]
