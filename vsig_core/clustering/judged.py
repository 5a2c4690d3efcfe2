"""Pairs that people judged, held against clusters."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from vsig_core.clustering.metrics import Label, UidPair, is_noise
from vsig_core.store.schema import SEPARATING


@dataclass(frozen=True)
class Contradiction:
    """A pair that the clusters and the judgements see differently.

    Parameters
    ----------
    pair
        The two pictures.
    verdict
        What people said.
    cluster
        The cluster they lie in together; None where they do not.
    kind
        together: rejected, and in one cluster. apart: confirmed, and not in one.
    """

    pair: UidPair
    verdict: str
    cluster: Label
    kind: Literal["together", "apart"]


def judged_pairs(links: pa.Table, verdicts: Collection[str]) -> list[UidPair]:
    """Uncontested pairs of the table `links` with one of some verdicts."""
    rows = links.select(["img1", "img2", "verdict", "contested"]).to_pylist()
    return [
        (row["img1"], row["img2"])
        for row in rows
        if row["verdict"] in verdicts and not row["contested"]
    ]


def contradictions(labels: Mapping[str, Label], links: pa.Table) -> list[Contradiction]:
    """Where clusters and judgements disagree, rejected pairs that lie together first.

    Parameters
    ----------
    labels
        Cluster of each picture; None or a negative number is noise.
    links
        Table `links`; contested pairs, and pictures without a label, are passed over.
    """
    found = []
    for verdict in [*sorted(SEPARATING), "POSITIVE"]:
        for one, other in judged_pairs(links, {verdict}):
            if one not in labels or other not in labels:
                continue
            together = not is_noise(labels[one]) and labels[one] == labels[other]
            if together and verdict in SEPARATING:
                found.append(Contradiction((one, other), verdict, labels[one], "together"))
            elif not together and verdict == "POSITIVE":
                found.append(Contradiction((one, other), verdict, None, "apart"))
    return found
