"""Small plots for the log of a run; each is a PNG of at most 40 kB.

Drawn without pyplot, which keeps figures alive and is not made for threads.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_BYTES = 40_000
BLUE, RED, GREEN, GREY = "#2f6f9f", "#b5462f", "#4d8a57", "#a8a39b"
MOST_DOTS = 20_000


@dataclass(frozen=True)
class Bar:
    """One figure with its 95 % interval; NaN ends where there is none."""

    label: str
    value: float
    low: float = float("nan")
    high: float = float("nan")


def plot_cluster_sizes(sizes: Sequence[int], n_noise: int) -> bytes:
    """How many clusters there are of each size."""
    from matplotlib.ticker import MaxNLocator

    figure, axes = _canvas("Cluster sizes")
    if sizes:
        values, counts = np.unique(np.asarray(sizes), return_counts=True)
        axes.bar(values, counts, width=0.8, color=BLUE)
        if values[-1] > 60:
            axes.set_xscale("log")
        else:
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_yscale("symlog", linthresh=10)
    else:
        _say(axes, "no clusters")
    axes.set_xlabel("pictures in the cluster")
    axes.set_ylabel("clusters")
    axes.set_title(
        f"{len(sizes):,} clusters of {sum(sizes):,} pictures; {n_noise:,} in no cluster",
        fontsize=9,
    )
    return _png(figure)


def plot_reachability(
    ordering: NDArray[np.integer],
    reachability: NDArray[np.floating],
    labels: NDArray[np.integer],
    max_eps: float,
) -> bytes:
    """The OPTICS plot: valleys are clusters. Rows as in `OpticsResult`."""
    figure, axes = _canvas("Reachability")
    heights = np.where(np.isfinite(reachability), reachability, max_eps)[ordering]
    clustered = labels[ordering] >= 0
    places = np.arange(len(ordering))
    axes.vlines(places[~clustered], 0, heights[~clustered], color=GREY, linewidth=0.6)
    axes.vlines(places[clustered], 0, heights[clustered], color=BLUE, linewidth=0.6)
    axes.set_ylim(0, max_eps * 1.05)
    axes.set_xlabel("pictures in the order in which OPTICS reaches them")
    axes.set_ylabel("cosine distance")
    axes.set_title("blue: in a cluster; grey: in none", fontsize=9)
    return _png(figure)


def plot_calibration(curve: pa.Table, chosen: float, note: str = "") -> bytes:
    """Precision, recall and noise against the radius, the chosen one marked.

    `curve` is that of `Calibration`.
    """
    figure, axes = _canvas("Radius")
    radius = np.asarray(curve["radius"].to_pylist(), float)
    lines = {"precision": BLUE, "recall": GREEN, "noise_share": GREY}
    for name, colour in lines.items():
        values = np.asarray(curve[name].to_pylist(), float)
        axes.plot(radius, values, color=colour, linewidth=1.6, label=name.replace("_", " "))
    axes.axvline(chosen, color=RED, linewidth=1.2, label=f"chosen: {chosen:.4g}")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("largest radius, cosine distance")
    axes.set_title(_wrapped(note), fontsize=7)
    axes.legend(fontsize=8, loc="best")
    return _png(figure)


def plot_training(curve: Sequence[Mapping[str, Any]]) -> bytes:
    """Loss and share of violating triplets by epoch; keys epoch, loss, violating."""
    figure, axes = _canvas("Training")
    epochs = [point["epoch"] for point in curve]
    axes.plot(epochs, [point["loss"] for point in curve], color=BLUE, marker="o", label="loss")
    axes.set_xlabel("epoch")
    axes.set_ylabel("loss", color=BLUE)
    axes.set_xticks(epochs[:: max(1, len(epochs) // 12)])
    right = axes.twinx()
    shares = [100 * point["violating"] for point in curve]
    right.plot(epochs, shares, color=RED, marker="s", label="violating")
    right.set_ylabel("triplets that still violate, %", color=RED)
    axes.set_ylim(bottom=0)
    right.set_ylim(bottom=0)
    return _png(figure)


def plot_retrieval(bars: Sequence[Bar], title: str = "mAP on held-out components") -> bytes:
    """Retrieval of models and of what needs none (grey bars), each with its interval."""
    figure, axes = _canvas(title)
    measured = [bar for bar in bars if not np.isnan(bar.value)]
    places = np.arange(len(measured))
    colours = [GREY if bar.label.startswith(("grey", "colour")) else BLUE for bar in measured]
    axes.barh(places, [bar.value for bar in measured], color=colours, height=0.6)
    for place, bar in zip(places.tolist(), measured, strict=True):
        if not np.isnan(bar.low + bar.high):
            axes.plot([bar.low, bar.high], [place, place], color="black", linewidth=1.4)
        end = bar.value if np.isnan(bar.high) else bar.high
        axes.text(end + 0.015, place, f"{bar.value:.3f}", va="center", fontsize=9)
    axes.set_yticks(places, [bar.label for bar in measured])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.12)
    axes.set_title(f"{title}; lines: 95 % interval", fontsize=9)
    if not measured:
        _say(axes, "nothing to measure")
    return _png(figure)


def plot_dots(layout: pa.Table, clusters: Mapping[str, str | None]) -> bytes:
    """The map as dots, for the log: coloured in clusters, grey outside."""
    figure, axes = _canvas("Map")
    rows = np.arange(layout.num_rows)
    if rows.size > MOST_DOTS:
        rows = np.sort(np.random.default_rng(7).choice(rows, MOST_DOTS, replace=False))
    sample = layout.take(pa.array(rows))
    x, y = sample["x"].to_numpy(), sample["y"].to_numpy()
    names = [clusters.get(uid) for uid in sample["uid"].to_pylist()]
    noise = np.array([name is None for name in names], bool)
    hues = np.array([_hue(name) for name in names if name is not None])
    size = float(np.clip(6000 / max(1, rows.size), 1, 14))
    axes.scatter(x[noise], y[noise], s=size / 2, color=GREY, linewidths=0)
    axes.scatter(x[~noise], y[~noise], s=size, c=hues, cmap="tab20", vmin=0, vmax=1, linewidths=0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.set_title(f"{layout.num_rows:,} pictures; grey: in no cluster", fontsize=9)
    return _png(figure)


def _hue(name: str) -> float:
    """A number in [0, 1) that a name always has."""
    total = 0
    for letter in name:
        total = (total * 31 + ord(letter)) % 9973
    return total / 9973


def _canvas(title: str) -> "tuple[Figure, Axes]":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.8), dpi=100, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _say(axes: "Axes", words: str) -> None:
    axes.text(0.5, 0.5, words, ha="center", va="center", transform=axes.transAxes, color=GREY)


def _wrapped(note: str) -> str:
    from textwrap import fill

    return fill(note, 110)


def _png(figure: "Figure") -> bytes:
    """PNG of the figure, in 64 colours where it would be too large for the log."""
    from PIL import Image

    out = io.BytesIO()
    figure.savefig(out, format="png")
    if out.tell() <= MOST_BYTES:
        return out.getvalue()
    picture = Image.open(out).convert("RGB")
    for colours, scale in ((64, 1.0), (16, 1.0), (16, 0.75), (8, 0.5)):
        size = (round(picture.width * scale), round(picture.height * scale))
        small = io.BytesIO()
        picture.resize(size).quantize(colours).save(small, "PNG", optimize=True)
        if small.tell() <= MOST_BYTES:
            break
    return small.getvalue()
