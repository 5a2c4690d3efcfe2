"""Every knob of a project: one frozen model, one TOML file.

The file is `vsig.toml` in the project folder. `VSIG_STORE`, `VSIG_INBOX` and
`VSIG_<SECTION>__<KEY>` override it; the sources stand in the file alone. An unknown
key or variable is refused, with the nearest known one as a suggestion. Each default
stands once, here.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from vsig_core.errors import SettingsError

PROJECT_FILE = "vsig.toml"
ENVIRONMENT_PREFIX = "VSIG_"
# Variables that name other things than settings.
RESERVED_VARIABLES = frozenset({"VSIG_PROJECT", "VSIG_CORPORA", "VSIG_BENCH_CACHE"})

SameWork = Literal["hide", "fold", "show"]
Publish = Literal["none", "thumb", "full"]


class Section(BaseModel):
    """A part of the settings: frozen, and refusing what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


SCHEMES = ("file", "s3", "http", "https")


def scheme_of(uri: str) -> tuple[str, str]:
    """The scheme of an address, in lower case, and what follows "://"; "" for a path.

    >>> scheme_of("s3://bucket/prefix"), scheme_of("pictures")
    (('s3', 'bucket/prefix'), ('', 'pictures'))
    """
    scheme, mark, rest = uri.partition("://")
    return (scheme.lower(), rest) if mark else ("", uri)


def unknown_scheme(uri: str) -> str:
    """What to say of an address that vsig does not read."""
    return (
        f"{uri!r} begins with {scheme_of(uri)[0]}://, from which nothing can be read. A source is "
        "a folder, s3://bucket/prefix, a table of pictures (CSV, JSON Lines or Parquet), or a "
        "https:// or http:// address of such a table or a IIIF document. Copy or mount the "
        "pictures, and name that folder."
    )


class SourceSettings(Section):
    """One place that pictures come from."""

    uri: str = Field(
        description="Folder, absolute or relative to the project; s3://bucket/prefix; a table of "
        "pictures or a IIIF document, as a file or a https:// address (docs/sources.md)."
    )
    prefix: str = Field(
        default="", description="Put before each uid, where two sources share names."
    )
    metadata: str | None = Field(
        default=None,
        description="Table that describes the pictures (CSV, JSON Lines or Parquet); else "
        "metadata.csv, .jsonl or .parquet beside them.",
    )
    publish: Publish = Field(
        default="none", description="What may leave the project (DESIGN 5.15)."
    )

    work: Literal["canvas", "manifest"] = Field(
        default="canvas",
        description="What of a IIIF manifest is one work of art: each canvas, or all of them "
        "(views of one object).",
    )

    @model_validator(mode="after")
    def _schemes_are_known(self) -> Self:
        for address in (self.uri, self.metadata or ""):
            if scheme_of(address)[0] not in {"", *SCHEMES}:
                raise ValueError(unknown_scheme(address))
        return self


class ImagesSettings(Section):
    """Reading pictures."""

    batch_size: int = Field(default=500, ge=1, description="Most pictures in one batch.")
    thumb_px: int = Field(
        default=128, ge=16, le=512, description="Longer side of the thumbnail, pixels."
    )
    working_px: int = Field(
        default=1024, ge=64, description="Longer side of the working copy, pixels."
    )
    jpeg_quality: int = Field(
        default=90, ge=50, le=100, description="Of thumbnails and working copies."
    )
    max_pixels: int = Field(
        default=200_000_000,
        ge=1,
        description="Larger pictures are refused before decoding, pixels.",
    )
    max_bytes: int = Field(
        default=500_000_000, ge=1, description="Larger files are refused, bytes."
    )


