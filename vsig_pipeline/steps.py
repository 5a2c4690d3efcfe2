"""The graph of DESIGN §1, declared: what each step reads, writes, and is settled by.

A step's *key* is a hash of its inputs' data versions, the settings that matter
to it, and its code version. Work whose key is known is not done again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Stage = Literal["ingest", "annotate", "retrain", "embed", "recluster"]


@dataclass(frozen=True)
class Step:
    """One asset.

    Parameters
    ----------
    name
        The asset's name.
    stage
        The job that computes it.
    tables
        What it writes, in this order; the commit of the last one marks the work as done.
    inputs
        Steps whose data version enters the key. What else a step reads (the previous
        clusters that lend their ids, the map before) is in its provenance, and makes
        nothing stale: so feedback is no cycle.
    sections
        What of the settings enters the key: sections, or single settings as `section.key`.
    code
        Raised when the step computes something else from the same inputs.
    batched
        Computed for each batch of pictures apart.
    remembers
        Continues its own previous version (ids, splits, positions), so that an old
        version can not simply be brought back.
    """

    name: str
    stage: Stage
    tables: tuple[str, ...]
    inputs: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    code: str = "1"
    batched: bool = False
    remembers: bool = False

    @property
    def mark(self) -> str:
        """The table whose commit marks the step as done."""
        return self.tables[-1]


_STEPS = [
    Step(
        "images",
        "ingest",
        ("rejected_images", "contents", "replaced_images", "images"),
        # Not batch_size: batches that exist keep their size.
        sections=(
            "images.thumb_px",
            "images.working_px",
            "images.jpeg_quality",
            "images.max_pixels",
            "images.max_bytes",
        ),
        code="3",
        batched=True,
    ),
    Step("corpus", "ingest", ("corpus",), ("images",)),
    Step("annotations", "annotate", ("rejected_annotations", "annotations"), remembers=True),
    Step(
        "morphograph",
        "annotate",
        (
            "split_moves",
            "drawn_splits",
            "motifs",
            "motif_members",
            "conflicts",
            "components",
            "links",
        ),
        ("corpus", "annotations"),
        ("splits",),
        remembers=True,
    ),
    Step(
        "triplets",
        "retrain",
        ("triplets",),
        ("morphograph",),
        ("triplets", "model"),
    ),
    Step(
        "candidate_model",
        "retrain",
        ("models",),
        ("triplets",),
        ("model", "training"),
        remembers=True,
    ),
    Step(
        "evaluation",
        "retrain",
        ("fallen_links", "evaluations"),
        ("candidate_model", "morphograph"),
        ("evaluation", "model", "annotations.same_work", "triplets.pool_size"),
        code="3",
        remembers=True,
    ),
    Step(
        "model",
        "retrain",
        ("models",),
        ("evaluation",),
        ("evaluation",),
        code="2",
        remembers=True,
    ),
    Step("embeddings", "embed", ("embeddings",), ("images", "model"), batched=True),
    Step("vectors", "embed", ("vectors",), ("embeddings",)),
    Step("neighbours", "recluster", ("neighbours",), ("vectors",), ("neighbours",)),
    Step(
        "clusters",
        "recluster",
        ("cluster_ids", "cluster_changes", "clusters"),
        ("neighbours", "morphograph"),
        ("clustering", "evaluation"),
        remembers=True,
    ),
    Step("layout", "recluster", ("layout",), ("neighbours",), ("layout",), remembers=True),
    Step(
        "groups",
        "recluster",
        ("groups",),
        ("clusters", "morphograph", "corpus"),
        ("annotations.same_work",),
    ),
    Step(
        "atlas",
        "recluster",
        ("atlas",),
        ("layout", "clusters", "corpus"),
    ),
    Step(
        "pair_evidence",
        "recluster",
        ("pair_evidence",),
        ("neighbours",),
        ("evidence",),
        code="2",
    ),
    Step(
        "review_queue",
        "recluster",
        ("review_queue",),
        ("groups", "neighbours", "pair_evidence", "morphograph"),
        ("review", "annotations.same_work"),
        code="5",
    ),
]

STEPS: Mapping[str, Step] = {step.name: step for step in _STEPS}
STAGES: tuple[Stage, ...] = ("ingest", "annotate", "retrain", "embed", "recluster")


def below(name: str) -> set[str]:
    """A step and everything that depends on it.

    Raises
    ------
    KeyError
        There is no such step.
    """
    found = {STEPS[name].name}
    for step in _STEPS:  # declared in topological order
        if found.intersection(step.inputs):
            found.add(step.name)
    return found
