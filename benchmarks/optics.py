"""Exact OPTICS against scikit-learn's in the same run: `python -m benchmarks.optics [-n 4000]`."""

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.cluster import OPTICS

from vsig_core.clustering import optics

MAX_EPS = 0.4


def planted(n: int, d: int, rng: np.random.Generator) -> np.ndarray:
    """Unit vectors, a third of them around common centres."""
    vectors = rng.normal(size=(n, d))
    centres = rng.normal(size=(n // 12, d))
    near = rng.integers(len(centres), size=n // 3)
    vectors[: n // 3] = centres[near] + 0.6 * vectors[: n // 3]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.monotonic()
    return work(), time.monotonic() - started


def main() -> None:
    """Print times, their ratio, and whether both agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, default=4000)
    parser.add_argument("-d", type=int, default=1280)
    args = parser.parse_args()
    rng = np.random.default_rng(7)
    optics(planted(200, 32, rng), max_eps=MAX_EPS)  # compiled before it is timed
    vectors = planted(args.n, args.d, rng)
    ours, seconds = timed(lambda: optics(vectors, max_eps=MAX_EPS))
    warnings.simplefilter("ignore")  # scikit-learn divides by reachabilities of 0
    rival = OPTICS(min_samples=2, max_eps=MAX_EPS, metric="cosine")
    theirs, rival_seconds = timed(lambda: rival.fit(vectors.astype(np.float64)))
    finite = np.isfinite(theirs.reachability_)
    same = np.array_equal(ours.labels, theirs.labels_)
    apart = np.abs(ours.reachability[finite] - theirs.reachability_[finite]).max(initial=0)
    print(f"n = {args.n}, d = {args.d}: vsig {seconds:.2f} s, scikit-learn {rival_seconds:.1f} s")
    print(
        f"ratio {rival_seconds / seconds:.0f}; labels equal: {same}; reachability apart {apart:g}"
    )


if __name__ == "__main__":
    main()
