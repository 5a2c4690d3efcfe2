"""Retrieval metrics, and the protocol they follow (DESIGN 7).

- Queries: the images that `relevant` names. Candidates: the whole pool.
- The query itself and its `ignore` set (duplicates, by setting other views of
  the work, images joined to it only by a contested link) leave the ranking,
  and are not relevant either. Positions count from 1.
- Average precision and recall divide by the number of relevant images, not by
  the hits found. A relevant image that the pool lacks is never found.
- Among equal similarities the irrelevant come first: a network that maps all
  pictures to one point gets nothing for it.
- A query without a relevant image, or missing in the pool, is no evidence: it
  is left out and named.
- `map` and the others are means over components of the mean over their queries;
  `map_queries` is the plain mean over queries. Intervals: 95 % bootstrap over
  components.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from vsig_core.model.bootstrap import Figure, interval
from vsig_core.settings import EvaluationSettings

_BLOCK = 256  # queries whose similarities are in memory at a time

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RetrievalReport:
    """What a network finds.

    `per_query` has the columns query, component, n_relevant, ap, first, mean_rank,
    median_rank and recall@k; `per_component` component, n_queries, ap; `figures`
    map names (map, map_queries, recall@k, median_first, mean_rank, median_rank) to
    values with intervals; `left_out` are queries that could not be asked;
    `not_in_pool` counts relevant images that no ranking can hold.
    """

    per_query: pa.Table
    per_component: pa.Table
    figures: dict[str, Figure]
    pool_size: int
    left_out: list[str]
    not_in_pool: int


@dataclass(frozen=True)
class Paired:
    """Mean difference of two networks over the components that both were asked about."""

    difference: float
    ci_low: float
    ci_high: float
    n: int


@dataclass(frozen=True)
class _Query:
    uid: str
    row: int
    relevant: frozenset[str]
    ignored: frozenset[str]


def average_precision(relevant: NDArray[np.bool_], total: int | None = None) -> float:
    """How early the relevant images come in one ranked list.

    The mean, over the relevant images, of the precision at the rank where each
    is met (ranks count from 1): the area under the step curve, not the
    trapezoid of the Oxford Buildings protocol, which is never higher.

    Parameters
    ----------
    relevant
        Shape (n,), best match first, the query and its duplicates taken out.
    total
        Number of relevant images, where the list does not hold all of them.

    Returns
    -------
    In [0, 1]. NaN when nothing is relevant: such a query is no evidence; the
    caller leaves it out and counts it.

    >>> average_precision(np.array([True, False, True]))  # (1/1 + 2/3) / 2
    0.8333333333333333
    """
    ranks = np.flatnonzero(relevant) + 1
    return _average_precision(ranks.astype(np.float64), len(ranks) if total is None else total)


def retrieval_metrics(
    vectors: NDArray[np.float32],
    uids: Sequence[str],
    relevant: Mapping[str, Collection[str]],
    component_of: Mapping[str, str],
    ignore: Mapping[str, Collection[str]] | None = None,
    settings: EvaluationSettings | None = None,
) -> RetrievalReport:
    """Rank the pool for each query and say how early what belongs to it comes.

    Parameters
    ----------
    vectors
        Shape (n, d), unit length: the pool.
    uids
        Of the rows, each once.
    relevant
        Query to the images that share a motif with it; may hold the query itself.
    component_of
        Query to its component, the unit of means and intervals.
    ignore
        Query to images that leave its ranking.

    Raises
    ------
    ValueError
        Vectors and uids differ in number, a uid comes twice, a vector is not
        finite, or a query has no component.
    """
    settings = settings or EvaluationSettings()
    row_of = _rows(vectors, uids)
    queries, left_out = _askable(relevant, ignore or {}, row_of)
    lost = [query.uid for query in queries if query.uid not in component_of]
    if lost:
        raise ValueError(f"{len(lost)} queries belong to no component, first {lost[:3]}")
    ranks: list[Floats] = []
    for start in range(0, len(queries), _BLOCK):
        block = queries[start : start + _BLOCK]
        similarities = vectors[[query.row for query in block]] @ vectors.T
        ranks += [_ranks(*pair, row_of) for pair in zip(block, similarities, strict=True)]
    columns = _columns(ranks, len(uids), settings)
    components = np.array([component_of[query.uid] for query in queries], dtype=object)
    names, member = np.unique(components.astype(str), return_inverse=True)
    return RetrievalReport(
        per_query=pa.table(
            {
                "query": pa.array([query.uid for query in queries], pa.string()),
                "component": pa.array(components, pa.string()),
                **columns,
            }
        ),
        per_component=pa.table(
            {
                "component": pa.array(names, pa.string()),
                "n_queries": np.bincount(member, minlength=len(names)),
                "ap": _means(columns["ap"], member, len(names)),
            }
        ),
        figures=_figures(columns, member, len(names), settings),
        pool_size=len(uids),
        left_out=left_out,
        not_in_pool=int(sum(np.isinf(row).sum() for row in ranks)),
    )


def compare(
    first: RetrievalReport, second: RetrievalReport, settings: EvaluationSettings
) -> Paired | None:
    """Mean average precision of the first network minus that of the second.

    Only queries that both were asked count; the interval resamples components,
    each with its own difference.

    Returns
    -------
    None where they share no query.
    """
    theirs = dict(
        zip(second.per_query["query"].to_pylist(), second.per_query["ap"].to_pylist(), strict=True)
    )
    rows = [
        (component, ap - theirs[query])
        for query, component, ap in zip(
            *(first.per_query[name].to_pylist() for name in ("query", "component", "ap")),
            strict=True,
        )
        if query in theirs
    ]
    if not rows:
        return None
    names, member = np.unique([component for component, _ in rows], return_inverse=True)
    differences = _means(np.array([gain for _, gain in rows]), member, len(names))
    figure = interval(len(names), lambda drawn: differences[drawn].mean(axis=1), settings)
    return Paired(figure.value, figure.ci_low, figure.ci_high, figure.n)


def _rows(vectors: NDArray[np.float32], uids: Sequence[str]) -> dict[str, int]:
    row_of = {uid: row for row, uid in enumerate(uids)}
    if vectors.ndim != 2 or len(vectors) != len(uids) or len(row_of) != len(uids):
        raise ValueError(
            f"the pool has vectors of shape {vectors.shape} for {len(uids)} uids, "
            f"{len(row_of)} of them different; wanted one row for each of as many different uids"
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise ValueError(f"{len(bad)} vectors are not finite, first that of {uids[bad[0]]}")
    return row_of


def _askable(
    relevant: Mapping[str, Collection[str]],
    ignore: Mapping[str, Collection[str]],
    row_of: Mapping[str, int],
) -> tuple[list[_Query], list[str]]:
    queries, left_out = [], []
    for uid in sorted(relevant):
        ignored = frozenset(ignore.get(uid, ())) | {uid}
        wanted = frozenset(relevant[uid]) - ignored
        if wanted and uid in row_of:
            queries.append(_Query(uid, row_of[uid], wanted, ignored))
        else:
            left_out.append(uid)
    return queries, left_out


def _ranks(query: _Query, similarities: NDArray[np.float32], row_of: Mapping[str, int]) -> Floats:
    """Ranks of a query's relevant images, ascending; inf for those that the pool lacks."""
    found = [row_of[uid] for uid in query.relevant if uid in row_of]
    hits = -np.sort(-similarities[found])
    others = np.ones(len(similarities), np.bool_)
    others[found] = False
    others[[row_of[uid] for uid in query.ignored if uid in row_of]] = False
    misses = np.sort(similarities[others])
    # Before the j-th hit come j - 1 hits and every miss that is at least as similar.
    before = len(misses) - np.searchsorted(misses, hits, side="left")
    ranks = np.full(len(query.relevant), np.inf)
    ranks[: len(hits)] = before + np.arange(1, len(hits) + 1)
    return ranks