class WebSettings(Section):
    """Fetching pictures, manifests and listings from the web (docs/sources.md)."""

    requests_per_second: float = Field(
        default=4.0, gt=0, description="To one host, by all processes of this machine together."
    )
    tries: int = Field(
        default=4, ge=1, description="Of one address, with growing pauses, where a failure passes."
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, description="That a server may be silent, seconds."
    )
    longest_seconds: float = Field(
        default=300.0, gt=0, description="That one answer may take in all, seconds."
    )
    longest_wait_seconds: float = Field(
        default=60.0,
        ge=0,
        description="That a server may ask to be left alone (Retry-After) and is waited for; where "
        "it asks for longer, a later run asks again.",
    )
    refresh_hours: float = Field(
        default=24.0,
        ge=0,
        description="For so long what was fetched is not asked for again; then it is fetched only "
        "if it changed. The address that a source names itself is asked each time.",
    )
    picture_px: int = Field(
        default=1024,
        ge=64,
        description="Longer side that IIIF image servers are asked for, pixels; less than "
        "working_px of [images] makes smaller working copies.",
    )
    max_document_bytes: int = Field(
        default=100_000_000, ge=1, description="Larger manifests and listings are refused, bytes."
    )
    contact: str = Field(
        default="", description="Mail or page of yours, told to servers in the User-Agent."
    )
    private_hosts: tuple[str, ...] = Field(
        default=(),
        description="Hosts of your own network that manifests and listings may name; those of the "
        "sources' own addresses are known.",
    )


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
        default="mean", description="Of the last feature map; gem is the generalised mean."
    )
    resolution: int = Field(default=224, ge=32, description="Side of the network's input, pixels.")
    batch_size: int = Field(default=32, ge=1, description="Pictures embedded at a time.")


class TrainingSettings(Section):
    """Fine-tuning (DESIGN 5.3)."""

    frozen_trunk: bool = Field(
        default=True,
        description="Compute all but the last stages once; false fine-tunes every layer.",
    )
    trained_stages: int = Field(default=3, ge=1, description="Last stages that are trained.")
    views: int = Field(
        default=4, ge=1, description="Augmented views of each picture that has a positive link."
    )
    epochs: int = Field(default=4, ge=1, description="Passes over the triplets.")
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
        default=0.3, ge=0, description="m2 of the loss, cosine distance (original 0.1)."
    )
    reduction: Literal["mean", "sum"] = Field(
        default="mean", description="Over triplets (original: sum)."
    )
    min_links: int = Field(default=4, ge=1, description="Fewer training links train nothing.")
    seed: int = Field(default=7, description="The same seed draws the same.")


