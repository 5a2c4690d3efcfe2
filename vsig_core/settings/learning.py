"""From judgements to a network: what is learnt from, by what, and when it is good enough."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from vsig_core.settings.section import Section

SameWork = Literal["hide", "fold", "show"]


class AnnotationsSettings(Section):
    """Judgements, and when they are enough for a new training."""

    min_new_links: int = Field(
        default=20, ge=1, description="New links of which the sensor starts a training."
    )
    max_wait_hours: float = Field(
        default=24.0, ge=0, description="After this wait fewer new links are enough, hours."
    )
    same_work: SameWork = Field(
        default="fold",
        description="Views of one work in neighbours, queue and metrics (DESIGN 5.14).",
    )


class SplitsSettings(Section):
    """Shares of the components in train, validation and test (DESIGN 5.2)."""

    train: float = Field(
        default=0.6, gt=0, lt=1, description="Share of the components that are learnt from."
    )
    val: float = Field(
        default=0.2, gt=0, lt=1, description="That the gate and the radius are judged on."
    )
    test: float = Field(default=0.2, gt=0, lt=1, description="That only reports.")
    salt: str = Field(default="vsig", description="Another word draws other splits.")

    @model_validator(mode="after")
    def _sum_to_one(self) -> Self:
        if abs(self.train + self.val + self.test - 1) > 1e-9:
            raise ValueError(f"train + val + test is {self.train + self.val + self.test:g}, not 1")
        return self


class TripletsSettings(Section):
    """Mining (original: 10 negatives per positive, nearest first)."""

    hard_negatives: int = Field(
        default=3, ge=0, description="Nearest pictures mined for each positive."
    )
    random_negatives: int = Field(
        default=1, ge=0, description="Random pictures drawn for each positive."
    )
    pool_size: int = Field(
        default=5000, ge=0, description="Unjudged pictures in the pool of mining and evaluation."
    )
    seed: int = Field(default=7, description="The same seed draws the same.")


class ModelSettings(Section):
    """The network that turns a picture into a vector."""

    preset: Literal["default", "replica"] = Field(
        default="default", description="Values of [model] and [training] that are not written here."
    )
    backbone: str = Field(
        default="efficientnet_lite0",
        description="efficientnet_lite0 (packaged weights), a torchvision name, or timm:NAME.",
    )
    weights: str = Field(
        default="default",
        description="default, none, a name of torchvision, or a file, relative to the project.",
    )
    pooling: Literal["mean", "max", "gem"] = Field(
        default="gem",
        description="Of the last feature map; gem is the generalised mean (original: mean).",
    )
    resolution: int = Field(default=224, ge=32, description="Side of the network's input, pixels.")
    batch_size: int = Field(default=32, ge=1, description="Pictures embedded at a time.")


class TrainingSettings(Section):
    """Fine-tuning (DESIGN 5.3)."""

    frozen_trunk: bool = Field(
        default=True,
        description="Compute all but the last stages once; false fine-tunes every layer.",
    )
    trained_stages: int = Field(default=4, ge=1, description="Last stages that are trained.")
    views: int = Field(
        default=4, ge=1, description="Augmented views of each picture that has a positive link."
    )
    epochs: int = Field(default=3, ge=1, description="Passes over the triplets (original: 5).")
    batch_size: int = Field(default=128, ge=1, description="Triplets in a step (original: 4).")
    anchors_together: bool = Field(
        default=True,
        description="Triplets of one anchor in one step: a picture that is in several of them "
        "goes through the network once (original: in random order).",
    )
    optimizer: Literal["adamw", "adam"] = Field(
        default="adamw", description="adamw, or adam (original)."
    )
    learning_rate: float = Field(
        default=1e-4, gt=0, description="The highest of the schedule (original: 1e-6)."
    )
    schedule: Literal["cosine", "constant"] = Field(
        default="cosine",
        description="Learning rate over a training: cosine rises for half an epoch, then falls to "
        "0; constant (original).",
    )
    blend: float = Field(
        default=0.75,
        gt=0,
        le=1,
        description="Share of the trained weights in the result; the rest is pretrained "
        "(original: 1).",
    )
    weight_decay: float = Field(default=1e-4, ge=0, description="As the original's.")
    margin: float = Field(
        default=0.2, ge=0, description="m of the loss, cosine distance (original 0.01)."
    )
    intra_margin: float = Field(
        default=2.0,
        ge=0,
        description="m2 of the loss, cosine distance; 2 leaves the term out (original 0.1).",
    )
    reduction: Literal["mean", "sum"] = Field(
        default="mean", description="Over triplets (original: sum)."
    )
    min_links: int = Field(default=4, ge=1, description="Fewer training links train nothing.")
    seed: int = Field(default=7, description="The same seed draws the same.")


REPLICA: Mapping[str, Mapping[str, Any]] = {
    "model": {
        "backbone": "resnext101_32x8d",
        "pooling": "mean",
        "resolution": 320,
        "batch_size": 16,
    },
    "training": {
        "frozen_trunk": False,
        "epochs": 5,
        "batch_size": 4,
        "anchors_together": False,
        "optimizer": "adam",
        "learning_rate": 1e-6,
        "schedule": "constant",
        "blend": 1.0,
        "margin": 0.01,
        "intra_margin": 0.1,
        "reduction": "sum",
    },
    "triplets": {"hard_negatives": 10, "random_negatives": 0},
}
PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {"default": {}, "replica": REPLICA}


class EvaluationSettings(Section):
    """Retrieval metrics and the gate (DESIGN 5.9 and 7)."""

    recall_at: tuple[int, ...] = Field(
        default=(1, 5, 20, 50, 100, 200, 400), description="Ranks k."
    )
    bootstrap: int = Field(default=2000, ge=100, description="Resamples of the components.")
    min_components: int = Field(default=8, ge=1, description="Fewer say too few to tell.")
    tolerance: float = Field(
        default=0.02,
        ge=0,
        description="mAP that the lower end of the paired interval may lie below 0, and share of "
        "the pictures by which rejected pairs may surely come nearer.",
    )
    max_mean_cosine: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Mean cosine of random pairs above which a model collapsed.",
    )
    min_effective_rank: float = Field(
        default=8.0,
        gt=0,
        description="Effective rank of the vectors below which a model collapsed.",
    )
    seed: int = Field(default=7, description="The same seed draws the same.")
