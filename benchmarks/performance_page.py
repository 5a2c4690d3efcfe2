"""`docs/performance.md` and its plot, from what was measured."""

import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "performance.md"
HEAD = [
    "what",
    "seconds",
    "rival",
    "its seconds",
    "ratio",
    "found",
    "asked for",
    "peak GB",
    "commit",
]


def write_page(measured: Sequence[Sequence[str]]) -> None:
    """Write the page; each row as `benchmarks.clustering.cells` gives it.

    Cases that were not measured now keep the lines they had.
    """
    commit = _commit()
    lines = {row[0]: list(row) for row in _lines_before()}
    rows = list((lines | {row[0]: [*row, commit] for row in measured}).values())
    _plot(rows)
    page = [
        "# Performance",
        "",
        "Clustering, identity, the map and growing corpora, each case in a process of its own,",
        "each rival in the same run. Ratios above 1 say that vsig is faster. Machines are noisy:",
        "compare ratios.",
        "",
        f"Written by `python -m benchmarks clustering growth` on {datetime.now(UTC):%Y-%m-%d}, "
        f"{_machine()}.",
        "",
        "![Seconds of vsig and of its rivals](images/performance.png)",
        "",
        "| " + " | ".join(HEAD) + " |",
        "|" + "---|" * len(HEAD),
        *["| " + " | ".join(row) + " |" for row in rows],
        "",
        "*planted*: eight vectors or so around each of many centres. *isotropic*: no direction is",
        "special, so nothing can be pruned. *crops*: windows of the last maps of the 672 pictures",
        "of `corpora/art` (`benchmarks/crops.py`). All are 1,280 wide; the radius is 0.13.",
        "",
        "scikit-learn spends its time on core points: where most vectors are noise it is much",
        "faster than here. From `min_samples` 3 on, rows nearer than a core distance tie at it;",
        "it rounds some of these ties apart, so single reachabilities may differ, and now and then",
        "the border of an xi cluster.",
        "",
    ]
    PAGE.write_text("\n".join(page), encoding="utf-8")


def _lines_before() -> list[list[str]]:
    """The table's lines as they stand."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    rows = [line[2:-2].split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [row for row in rows[1:] if len(row) == len(HEAD)]


def _commit() -> str:
    words = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def _machine() -> str:
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    names = [line.split(":")[1].strip() for line in cpu.splitlines() if "model name" in line]
    return f"{len(names)} cores of {names[0]}, Python {platform.python_version()}"


def _plot(rows: Sequence[Sequence[str]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    compared = [row for row in rows if row[2]]
    figure, axes = pyplot.subplots(figsize=(10, 0.55 * len(compared) + 1.2))
    places = range(len(compared))
    axes.barh([p + 0.2 for p in places], [float(r[1]) for r in compared], 0.38, color="#3b6ea5")
    axes.barh([p - 0.2 for p in places], [float(r[3]) for r in compared], 0.38, color="#c9c4ba")
    for place, row in zip(places, compared, strict=True):
        axes.text(float(row[1]), place + 0.2, f" {row[1]} s", va="center", fontsize=8)
        axes.text(float(row[3]), place - 0.2, f" {row[2]}, {row[3]} s", va="center", fontsize=8)
    axes.set_yticks(list(places), [row[0] for row in compared], fontsize=8)
    axes.set_xscale("log")
    axes.margins(x=0.35)
    axes.invert_yaxis()
    axes.set_xlabel("seconds (logarithmic); blue: vsig")
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(DOCS / "images" / "performance.png", dpi=130)