REPLICA: Mapping[str, Mapping[str, Any]] = {
    "model": {"backbone": "resnext101_32x8d", "resolution": 320, "batch_size": 16},
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


class NeighboursSettings(Section):
    """The neighbour graph."""

    k: int = Field(default=30, ge=1, description="Nearest pictures kept for each picture.")
    approximate_above: int = Field(
        default=300_000,
        ge=1,
        description="Pictures beyond which an approximate index finds the nearest; what is made "
        "from it says so.",
    )


class ClusteringSettings(Section):
    """Clusters (original: OPTICS, min_samples 2, max_eps 0.13, cosine)."""

    method: Literal["optics", "dbscan", "hdbscan", "kmeans", "mix"] = Field(
        default="optics",
        description="How pictures are grouped; mix is the original's DBSCAN, then k-means.",
    )
    min_samples: int = Field(default=2, ge=2, description="Pictures within reach that make a core.")
    max_eps: float | Literal["auto"] = Field(
        default="auto", description="Largest radius, cosine distance in (0, 2]; auto calibrates it."
    )
    extraction: Literal["xi", "dbscan"] = Field(
        default="dbscan", description="How clusters are read off the ordering."
    )
    xi: float = Field(default=0.05, gt=0, lt=1, description="Steepness, where extraction is xi.")
    n_clusters: int | Literal["auto"] = Field(
        default="auto",
        description="Clusters of kmeans and mix; auto: the root of half the pictures.",
    )
    target_precision: float = Field(
        default=0.9, gt=0, le=1, description="Pair precision on validation that auto asks for."
    )
    uncalibrated_max_size: int = Field(
        default=50, ge=2, description="Largest cluster that auto allows where links are too few."
    )

    @model_validator(mode="after")
    def _numbers_are_in_range(self) -> Self:
        if self.max_eps != "auto" and not 0 < self.max_eps <= 2:
            raise ValueError(f"max_eps is {self.max_eps:g}; a cosine distance lies in (0, 2]")
        if self.n_clusters != "auto" and self.n_clusters < 1:
            raise ValueError(f"n_clusters is {self.n_clusters}; at least 1 is needed")
        return self


class EvidenceSettings(Section):
    """Local evidence: details that two pictures share (docs/evidence.md)."""

    enabled: bool = Field(
        default=False,
        description="Every run compares near pictures in detail for the queue, and `vsig similar` "
        "what it finds; each picture is looked at once more. What is asked for by name "
        "(--evidence, --box) is compared either way.",
    )
    resolution: int = Field(
        default=320, ge=64, description="Side of the network's input for it, pixels."
    )
    rerank: int = Field(
        default=60,
        ge=1,
        description="Pictures nearest as a whole, and as many by their regions, that `vsig "
        "similar` compares in detail.",
    )
    compared: int = Field(
        default=20,
        ge=1,
        description="The same of each picture in a run, for the queue.",
    )


class LayoutSettings(Section):
    """The 2D map."""

    method: Literal["umap", "pca", "tsne"] = Field(
        default="umap", description="umap, pca or tsne (original)."
    )
    n_neighbors: int = Field(default=15, ge=2, description="Neighbours that shape the map.")
    min_dist: float = Field(default=0.1, ge=0, description="UMAP's min_dist.")
    update_rate: float = Field(
        default=0.05,
        gt=0,
        le=1,
        description="Learning rate when an old map is continued (DESIGN 5.8).",
    )
    seed: int = Field(default=7, description="The same seed draws the same.")


class ReviewSettings(Section):
    """What is proposed to people, and how several of them work together."""

    queue_size: int = Field(default=1000, ge=1, description="Most entries in the queue.")
    second_share: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of the judged pairs that go to a second person, blind.",
    )
    upload_mb: int = Field(
        default=20, ge=1, le=500, description="Largest picture that people may bring to Find, MB."
    )
    dagster: str | None = Field(
        default=None,
        pattern="^https?://",
        description="Dagster's web server, which Learn asks for a training, as "
        "http://127.0.0.1:3000; else, and while it is down, a file in the inbox asks.",
    )
    users_file: str = Field(
        default="review-users.json",
        description="Names, roles and password hashes, relative to the project ('vsig "
        "review-user').",
    )
    hosts: tuple[str, ...] = Field(
        default=(),
        description="Further names by which browsers may call the app, as review.museum.org.",
    )
    proxy_header: str | None = Field(
        default=None,
        description="Header in which a trusted proxy names who has logged in there, as "
        "X-Remote-User; nobody logs in at the app then.",
    )
    proxy_role: Literal["look", "judge", "decide"] = Field(
        default="judge", description="Of people whom the proxy names and the users' file does not."
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=("127.0.0.1", "::1"), description="Addresses whose word about people is taken."
    )


class RunSettings(Section):
    """How runs behave."""

    workers: int = Field(
        default=0, ge=0, description="Processes that decode pictures; 0: one per core."
    )
    max_attempts: int = Field(
        default=5, ge=1, description="Tries of the same work before giving up."
    )
    backoff_seconds: float = Field(
        default=30.0, ge=0, description="First pause; doubles at each try."
    )
    webhook: str | None = Field(default=None, description="URL that gets a POST when a run fails.")
    nightly: str = Field(default="0 3 * * *", description="Cron of the nightly run, UTC.")


class ClusterSettings(Section):
    """More than one machine (docs/scale.md)."""

    scheduler: str | None = Field(
        default=None,
        pattern="^(tcp|tls|ws|wss)://",
        description="Dask scheduler whose workers decode, embed and compare, as tcp://host:8786; "
        "else this machine does.",
    )


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


