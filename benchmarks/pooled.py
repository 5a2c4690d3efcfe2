"""Reports of several corpora or seeds as one, so that they are compared over all components."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from vsig_core.model import Paired, RetrievalReport, compare
from vsig_core.settings import EvaluationSettings

_NAMED = ("query", "component")


def pooled(reports: Mapping[str, RetrievalReport]) -> RetrievalReport:
    """One whose queries and components are those of all, each under the name of where it is from.

    Only `per_query` is that of all; figures are those of the first.
    """
    tables = []
    for name, report in reports.items():
        table = report.per_query
        for column in _NAMED:
            named = pa.array([f"{name} {text}" for text in table[column].to_pylist()], pa.string())
            table = table.set_column(table.schema.get_field_index(column), column, named)
        tables.append(table)
    return replace(next(iter(reports.values())), per_query=pa.concat_tables(tables))


def mean_ap(report: RetrievalReport) -> float:
    """Mean over components of the mean average precision of their queries."""
    means = report.per_query.group_by("component").aggregate([("ap", "mean")])
    return float(np.mean(means["ap_mean"]))


def difference(first: RetrievalReport, second: RetrievalReport) -> str:
    """Paired difference in mAP with its interval, as text."""
    return signed(compare(first, second, EvaluationSettings()))


def signed(gain: Paired | None) -> str:
    """A difference with its sign and its interval."""
    if gain is None:
        return "too few signatures to tell"
    return f"{gain.difference:+.3f} ({gain.ci_low:+.3f} to {gain.ci_high:+.3f})"
