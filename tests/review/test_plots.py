import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from vsig_core.review import (
    Bar,
    plot_calibration,
    plot_cluster_sizes,
    plot_dots,
    plot_reachability,
    plot_retrieval,
    plot_training,
)

MOST_BYTES = 40_000
nan = float("nan")
rng = np.random.default_rng(0)


def curve(n: int) -> pa.Table:
    columns = ("radius", "precision", "recall", "noise_share")
    return (
        pa.table({name: [None, *np.sort(rng.random(n))][: n or 0] for name in columns})
        if n
        else pa.table({name: pa.array([], pa.float64()) for name in columns})
    )


def layout(n: int) -> pa.Table:
    return pa.table({"uid": [str(i) for i in range(n)], "x": rng.random(n), "y": rng.random(n)})


PLOTS = {
    "sizes": lambda: plot_cluster_sizes(rng.integers(2, 300, 5000).tolist(), 100_000),
    "no sizes": lambda: plot_cluster_sizes([], 0),
    "reachability": lambda: plot_reachability(
        rng.permutation(20_000), rng.random(20_000), rng.integers(-1, 5, 20_000), 1.0
    ),
    "no reachability": lambda: plot_reachability(
        np.empty(0, int), np.empty(0), np.empty(0, int), 0.1
    ),
    "calibration": lambda: plot_calibration(curve(120), 0.3, "Calibrated: " + "word " * 60),
    "no calibration": lambda: plot_calibration(curve(0), 0.3),
    "training": lambda: plot_training(
        [{"epoch": i, "loss": 1 / i, "violating": 0.5 / i} for i in range(1, 40)]
    ),
    "no training": lambda: plot_training([]),
    "retrieval": lambda: plot_retrieval(
        [Bar("pretrained", 0.6, 0.5, 0.7), Bar("round 1", 0.9), Bar("grey16", nan)]
    ),
    "no retrieval": lambda: plot_retrieval([]),
    "dots": lambda: plot_dots(
        layout(50_000), {str(i): f"cl-{i % 900}" for i in range(0, 50_000, 2)}
    ),
    "no dots": lambda: plot_dots(layout(0), {}),
}


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_is_a_png_that_fits_the_log(name):
    png = PLOTS[name]()
    assert len(png) <= MOST_BYTES
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        assert picture.width >= 320


def test_plots_leave_no_figure_behind():
    import matplotlib.pyplot as plt

    plot_training([{"epoch": 1, "loss": 1.0, "violating": 0.5}])
    assert not plt.get_fignums()
