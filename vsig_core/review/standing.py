"""What is known about the pictures of the queue: judgements, signatures, closeness."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from vsig_core.clustering import Verdict
from vsig_core.store.schema import empty


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
    neighbours
        Table `neighbours`; without it no pairs are proposed for being near as a whole.
    pair_evidence
        Table `pair_evidence`; without it none for a part that they share.
    objects
        Picture -> the object that it shows, by any name: duplicates have one, and views of
        one work where these are folded. A picture that is alone may be missing.
    """

    links: pa.Table = field(default_factory=lambda: empty("links"))
    motif_members: pa.Table = field(default_factory=lambda: empty("motif_members"))
    motif_names: Mapping[str, str | None] = field(default_factory=dict)
    verdicts: Sequence[Verdict] = ()
    new_images: Collection[str] = frozenset()
    neighbours: pa.Table = field(default_factory=lambda: empty("neighbours"))
    pair_evidence: pa.Table = field(default_factory=lambda: empty("pair_evidence"))
    objects: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """All by picture, so that a group costs what is known of its own pictures alone."""

    judged: Mapping[str, set[str]]
    contested: Mapping[str, set[str]]
    motifs: Mapping[str, set[str]]
    carriers: Mapping[str, set[str]]
    reach: Mapping[str, float]
    radius: float
    evidence: Evidence

    @classmethod
    def of(cls, clusters: pa.Table, evidence: Evidence) -> "Standing":
        """Look everything up once."""
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

    def name(self, motif: str) -> str:
        """A signature as people call it."""
        name = self.evidence.motif_names.get(motif)
        return f"the known signature “{name}”" if name else f"a known signature ({motif})"

    def names(self, motifs: Collection[str]) -> str:
        """Signatures in a sentence."""
        if len(motifs) > 3:
            return f"{len(motifs)} known signatures"
        return " and ".join(self.name(motif) for motif in sorted(motifs))
