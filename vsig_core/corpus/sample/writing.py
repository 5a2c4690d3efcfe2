"""The files of a sample."""

import csv
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vsig_core.corpus.sample import records, sittings
from vsig_core.corpus.sample.plan import truth_kind
from vsig_core.errors import InputError


def fresh_folder(folder: Path) -> None:
    """Make the folder; refuse one that already holds pictures or files of another sample."""
    taken = [name for name in ("images", "metadata.csv", "links.csv") if (folder / name).exists()]
    if taken:
        raise InputError(
            f"{folder} already holds {', '.join(taken)}; a sample is written whole. "
            f"Name another folder, or remove it first."
        )
    (folder / "images").mkdir(parents=True)


def write_csv(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> None:
    """UTF-8, line feeds, minimal quotes: the same bytes on every system."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_truth(folder: Path, truth: sittings.Truth) -> int:
    """`links.csv` and `signatures.csv`; returns the number of links."""
    plan, names = truth.plan, truth.names
    links = []
    for a, b in itertools.combinations(range(len(names)), 2):
        kind = truth_kind(plan, a, b)
        if kind:
            first, second = sorted((names[a], names[b]))
            links.append({"img1": first, "img2": second, "kind": kind})
    links.sort(key=lambda row: (row["img1"], row["img2"]))
    write_csv(folder / "links.csv", ("img1", "img2", "kind"), links)
    carried = [
        {"motif": f"m{motif + 1:03d}", "uid": names[i], "box": _box(truth, motif, i)}
        for motif in range(plan.motifs)
        for i in plan.members(motif)
    ]
    write_csv(folder / "signatures.csv", ("motif", "uid", "box"), carried)
    return len(links)


def _box(truth: sittings.Truth, motif: int, index: int) -> str:
    """Where a signature is seen; empty where a detail leaves nearly all of it out."""
    return sittings.box_text(truth.boxes[index].get(motif))


def write_tables(
    folder: Path,
    metadata: list[dict[str, str]],
    judged: tuple[list[dict[str, str]], list[dict[str, str]]],
) -> None:
    """`metadata.csv`, sorted by path, and the two annotation files."""
    ordered = sorted(metadata, key=lambda row: row["path"])
    write_csv(folder / "metadata.csv", records.COLUMNS, ordered)
    for number, rows in enumerate(judged, start=1):
        write_csv(folder / f"annotations-{number}.csv", sittings.COLUMNS, rows)
