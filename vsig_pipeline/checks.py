"""Checks that name offenders.

Blocking are only those of broken data: vectors that are no unit vectors, a split
that leaks. The gate's "rejected" is a result and stands as a warning.
"""

from collections.abc import Callable

import numpy as np
from dagster import AssetCheckResult, AssetChecksDefinition, AssetCheckSeverity, asset_check

from vsig_core.clustering import contradictions
from vsig_core.corpus import list_sources
from vsig_core.errors import SourceError, StoreError
from vsig_core.project import Project
from vsig_core.vectors import vectors_in_force
from vsig_pipeline import findings
from vsig_pipeline.resources import ProjectResource
from vsig_pipeline.steps import STEPS

SHOWN = 20
MOST_MOVED = 0.02  # of the map's diagonal
LEAST_TRUST = 0.75  # in [0, 1]; 0.5 is chance


def _check(
    asset: str, *, blocking: bool = False
) -> Callable[[Callable[[Project], list[str]]], AssetChecksDefinition]:
    """A check from a function that lists offenders, each in words."""

    def declare(offenders: Callable[[Project], list[str]]) -> AssetChecksDefinition:
        severity = AssetCheckSeverity.ERROR if blocking else AssetCheckSeverity.WARN

        @asset_check(
            asset=asset,
            name=offenders.__name__,
            description=offenders.__doc__,
            blocking=blocking,
        )
        def check(project: ProjectResource) -> AssetCheckResult:
            found = offenders(project.open())
            return AssetCheckResult(
                passed=not found,
                severity=severity,
                description="; ".join(found[:SHOWN]) or "nothing found",
                metadata={"offenders": len(found)},
            )

        return check

    return declare


pictures_could_be_read = _check("corpus")(findings.pictures_could_be_read)


@_check("corpus")
def sources_were_understood(project: Project) -> list[str]:
    """Metadata rows without a picture and the reverse, ids that several share, unusable cells."""
    try:
        listing = list_sources(project.settings.source, project.folder, project.web)
    except (SourceError, StoreError) as error:  # a check that raises would stop the run
        return [str(error)]
    return [*listing.notes, *listing.unmatched_rows, *listing.refused]


rows_were_understood = _check("annotations")(findings.rows_were_understood)


judgements_have_their_pictures = _check("morphograph")(findings.judgements_have_their_pictures)
judgements_agree = _check("morphograph")(findings.judgements_agree)


@_check("triplets", blocking=True)
def splits_do_not_leak(project: Project) -> list[str]:
    """Triplets that join pictures of different splits."""
    components = project.store.read_or_empty("components").to_pylist()
    split = {row["uid"]: row["split"] for row in components}
    return [
        f"{row['anchor']}, {row['positive']}, {row['negative']} in {row['split']}"
        for row in project.store.read_or_empty("triplets").to_pylist()
        if {split.get(row[role], row["split"]) for role in ("anchor", "positive", "negative")}
        != {row["split"]}
    ]


candidate_took_over = _check("model")(findings.candidate_took_over)


@_check("vectors", blocking=True)
def vectors_are_unit_vectors(project: Project) -> list[str]:
    """Vectors of the model in force that are not finite or not of length 1."""
    known = vectors_in_force(project.store)
    lengths = np.linalg.norm(known.vectors, axis=1)
    bad = np.flatnonzero(~(np.abs(lengths - 1) < 1e-3))  # a NaN is bad too
    return [f"{known.uids[row]}: length {lengths[row]:g}" for row in bad]


@_check("vectors")
def every_picture_has_a_vector(project: Project) -> list[str]:
    """Batches that wait for vectors of the model in force."""
    done = set(project.store.read_or_empty("vectors")["batch"].to_pylist())
    batches = project.store.read_or_empty("corpus", columns=["batch"])["batch"].to_pylist()
    return [f"{batch} has none" for batch in batches if batch not in done]


radius_is_calibrated = _check("clusters")(findings.radius_is_calibrated)


@_check("clusters")
def clusters_agree_with_judgements(project: Project) -> list[str]:
    """Rejected pairs that lie in one cluster, and confirmed ones that do not.

    `groups` heeds the judgements all the same: this is what the network has not learnt.
    """
    clusters = project.store.read_or_empty("clusters", columns=["uid", "cluster"])
    labels = dict(zip(clusters["uid"].to_pylist(), clusters["cluster"].to_pylist(), strict=True))
    found = contradictions(labels, project.store.read_or_empty("links"))
    return [f"{' ~ '.join(one.pair)}: {one.verdict}, {one.kind}" for one in found]


@_check("layout")
def map_stays_put(project: Project) -> list[str]:
    """Whether pictures that were on the map before lie where they lay."""
    moved = _of_map(project, "median displacement")
    if moved is None or moved <= MOST_MOVED:
        return []
    return [f"half of the pictures moved by more than {moved:.1%} of the map's diagonal"]


@_check("layout")
def map_can_be_trusted(project: Project) -> list[str]:
    """Whether pictures that lie together on the map are near by the network too."""
    trust, kept = _of_map(project, "trustworthiness"), _of_map(project, "neighbourhood kept")
    if trust is None or trust >= LEAST_TRUST:
        return []
    return [f"trustworthiness {trust:.2f} (0.5 is chance), {kept or 0:.0%} of the neighbours kept"]


def _of_map(project: Project, figure: str) -> float | None:
    """A figure of the newest map; None where there was nothing to measure."""
    commits = project.store.commits(STEPS["layout"].mark, limit=1)
    return commits[0].provenance.facts.get(figure) if commits else None


CHECKS = [
    pictures_could_be_read,
    sources_were_understood,
    rows_were_understood,
    judgements_have_their_pictures,
    judgements_agree,
    splits_do_not_leak,
    candidate_took_over,
    vectors_are_unit_vectors,
    every_picture_has_a_vector,
    radius_is_calibrated,
    clusters_agree_with_judgements,
    map_stays_put,
    map_can_be_trusted,
]
