"""Clusters at size, against named rivals in the same run: `python -m benchmarks.clustering`.

Every case runs in a process of its own, so that its peak memory is its own. `--only WORD`
runs the cases whose name holds a word. What was measured is written into the table and the plot
of `docs/performance.md`. Crops of real pictures need `VSIG_CORPORA`.
"""

import argparse
import multiprocessing
import os
import resource
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.crops import crop_vectors
from benchmarks.performance_page import write_page

D = 1280
RADIUS = 0.13
BLOCK = 2048
Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Measured:
    """One line of the table.

    Parameters
    ----------
    what
        Case and data.
    seconds, rival_seconds
        Of vsig and of the rival, which may be missing.
    rival
        What it is held against.
    found
        What else was seen, in words.
    wanted
        What was asked for, in words.
    gigabytes
        Peak memory of the case's process.
    """

    what: str
    seconds: float
    rival: str = ""
    rival_seconds: float | None = None
    found: str = ""
    wanted: str = ""
    gigabytes: float = 0.0


def isotropic(n: int) -> Vectors:
    """Unit vectors in all directions alike, where no few directions hold them."""
    rows = np.random.default_rng(7).standard_normal((n, D), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def planted(n: int) -> Vectors:
    """Around common centres, eight of them at each or so, well within the radius."""
    rng = np.random.default_rng(7)
    rows = 0.25 * rng.standard_normal((n, D), np.float32)
    rows += rng.standard_normal((n // 8, D), np.float32)[rng.integers(n // 8, size=n)]
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def copied(n: int) -> Vectors:
    """Of the planted ones a tenth twice."""
    rows = planted(n)
    rows[-n // 10 :] = rows[: n // 10]
    return rows


def crowd(n: int) -> Vectors:
    """All within the radius of one another."""
    rng = np.random.default_rng(7)
    rows = 0.2 * rng.standard_normal((n, D), np.float32) / np.float32(np.sqrt(D))
    rows += isotropic(1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def bare_product(rows: Vectors) -> float:
    """Seconds of the upper triangle of the float32 product, in the same blocks: the limit."""
    started = time.monotonic()
    for low in range(0, len(rows), BLOCK):
        for left in range(0, low + 1, BLOCK):
            rows[low : low + BLOCK] @ rows[left : left + BLOCK].T  # type: ignore[reportUnusedExpression]
    return time.monotonic() - started


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


def compiled() -> None:
    """Compile, or load what was compiled, before anything is timed."""
    from vsig_core.clustering import NeighbourGraph, optics

    for rows in (planted(300), np.ones((300, D), np.float32)):
        optics(rows, max_eps=RADIUS)
        NeighbourGraph.build(rows[:200], 5).extend(rows[200:])


def against_scikit_learn(rows: Vectors, name: str, min_samples: int) -> Measured:
    from sklearn.cluster import OPTICS
    from sklearn.metrics import adjusted_rand_score

    from vsig_core.clustering import optics

    ours, seconds = timed(lambda: optics(rows, min_samples=min_samples, max_eps=RADIUS))
    warnings.simplefilter("ignore")  # scikit-learn divides by reachabilities of 0
    rival = OPTICS(min_samples=min_samples, max_eps=RADIUS, metric="cosine")
    theirs, rival_seconds = timed(lambda: rival.fit(rows.astype(np.float64)))
    alike = adjusted_rand_score(ours.labels, theirs.labels_)
    same = alike == 1 and bool(((ours.labels < 0) == (theirs.labels_ < 0)).all())
    finite = np.isfinite(theirs.reachability_) & np.isfinite(ours.reachability)
    apart = np.subtract(
        ours.reachability, theirs.reachability_, where=finite, out=np.zeros(len(rows))
    )
    found = "labels identical" if same else f"labels alike to ARI {alike:.5f}"
    found += "; reachability within 1e-5 in "
    found += f"{np.mean(np.abs(apart) <= 1e-5):.2%}"
    what = f"OPTICS, {name}, n = {len(rows):,}, min_samples {min_samples}"
    return Measured(what, seconds, "sklearn.cluster.OPTICS", rival_seconds, found, "150 × faster")


def against_the_product(rows: Vectors, name: str, wanted: str) -> Measured:
    from vsig_core.clustering import optics

    limit = min(bare_product(rows) for _ in range(2))
    result, seconds = timed(lambda: optics(rows, max_eps=RADIUS))
    found = f"{seconds / limit:.2f} × the product; {_clusters(result.labels)}"
    what = f"OPTICS, {name}, n = {len(rows):,}"
    return Measured(what, seconds, "bare matrix product", limit, found, wanted)


def whole_clustering(rows: Vectors, name: str, wanted: str) -> Measured:
    from vsig_core.clustering import optics

    result, seconds = timed(lambda: optics(rows, max_eps=RADIUS, extraction="dbscan"))
    what = f"OPTICS, {name}, n = {len(rows):,}"
    return Measured(what, seconds, found=_clusters(result.labels), wanted=wanted)


def nearest(rows: Vectors, name: str) -> Measured:
    from vsig_core.clustering import NeighbourGraph

    limit = bare_product(rows)
    _, seconds = timed(lambda: NeighbourGraph.build(rows, 30))
    found = f"{seconds / limit:.2f} × the product"
    what = f"30 nearest, {name}, n = {len(rows):,}"
    return Measured(what, seconds, "bare matrix product", limit, found)


def extending(rows: Vectors, name: str, added: int) -> Measured:
    from vsig_core.clustering import NeighbourGraph

    old = len(rows) - added
    graph = NeighbourGraph.build(rows[:old], 30)
    _, seconds = timed(lambda: graph.extend(rows[old:]))
    anew, whole = timed(lambda: NeighbourGraph.build(rows, 30))
    same = all(np.array_equal(a, b) for a, b in zip(graph.knn, anew.knn, strict=True))
    found = f"{seconds / whole:.1%} of it; {'equal to the bit' if same else 'DIFFERS'}"
    what = f"{added:,} added to {old:,}, 30 nearest, {name}"
    return Measured(what, seconds, "building anew", whole, found, "under 5 %")


def identity(rows: Vectors, name: str) -> Measured:
    """5 % are added in the middle of the order of uids; clusters they do not enter keep ids."""
    from vsig_core.clustering import match_clusters, optics

    new = np.random.default_rng(7).random(len(rows)) < 0.05
    uids = np.array([f"p{number:06}" for number in range(len(rows))])
    before = optics(rows[~new], max_eps=RADIUS, extraction="dbscan").labels
    first, _ = match_clusters({}, dict(zip(uids[~new].tolist(), before, strict=True)))
    after = optics(rows, max_eps=RADIUS, extraction="dbscan").labels
    labels = dict(zip(uids.tolist(), after, strict=True))
    (second, _), seconds = timed(lambda: match_clusters(first, labels))
    members, now = _members(first), _members(second)
    # Untouched by the two partitions, not by what the matching says of them.
    whole = {frozenset(uids): name for name, uids in now.items()}
    kept = [whole[frozenset(u)] == name for name, u in members.items() if frozenset(u) in whole]
    survived = np.mean([name in now for name in members])
    found = f"{np.mean(kept):.1%} of {len(kept):,} untouched clusters keep their id, "
    found += f"{survived:.1%} of all {len(members):,} live on"
    return Measured(
        f"matching, {name}, n = {len(rows):,} after 5 % came", seconds, found=found, wanted="98 %"
    )


def layout(rows: Vectors, name: str) -> Measured:
    """The map continued after 5 % came, against drawing it afresh."""
    from vsig_core.layout import lay_out, layout_quality
    from vsig_core.settings import LayoutSettings

    settings, old = LayoutSettings(), int(len(rows) * 0.95)
    everything = _points(rows)
    before = lay_out(_points(rows[:old]), None, settings)
    fresh, fresh_seconds = timed(lambda: lay_out(everything, None, settings))
    after, seconds = timed(lambda: lay_out(everything, before, settings))
    quality = layout_quality(everything, after, before)
    anew = layout_quality(everything, fresh)
    found = f"moved {quality.displacement:.2%}; trustworthiness {quality.trustworthiness:.3f}"
    found += f", fresh {anew.trustworthiness:.3f}"
    what = f"map continued, {name}, n = {len(rows):,} after 5 % came"
    wanted = "moved < 2 %, within 0.01, faster"
    return Measured(what, seconds, "a fresh map", fresh_seconds, found, wanted)


def shared_graph(rows: Vectors, name: str) -> Measured:
    """A fresh map from the neighbours at hand, against umap that finds its own."""
    from umap import UMAP

    from vsig_core.layout import lay_out
    from vsig_core.settings import LayoutSettings

    settings = LayoutSettings()
    points, graph_seconds = timed(lambda: _points(rows))
    _, seconds = timed(lambda: lay_out(points, None, settings))
    warnings.simplefilter("ignore")  # umap says that a seed costs it its threads
    rival = UMAP(n_neighbors=settings.n_neighbors, metric="cosine", random_state=7)
    _, rival_seconds = timed(lambda: rival.fit(rows))
    what = f"fresh map on the shared graph, {name}, n = {len(rows):,}"
    found = f"and {graph_seconds:.1f} s for the exact graph, which clusters and queue share"
    return Measured(what, seconds, "umap.UMAP on vectors", rival_seconds, found)


def _points(rows: Vectors) -> Any:
    from vsig_core.clustering import NeighbourGraph
    from vsig_core.layout import Points

    names = [f"p{number:06}" for number in range(len(rows))]
    return Points(names, rows, *NeighbourGraph.build(rows, 30).knn)


def _members(clusters: dict[str, str | None]) -> dict[str, set[str]]:
    members: dict[str, set[str]] = {}
    for uid, name in clusters.items():
        if name is not None:
            members.setdefault(name, set()).add(uid)
    return members


def _clusters(labels: NDArray[np.int64]) -> str:
    return f"{labels.max(initial=-1) + 1:,} clusters, {np.mean(labels < 0):.0%} noise"


CASES: dict[str, Callable[[], Measured]] = {
    "sklearn-2": lambda: against_scikit_learn(planted(4000), "planted", 2),
    "sklearn-5": lambda: against_scikit_learn(planted(4000), "planted", 5),
    "sklearn-10": lambda: against_scikit_learn(planted(4000), "planted", 10),
    "sklearn-crops-2": lambda: against_scikit_learn(crop_vectors(4000), "crops", 2),
    "sklearn-crops-5": lambda: against_scikit_learn(crop_vectors(4000), "crops", 5),
    "sklearn-copies": lambda: against_scikit_learn(copied(4000), "planted, a tenth copies", 2),
    "isotropic": lambda: against_the_product(isotropic(20_000), "isotropic", "≤ 1.6 ×"),
    "pruned-20k": lambda: against_the_product(crop_vectors(20_000), "crops", "≤ 0.6 ×"),
    "isotropic-100k": lambda: whole_clustering(isotropic(100_000), "isotropic", "5 min, 4 GB"),
    "pruned-100k": lambda: whole_clustering(crop_vectors(100_000), "crops", "90 s, 4 GB"),
    "identical-100k": lambda: whole_clustering(
        np.repeat(isotropic(1), 100_000, axis=0), "identical", "4 GB"
    ),
    "crowd-50k": lambda: whole_clustering(crowd(50_000), "all within the radius", "4 GB"),
    "nearest-isotropic": lambda: nearest(isotropic(20_000), "isotropic"),
    "nearest-crops": lambda: nearest(crop_vectors(20_000), "crops"),
    "extend": lambda: extending(crop_vectors(101_000), "crops", 1000),
    "identity": lambda: identity(crop_vectors(20_000), "crops"),
    "layout": lambda: layout(crop_vectors(10_000), "crops"),
    "shared-graph": lambda: shared_graph(crop_vectors(10_000), "crops"),
}


def measure(name: str) -> Measured:
    """One case, in this process."""
    compiled()
    found = CASES[name]()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return Measured(**{**vars(found), "gigabytes": peak})


def main() -> None:
    """Run the cases, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    arguments = parser.parse_args()
    console = Console(width=170)
    names = [name for name in CASES if arguments.only in name]
    if not os.environ.get("VSIG_CORPORA"):
        without = ("crops", "pruned", "extend", "identity", "layout", "shared")
        names = [name for name in names if not any(word in name for word in without)]
        console.print("VSIG_CORPORA is not set: cases on crops of real pictures are left out.")
    done = []
    for name in names:
        with multiprocessing.get_context("spawn").Pool(1) as alone:
            done.append(alone.apply(measure, (name,)))
        console.print(f"{name}: {done[-1]}", highlight=False)
    table = Table("what", "seconds", "rival", "its seconds", "ratio", "found", "wanted", "GB")
    for row in done:
        table.add_row(*cells(row))
    console.print(table)
    write_page([cells(row) for row in done])


def cells(row: Measured) -> list[str]:
    """A line of the table as text."""
    rival = row.rival_seconds
    return [
        row.what,
        f"{row.seconds:.1f}",
        row.rival,
        "" if rival is None else f"{rival:.1f}",
        "" if rival is None else f"{rival / row.seconds:.2g} ×",
        row.found,
        row.wanted,
        f"{row.gigabytes:.1f}",
    ]


if __name__ == "__main__":
    main()
