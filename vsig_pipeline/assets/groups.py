"""What people are shown, and what they should look at next."""

import pyarrow as pa

from vsig_core.annotations import representatives, verdicts_in_force
from vsig_core.clustering import (
    Judgements,
    build_groups,
)
from vsig_core.current import current_images
from vsig_core.review import (
    Evidence,
    rank_queue,
)
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.assets.figures import caveats
from vsig_pipeline.execution import Inputs, Outcome


@computes("python")
def groups(inputs: Inputs) -> Outcome:
    """What people are shown: clusters with duplicates folded, rejected pictures out, motifs whole.

    A pattern that somebody confirmed is never torn apart here, and a picture that somebody
    rejected is not shown again, whatever the network says. `clusters` stays the model's opinion,
    and is what is scored.
    """
    images = current_images(inputs.store, ["uid", "sha256", "work"]).to_pylist()
    links = inputs.read("links")
    judgements = Judgements(
        links=links,
        motif_members=inputs.read("motif_members"),
        representatives=representatives(links, {row["uid"]: row["sha256"] for row in images}),
        works={row["uid"]: row["work"] for row in images},
        verdicts=verdicts_in_force(inputs.judgements()),
    )
    clusters_now = inputs.read("clusters")
    rows = build_groups(clusters_now, judgements, inputs.settings.annotations.same_work)
    facts = {"groups": len(set(rows["group"].to_pylist())), "images": rows.num_rows}
    return Outcome({"groups": rows}, facts=facts | caveats(clusters_now))


@computes("python")
def review_queue(inputs: Inputs) -> Outcome:
    """What is worth a person's judgement next, the most promising first, each with its reason.

    A look at the top of this list teaches the next network most for each minute spent.
    """
    motifs, links = inputs.read("motifs").to_pylist(), inputs.read("links")
    evidence = Evidence(
        links=links,
        motif_members=inputs.read("motif_members"),
        motif_names={row["motif"]: row["name"] for row in motifs},
        verdicts=verdicts_in_force(inputs.judgements()),
        new_images=_new_images(inputs),
        neighbours=inputs.read("neighbours"),
        pair_evidence=inputs.read("pair_evidence"),
        objects=_objects(inputs, links),
    )
    groups_now, clusters_now = inputs.read("groups"), inputs.read("clusters")
    rows = rank_queue(groups_now, clusters_now, evidence, inputs.settings.review)
    facts = {"entries": rows.num_rows, **caveats(clusters_now)}
    return Outcome({"review_queue": rows}, facts=facts)


def _objects(inputs: Inputs, links: pa.Table) -> dict[str, str]:
    """Picture to the object that it shows, where several may show one."""
    images = current_images(inputs.store, ["uid", "sha256", "work"]).to_pylist()
    objects = representatives(links, {row["uid"]: row["sha256"] for row in images})
    if inputs.settings.annotations.same_work != "show":
        objects |= {row["uid"]: f"work {row['work']}" for row in images if row["work"]}
    return objects


def _new_images(inputs: Inputs) -> set[str]:
    """Pictures that arrived since the queue was ranked last; none in a first queue."""
    ranked = inputs.state.commits(inputs.step)
    if not ranked:
        return set()
    images = current_images(inputs.store, ["uid", "added_at"]).to_pylist()
    return {row["uid"] for row in images if row["added_at"] > ranked[0].at}
