"""OPTICS on what the default network says of real artworks and of the sample."""

from pathlib import Path

import numpy as np
import pytest
from test_optics import REACHABILITY_TOLERANCE, same_up_to_numbering, sklearn_optics

from vsig_core.clustering import optics
from vsig_core.corpus.sample import draw_sample
from vsig_core.embedding import embed
from vsig_core.model import load_network
from vsig_core.settings import ModelSettings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def described(pictures: list[Path]) -> np.ndarray:
    return embed(load_network(ModelSettings()), [path.read_bytes() for path in pictures], 32)


@pytest.fixture(scope="module")
def of_art(corpora: Path) -> np.ndarray:
    return described(sorted((corpora / "art" / "images").glob("*.jpg")))


@pytest.fixture(scope="module")
def of_sample(tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    folder = tmp_path_factory.mktemp("sample")
    draw_sample(folder, images=150, motifs=25, seed=7)
    return described(sorted((folder / "images").rglob("*.jpg")))


@pytest.mark.parametrize("corpus", ["of_art", "of_sample"])
@pytest.mark.parametrize("min_samples", [2, 5, 10])
def test_labels_are_those_of_scikit_learn(corpus, min_samples, request):
    rows = request.getfixturevalue(corpus)
    for method in ("xi", "dbscan"):
        ours = optics(rows, min_samples=min_samples, max_eps=0.13, extraction=method)
        theirs = sklearn_optics(rows.astype(float), min_samples, 0.13, method)
        assert same_up_to_numbering(ours.labels, theirs.labels_), method
    if min_samples == 2:
        np.testing.assert_allclose(
            ours.reachability, theirs.reachability_, atol=REACHABILITY_TOLERANCE
        )
