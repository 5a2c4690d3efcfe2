"""All sections together."""

from typing import Any, Self

from pydantic import Field, model_validator

from vsig_core.settings.clustering import (
    ClusteringSettings,
    EvidenceSettings,
    LayoutSettings,
    NeighboursSettings,
    ReviewSettings,
)
from vsig_core.settings.learning import (
    PRESETS,
    AnnotationsSettings,
    EvaluationSettings,
    ModelSettings,
    SplitsSettings,
    TrainingSettings,
    TripletsSettings,
)
from vsig_core.settings.pictures import ImagesSettings, SourceSettings, WebSettings
from vsig_core.settings.running import ClusterSettings, RunSettings
from vsig_core.settings.section import Section


class Settings(Section):
    """All settings of a project."""

    store: str = Field(default="store", description="Folder or s3://bucket/prefix of all tables.")
    inbox: str = Field(
        default="inbox", description="Folder or s3://bucket/prefix where annotation files arrive."
    )
    source: tuple[SourceSettings, ...] = Field(default=(), description="Where pictures come from.")
    images: ImagesSettings = ImagesSettings()
    web: WebSettings = WebSettings()
    annotations: AnnotationsSettings = AnnotationsSettings()
    splits: SplitsSettings = SplitsSettings()
    triplets: TripletsSettings = TripletsSettings()
    model: ModelSettings = ModelSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()
    neighbours: NeighboursSettings = NeighboursSettings()
    clustering: ClusteringSettings = ClusteringSettings()
    evidence: EvidenceSettings = EvidenceSettings()
    layout: LayoutSettings = LayoutSettings()
    review: ReviewSettings = ReviewSettings()
    run: RunSettings = RunSettings()
    cluster: ClusterSettings = ClusterSettings()

    @model_validator(mode="after")
    def _lists_hold_a_core(self) -> Self:
        most = self.neighbours.k + 1
        if self.clustering.min_samples > most:
            raise ValueError(
                f"clustering.min_samples is {self.clustering.min_samples}, but each picture keeps "
                f"{self.neighbours.k} nearest; raise neighbours.k, or take at most {most}"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _fill_in_the_preset(cls, values: dict[str, Any]) -> dict[str, Any]:
        model = values.get("model", {})
        preset = model.get("preset") if isinstance(model, dict) else getattr(model, "preset", None)
        filled = dict(values)
        for section, defaults in PRESETS.get(str(preset), {}).items():
            given = values.get(section, {})
            filled[section] = {**defaults, **given} if isinstance(given, dict) else given
        return filled
