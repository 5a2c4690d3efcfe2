"""Every knob of a project: one frozen model, one TOML file.

The file is `vsig.toml` in the project folder. `VSIG_STORE`, `VSIG_INBOX` and
`VSIG_<SECTION>__<KEY>` override it; the sources stand in the file alone. An unknown
key or variable is refused, with the nearest known one as a suggestion. Each default
stands once, here.
"""

from vsig_core.settings.clustering import (
    ClusteringSettings,
    EvidenceSettings,
    LayoutSettings,
    NeighboursSettings,
    ReviewSettings,
)
from vsig_core.settings.learning import (
    PRESETS,
    REPLICA,
    AnnotationsSettings,
    EvaluationSettings,
    ModelSettings,
    SameWork,
    SplitsSettings,
    TrainingSettings,
    TripletsSettings,
)
from vsig_core.settings.loading import (
    ENVIRONMENT_PREFIX,
    PROJECT_FILE,
    RESERVED_VARIABLES,
    load_settings,
)
from vsig_core.settings.pictures import (
    SCHEMES,
    ImagesSettings,
    Publish,
    SourceSettings,
    WebSettings,
    scheme_of,
    unknown_scheme,
)
from vsig_core.settings.project import Settings
from vsig_core.settings.running import ClusterSettings, RunSettings
from vsig_core.settings.section import Section

__all__ = [
    "ENVIRONMENT_PREFIX",
    "PRESETS",
    "PROJECT_FILE",
    "REPLICA",
    "RESERVED_VARIABLES",
    "SCHEMES",
    "AnnotationsSettings",
    "ClusterSettings",
    "ClusteringSettings",
    "EvaluationSettings",
    "EvidenceSettings",
    "ImagesSettings",
    "LayoutSettings",
    "ModelSettings",
    "NeighboursSettings",
    "Publish",
    "ReviewSettings",
    "RunSettings",
    "SameWork",
    "Section",
    "Settings",
    "SourceSettings",
    "SplitsSettings",
    "TrainingSettings",
    "TripletsSettings",
    "WebSettings",
    "load_settings",
    "scheme_of",
    "unknown_scheme",
]
