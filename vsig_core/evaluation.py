"""Evaluation: how well each network finds the pictures that share a signature.

The retrieval protocol is that of DESIGN §7 and `vsig_core.model.metrics`; `vsig_core.queries` says
what is asked and what counts as found. Left out of the gate's comparison are components that
hold pictures which an earlier champion trained on, before components merged.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.annotations import SEPARATING
from vsig_core.breakdown import by_link, by_size
from vsig_core.clustering import judged_pairs
from vsig_core.errors import SilentNetworkError
from vsig_core.executors import embedding
from vsig_core.model import (
    COLOURS,
    GREY16,
    Figure,
    Paired,
    RetrievalReport,
    collapse_figures,
    colour_histogram,
    compare,
    grey16,
    known,
)
from vsig_core.pair_ranks import rank_pairs
from vsig_core.pool import pool_images
from vsig_core.project import Project
from vsig_core.queries import Judged, ask, queries_of
from vsig_core.registered import vectors_of
from vsig_core.settings import EvaluationSettings
from vsig_core.store import Provenance, empty, schema
from vsig_core.vectors import Progress
from vsig_core.worst import MOST, WorseQuery, shown_uids, worst_queries

SPLITS = ("val", "test")
# By what share of the pool a candidate moves rejected pairs apart; negative is together.
REJECTED_APART = "rejected_apart"
COUNTS = ("pool_size", "left_out", "not_in_pool")


@dataclass(frozen=True)
class Evaluation:
    """What one evaluation found.

    Parameters
    ----------
    rows
        Rows of the table `evaluations`.
    reports
        (subject, split) to its report.
    paired
        Candidate minus champion on validation; None where there is no champion to compare.
    fallen
        Rows of `fallen_links`: confirmed links that the candidate ranks lower.
    worst
        Queries that the candidate answers worse than the champion, the worst first; a few.
    thumbs
        Of the pictures that `worst` names, where they were at hand.
    """

    rows: pa.Table
    reports: Mapping[tuple[str, str], RetrievalReport]
    paired: Paired | None
    fallen: pa.Table
    worst: Sequence[WorseQuery]
    thumbs: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Subjects:
    """Who is compared.

    Parameters
    ----------
    vectors
        Subject to its vectors, shape (n, d), rows in the order of `pool`.
    pool
        The pictures that are ranked.
    candidate, champion
        Subjects of the paired comparison; champion is None where there is none.
    """

    vectors: Mapping[str, NDArray[np.float32]]
    pool: Sequence[str]
    candidate: str
    champion: str | None


def evaluate(
    subjects: Subjects, judged: Judged, settings: EvaluationSettings, links_version: int
) -> Evaluation:
    """Score all subjects on the same queries.

    Parameters
    ----------
    subjects
        Who is compared.
    judged
        What people have said.
    settings
        Ranks, bootstrap, seed.
    links_version
        Version of `links` that the queries come from.
    """
    rows: list[dict[str, object]] = []
    reports: dict[tuple[str, str], RetrievalReport] = {}
    paired = None
    worst: list[WorseQuery] = []
    place = {uid: row for row, uid in enumerate(subjects.pool)}
    for split in SPLITS:
        queries = queries_of(judged, subjects.pool, split)
        order = [place[uid] for uid in queries.candidates]
        ranked = {name: vectors[order] for name, vectors in subjects.vectors.items()}
        for subject, vectors in ranked.items():
            report = ask(vectors, queries, settings)
            reports[subject, split] = report
            parts = by_size(report, settings) | by_link(vectors, queries, settings)
            rows += _rows(report, parts, subject, split)
        if subjects.champion is None:
            continue
        before, now = (reports[name, split] for name in (subjects.champion, subjects.candidate))
        worst += worst_queries(
            queries, (ranked[subjects.champion], before), (ranked[subjects.candidate], now)
        )
        if split == "val":
            paired = compare(_unseen(now, queries.seen_before), before, settings)
    if paired is not None:
        figure = Figure(paired.difference, paired.ci_low, paired.ci_high, paired.n)
        rows.append(_row(subjects.candidate, "val", "map_difference", figure))
    fallen = empty("fallen_links")
    if subjects.champion is not None:
        fallen, moved = _against_champion(subjects, judged, settings)
        rows += moved
    for subject, vectors in subjects.vectors.items():
        collapse = collapse_figures(vectors)
        rows += [
            _row(subject, "pool", "mean_cosine", _bare(collapse.mean_cosine, collapse.n)),
            _row(subject, "pool", "effective_rank", _bare(collapse.effective_rank, collapse.n)),
        ]
    for row in rows:
        row |= {"model_id": subjects.candidate, "links_version": links_version}
    table = pa.Table.from_pylist(rows, schema("evaluations"))
    worst.sort(key=lambda query: (query.now - query.before, query.uid))
    return Evaluation(table, reports, paired, fallen, worst[:MOST])


def _against_champion(
    subjects: Subjects, judged: Judged, settings: EvaluationSettings
) -> tuple[pa.Table, list[dict[str, object]]]:
    """Judged pairs whose ranks changed: confirmed links that fell, rejected ones that rose."""
    assert subjects.champion is not None
    both = (subjects.vectors[subjects.champion], subjects.vectors[subjects.candidate])
    confirmed, rejected = (
        rank_pairs(judged_pairs(judged.links, verdicts), subjects.pool, *both)
        for verdicts in (frozenset({"POSITIVE"}), SEPARATING)
    )
    moved = rejected.moved(settings)
    figures = (
        [] if moved is None else [Figure(moved.difference, moved.ci_low, moved.ci_high, moved.n)]
    )
    rows = [_row(subjects.candidate, "pool", REJECTED_APART, figure) for figure in figures]
    return confirmed.fallen(subjects.candidate, subjects.champion), rows


@dataclass(frozen=True)
class Contest:
    """Which registered models are compared.

    Parameters
    ----------
    models
        All that are scored.
    candidate, champion
        Of the paired comparison; champion is None where there is none.
    """

    models: Sequence[str]
    candidate: str
    champion: str | None = None


def score(
    project: Project,
    contest: Contest,
    judged: Judged,
    provenance: Provenance,
    progress: Callable[[str], Progress],
) -> Evaluation:
    """Score registered models and what needs none, grey thumbnail and colours, on the pool.

    Parameters
    ----------
    project
        Its store has the pictures, the models and the vectors that are known.
    contest
        Who is compared.
    judged
        What people have said.
    provenance
        Of the commits that keep vectors which had to be computed.
    progress
        Makes a callback for a label.
    """
    store, settings = project.store, project.settings
    columns = ["uid", "sha256", "working", "thumb"]
    images = pool_images(store, settings.triplets.pool_size, columns)
    vectors: dict[str, NDArray[np.float32]] = {}
    for name in dict.fromkeys(contest.models):
        try:
            known = vectors_of(store, name, images, embedding(settings), provenance, progress)
        except SilentNetworkError:
            if name == contest.champion:
                raise
            # Training has killed it. It says the same of all pictures, which the gate turns down.
            known = np.ones((images.num_rows, 1), np.float32)
        vectors[name] = known
    thumbs = images["thumb"].to_pylist()
    vectors |= {GREY16: grey16(thumbs), COLOURS: colour_histogram(thumbs)}
    uids = images["uid"].to_pylist()
    subjects = Subjects(vectors, uids, contest.candidate, contest.champion)
    found = evaluate(subjects, judged, settings.evaluation, store.version("links") or 0)
    named = shown_uids(found.worst)
    return replace(
        found, thumbs={uid: thumb for uid, thumb in zip(uids, thumbs, strict=True) if uid in named}
    )


def _unseen(report: RetrievalReport, seen_before: set[str]) -> RetrievalReport:
    """A report without the components that a champion may have trained on."""
    rows = report.per_query
    kept = [component not in seen_before for component in rows["component"].to_pylist()]
    return replace(report, per_query=rows.filter(pa.array(kept, pa.bool_())))


def _rows(
    report: RetrievalReport, parts: Mapping[str, Figure], subject: str, split: str
) -> list[dict[str, object]]:
    n = report.figures["map"].n
    counted = {name: _bare(count, n) for name, count in counts(report).items()}
    figures = {**report.figures, **parts, **counted}
    return [_row(subject, split, metric, figure) for metric, figure in figures.items()]


def counts(report: RetrievalReport) -> dict[str, int]:
    """What was ranked, and what could not be: without them a figure says little."""
    values = (report.pool_size, len(report.left_out), report.not_in_pool)
    return dict(zip(COUNTS, values, strict=True))


def _row(subject: str, split: str, metric: str, figure: Figure) -> dict[str, object]:
    return {
        "subject": subject,
        "split": split,
        "metric": metric,
        "value": known(figure.value),
        "ci_low": known(figure.ci_low),
        "ci_high": known(figure.ci_high),
        "n": figure.n,
    }


def _bare(value: float, n: int) -> Figure:
    """A figure without an interval."""
    return Figure(value, np.nan, np.nan, n)