def load_settings(project: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Read a project's settings.

    Parameters
    ----------
    project
        Folder that holds `vsig.toml`.
    environment
        Variables that override the file; those of the process where left out.

    Raises
    ------
    SettingsError
        No project there, no TOML, an unknown key or variable, or a value out of its range.
    """
    path = project / PROJECT_FILE
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(
            f"{project} has no {PROJECT_FILE}. Run 'vsig init {project}' to make one, "
            "or name another project with --project or VSIG_PROJECT."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error
    overridden = _override(values, os.environ if environment is None else environment)
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(_explain(error, path, overridden)) from error


def _override(values: dict[str, Any], environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Write the variables' values over the file's; returns each variable's setting."""
    places = _places()
    overridden = {}
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in RESERVED_VARIABLES:
            continue
        if variable not in places:
            raise SettingsError(_unknown_variable(variable, places))
        *sections, key = overridden[variable] = places[variable]
        holder = values
        for section in sections:
            holder = holder.setdefault(section, {})
        if isinstance(holder, dict):  # else the file has no section of that name, as is said later
            holder[key] = _read_value(text, places[variable])
    return overridden


def _places() -> dict[str, tuple[str, ...]]:
    """Every variable that overrides a setting, and that setting."""
    places: list[tuple[str, ...]] = []
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            places += [(name, key) for key in field.annotation.model_fields]
        elif name != "source":
            places.append((name,))
    return {ENVIRONMENT_PREFIX + "__".join(place).upper(): place for place in places}


def _unknown_variable(variable: str, places: Mapping[str, object]) -> str:
    if variable.startswith("VSIG_SOURCE"):
        return f"The environment has {variable}; sources are named in {PROJECT_FILE} alone."
    near = difflib.get_close_matches(variable, places, n=1)
    hint = f"; did you mean {near[0]}?" if near else "."
    return f"The environment has {variable}, which names no setting{hint} Unset it."


def _read_value(text: str, place: tuple[str, ...]) -> str | list[str]:
    """What a variable says; a list as 1,5 or [1, 5], of words with quotes or without."""
    model: Any = Settings
    for section in place[:-1]:
        model = model.model_fields[section].annotation
    if get_origin(model.model_fields[place[-1]].annotation) is not tuple:
        return text
    items = text.strip().removeprefix("[").removesuffix("]").split(",")
    return [item.strip().strip("'\"") for item in items if item.strip()]


def _explain(error: ValidationError, path: Path, overridden: Mapping[str, tuple[str, ...]]) -> str:
    """What is wrong, by the file or the variable that says it."""
    said: dict[str, list[str]] = {}
    for problem in error.errors():
        variables = [v for v, place in overridden.items() if _touches(place, problem["loc"])]
        said.setdefault(", ".join(variables) or str(path), []).append(_sentence(problem))
    return "; ".join(f"{origin}: {'; '.join(sentences)}" for origin, sentences in said.items())


def _touches(place: tuple[str, ...], location: tuple[int | str, ...]) -> bool:
    """Whether one of the two lies within the other."""
    return all(one == other for one, other in zip(place, location, strict=False))


def _sentence(problem: ErrorDetails) -> str:
    """One thing that is wrong, with a suggestion for a misspelt key."""
    place = [str(part) for part in problem["loc"]]
    name = ".".join(place)
    if problem["type"] != "extra_forbidden":
        return f"{name}: {problem['msg']} (got {problem['input']!r})"
    near = difflib.get_close_matches(place[-1], _keys_beside(problem["loc"]), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return f"unknown key {name!r}{hint}"


def _keys_beside(location: tuple[int | str, ...]) -> list[str]:
    """The keys that are known where an unknown one was found."""
    model: type[BaseModel] = Settings
    for part in location[:-1]:
        if part == "source":
            model = SourceSettings
        elif isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                model = annotation
    return list(model.model_fields)
