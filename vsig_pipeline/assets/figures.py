"""What several steps say of what they made, and how."""

from typing import Any

import pyarrow as pa

from vsig_core.model import known


def rounded(value: float) -> float | None:
    """Four digits are enough for people."""
    return known(round(value, 4))


def cluster_names(clusters: pa.Table) -> dict[str, str | None]:
    """Picture to cluster; None where it is in none."""
    return dict(zip(clusters["uid"].to_pylist(), clusters["cluster"].to_pylist(), strict=True))


def caveats(table: pa.Table) -> dict[str, Any]:
    """What everything says that is made from an approximate graph or an uncalibrated radius."""
    recall = recall_of(table)
    said: dict[str, Any] = {} if recall is None else {"recall": recall}
    if "calibrated" in table.column_names and False in table["calibrated"].to_pylist():
        said["calibrated"] = False
    return said


def recall_of(table: pa.Table) -> float | None:
    """Share that an approximate graph found; None where it is exact."""
    return table["recall"][0].as_py() if table.num_rows else None