def _average_precision(ranks: Floats, total: int) -> float:
    if total == 0:
        return float("nan")
    return float((np.arange(1, len(ranks) + 1) / ranks).sum() / total)


def _columns(
    ranks: list[Floats], pool_size: int, settings: EvaluationSettings
) -> dict[str, NDArray[np.float64]]:
    """Figures of each query, shape (n_queries,). What is never found counts as rank pool_size."""
    reachable = [np.minimum(row, pool_size) for row in ranks]
    columns = {
        "n_relevant": np.array([len(row) for row in ranks], float),
        "ap": np.array([_average_precision(row, len(row)) for row in ranks]),
        "first": np.array([row[0] for row in reachable]),
        "mean_rank": np.array([row.mean() for row in reachable]),
        "median_rank": np.array([np.median(row) for row in reachable]),
    }
    for k in settings.recall_at:
        columns[f"recall@{k}"] = np.array([(row <= k).mean() for row in ranks])
    return columns


def _figures(
    columns: Mapping[str, Floats], member: NDArray[np.intp], n: int, settings: EvaluationSettings
) -> dict[str, Figure]:
    """Summaries over components, each with its interval."""
    sizes = np.bincount(member, minlength=n)
    totals = np.bincount(member, weights=columns["ap"], minlength=n)

    def over_components(column: str, summary: Callable[..., Floats]) -> Figure:
        values = _means(columns[column], member, n)
        return interval(n, lambda drawn: summary(values[drawn], axis=1), settings)

    figures = {
        "map": over_components("ap", np.mean),
        "map_queries": interval(
            n, lambda drawn: totals[drawn].sum(axis=1) / sizes[drawn].sum(axis=1), settings
        ),
        "median_first": over_components("first", np.median),
        "mean_rank": over_components("mean_rank", np.mean),
        "median_rank": over_components("median_rank", np.median),
    }
    for k in settings.recall_at:
        figures[f"recall@{k}"] = over_components(f"recall@{k}", np.mean)
    return figures


def _means(values: Floats, member: NDArray[np.intp], n: int) -> Floats:
    """Mean of the queries of each component, shape (n,)."""
    return np.bincount(member, weights=values, minlength=n) / np.maximum(
        np.bincount(member, minlength=n), 1
    )
