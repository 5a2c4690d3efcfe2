"""What is planted in a sample, read from the files that stand beside its pictures."""

import csv
from collections import defaultdict
from pathlib import Path


def rows_of(path: Path) -> list[dict[str, str]]:
    """All rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def carriers_of(sample: Path) -> dict[str, set[str]]:
    """Signature to the pictures that carry it."""
    carriers: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(sample / "signatures.csv"):
        carriers[row["motif"]].add(row["uid"])
    return carriers


def views_of(sample: Path) -> dict[str, set[str]]:
    """Picture to the others that show the same object: duplicates, and other views of it."""
    views: dict[str, set[str]] = defaultdict(set)
    for row in rows_of(sample / "links.csv"):
        if row["kind"] in ("duplicate", "view"):
            views[row["img1"]].add(row["img2"])
            views[row["img2"]].add(row["img1"])
    return views
