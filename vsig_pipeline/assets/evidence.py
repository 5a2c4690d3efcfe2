"""What near pictures have in common, part by part."""

from vsig_core.current import current_images
from vsig_core.pair_evidence import evidence_table, maps_of
from vsig_core.store import empty
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.execution import Inputs, Outcome


@computes("torch", "numba")
def pair_evidence(inputs: Inputs) -> Outcome:
    """Looks for details that two pictures share: a figure, a hand, mirrored or in another size.

    A signature is often a part, and a description of whole pictures loses it. Each picture is
    compared with its nearest, cell by cell; what they share is put before people first. Off
    unless [evidence] is enabled: each picture is looked at once more.
    """
    settings = inputs.settings.evidence
    if not settings.enabled:
        table = empty("pair_evidence")
        return Outcome({"pair_evidence": table}, facts={"off": "[evidence] enabled is false"})
    lists = inputs.read("neighbours", columns=["uid", "ids"]).to_pylist()
    images = current_images(inputs.store, ["uid", "sha256", "working"]).to_pylist()
    maps = maps_of(inputs.project)
    maps.compute(
        {row["sha256"]: row["working"] for row in images},
        inputs.progress("looking at parts of pictures"),
    )
    inputs.pin("pair_evidence")
    table = evidence_table(
        maps,
        {row["uid"]: row["sha256"] for row in images},
        {row["uid"]: row["ids"] for row in lists},
        inputs.read("pair_evidence"),
        settings.compared,
        inputs.progress("comparing parts of pictures"),
    )
    return Outcome({"pair_evidence": table}, facts={"pairs": table.num_rows, "trunk": maps.name})
