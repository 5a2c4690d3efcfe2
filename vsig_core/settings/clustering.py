"""From vectors to what people see: neighbours, clusters, details, map, and the review app."""

from typing import Literal, Self

from pydantic import Field, model_validator

from vsig_core.settings.section import Section


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
