"""What a round of learning changed: figures on held-out links, links, and clusters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from vsig_core.annotations import SEPARATING
from vsig_core.clustering import Change, changes_between
from vsig_core.model import champion
from vsig_core.store import Store

# Each version that is looked at is read; a model that holds longer than this is compared
# with the version before.
_MOST_VERSIONS = 30
SHOWN_METRICS = ("map", "recall@20")

Pair = tuple[str, str]
Clusters = Mapping[str, str | None]


@dataclass(frozen=True)
class Figure:
    """A figure with its 95 % interval over components, and how many these are."""

    value: float | None
    low: float | None
    high: float | None
    n: int | None


@dataclass(frozen=True)
class HeldOut:
    """One figure on signatures that are put aside, before and after.

    Parameters
    ----------
    split
        val (decides) or test (only reports).
    metric
        As in the table `evaluations`.
    before, after
        Of the model that was in force, and of the one that was trained; `before` is
        None where there was none to compare with.
    """

    split: str
    metric: str
    before: Figure | None
    after: Figure


@dataclass(frozen=True)
class Contest:
    """The newest training: who was trained, what the gate said, and on which figures.

    Parameters
    ----------
    model_id, status, reason, at
        Of the table `models`.
    against
        The model that was in force then; None where there was none.
    held_out
        Figures before and after.
    difference
        mAP on validation, after minus before, paired; None where nothing was compared.
    """

    model_id: str
    status: str
    reason: str
    at: datetime | None
    against: str | None
    held_out: tuple[HeldOut, ...]
    difference: Figure | None

    @property
    def promoted(self) -> bool:
        """Whether it took over, then or later."""
        return self.status in ("champion", "retired")


@dataclass(frozen=True)
class LinksHeld:
    """Judged pairs by what the clusters of two versions do with them.

    Pictures that are in no cluster are with nobody. Contested links are left out.

    Parameters
    ----------
    now_hold, no_longer_hold
        Confirmed pairs that came together, and that came apart.
    now_apart, now_together
        Rejected pairs that came apart, and that came together.
    confirmed, rejected
        (pairs; of them together before; of them together now).
    """

    now_hold: tuple[Pair, ...]
    no_longer_hold: tuple[Pair, ...]
    now_apart: tuple[Pair, ...]
    now_together: tuple[Pair, ...]
    confirmed: tuple[int, int, int]
    rejected: tuple[int, int, int]


@dataclass(frozen=True)
class ClustersChanged:
    """Two versions of `clusters`, compared.

    Parameters
    ----------
    before, now
        (version, when, model) of each.
    links
        What they do with judged pairs.
    changes
        What happened to clusters, by cluster.
    """

    before: tuple[int, datetime, str]
    now: tuple[int, datetime, str]
    links: LinksHeld
    changes: tuple[Change, ...]

    def events(self, *names: str) -> list[Change]:
        """Changes of some kinds, those with most pictures first."""
        found = [change for change in self.changes if change.event in names]
        return sorted(found, key=lambda change: (-len(change.images), change.cluster))


def newest_contest(models: pa.Table, evaluations: pa.Table) -> Contest | None:
    """The newest trained model and its evaluation; None where nothing was trained yet.

    Parameters
    ----------
    models, evaluations
        The tables.
    """
    trained = [row for row in models.to_pylist() if row["origin"] == "trained"]
    if not trained:
        return None
    model = max(trained, key=lambda row: (row["created_at"].timestamp(), row["model_id"]))
    rows = [r for r in evaluations.to_pylist() if r["model_id"] == model["model_id"]]
    newest = max((row["links_version"] for row in rows), default=None)
    rows = [row for row in rows if row["links_version"] == newest]
    against = _in_force_then(models, model["model_id"])
    figures = {(row["subject"], row["split"], row["metric"]): _figure(row) for row in rows}
    return Contest(
        model_id=model["model_id"],
        status=model["status"],
        reason=model["reason"] or "",
        at=model["created_at"],
        against=against,
        held_out=tuple(_held_out(figures, model["model_id"], against)),
        difference=figures.get((model["model_id"], "val", "map_difference")),
    )


def links_held(links: pa.Table, before: Clusters, now: Clusters) -> LinksHeld:
    """Sort judged pairs by what two versions of the clusters do with them.

    Parameters
    ----------
    links
        Table `links`.
    before, now
        Cluster of each picture; None, or missing, is in no cluster.
    """
    rows = [row for row in links.to_pylist() if not row["contested"]]
    confirmed = [(r["img1"], r["img2"]) for r in rows if r["verdict"] == "POSITIVE"]
    rejected = [(r["img1"], r["img2"]) for r in rows if r["verdict"] in SEPARATING]
    was_together = {pair for pair in (*confirmed, *rejected) if _together(pair, before)}
    is_together = {pair for pair in (*confirmed, *rejected) if _together(pair, now)}

    def moved(pairs: Sequence[Pair], come: set[Pair], gone: set[Pair]) -> tuple[Pair, ...]:
        return tuple(pair for pair in pairs if pair in come and pair not in gone)

    def counts(pairs: Sequence[Pair]) -> tuple[int, int, int]:
        return (
            len(pairs),
            len(was_together.intersection(pairs)),
            len(is_together.intersection(pairs)),
        )

    return LinksHeld(
        now_hold=moved(confirmed, is_together, was_together),
        no_longer_hold=moved(confirmed, was_together, is_together),
        now_apart=moved(rejected, was_together, is_together),
        now_together=moved(rejected, is_together, was_together),
        confirmed=counts(confirmed),
        rejected=counts(rejected),
    )


def clusters_changed(store: Store) -> ClustersChanged | None:
    """Compare the clusters with those of the model before.

    Where one model made all versions that can be read, with the version before.
    None where there is nothing to compare.
    """
    commits = [commit for commit in store.commits("clusters", _MOST_VERSIONS) if commit.readable]
    if len(commits) < 2:
        return None
    now_table = store.read("clusters", version=commits[0].version)
    model = _model_of(now_table)
    earlier = commits[1]
    for commit in commits[1:]:
        names = store.read("clusters", version=commit.version, columns=["model_id"])
        if _model_of(names) != model:
            earlier = commit
            break
    before_table = store.read("clusters", version=earlier.version)
    before, now = _cluster_of(before_table), _cluster_of(now_table)
    return ClustersChanged(
        before=(earlier.version, earlier.at, _model_of(before_table)),
        now=(commits[0].version, commits[0].at, model),
        links=links_held(store.read_or_empty("links"), before, now),
        changes=tuple(changes_between(before, now)),
    )


def _in_force_then(models: pa.Table, candidate: str) -> str | None:
    """The model that a candidate took over from, or that stayed when it was rejected."""
    replaced = [row for row in models.to_pylist() if row["reason"] == f"replaced by {candidate}"]
    now = champion(models)
    stayed = [now] if now and now["model_id"] != candidate else []
    return next((row["model_id"] for row in (*replaced, *stayed)), None)


def _held_out(
    figures: Mapping[tuple[str, str, str], Figure], model: str, against: str | None
) -> list[HeldOut]:
    return [
        HeldOut(
            split,
            metric,
            figures.get((against, split, metric)) if against else None,
            figures[model, split, metric],
        )
        for split in ("val", "test")
        for metric in SHOWN_METRICS
        if (model, split, metric) in figures
    ]


def _figure(row: Mapping[str, Any]) -> Figure:
    return Figure(row["value"], row["ci_low"], row["ci_high"], row["n"])


def _together(pair: Pair, clusters: Clusters) -> bool:
    cluster = clusters.get(pair[0])
    return cluster is not None and cluster == clusters.get(pair[1])


def _model_of(clusters: pa.Table) -> str:
    return (clusters["model_id"][0].as_py() or "") if clusters.num_rows else ""


def _cluster_of(clusters: pa.Table) -> dict[str, str | None]:
    return dict(zip(clusters["uid"].to_pylist(), clusters["cluster"].to_pylist(), strict=True))
