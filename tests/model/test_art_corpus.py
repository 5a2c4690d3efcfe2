import csv
import os
from pathlib import Path

import pytest

from vsig_core.embedding import embed
from vsig_core.model import grey16, load_network, retrieval_metrics
from vsig_core.settings import ModelSettings

CORPORA = os.environ.get("VSIG_CORPORA")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CORPORA, reason="VSIG_CORPORA does not name the folder of corpora"),
]


@pytest.fixture(scope="module")
def tarot():
    """One family of the tarot cards in its three printings, among all cards."""
    folder = Path(str(CORPORA)) / "art"
    with (folder / "links.csv").open(encoding="utf-8") as file:
        links = [
            (row["img1"], row["img2"]) for row in csv.DictReader(file) if row["kind"] == "tarot"
        ]
    uids = sorted({uid for link in links for uid in link})
    relevant = {uid: set() for uid in uids}
    for one, other in links:
        relevant[one].add(other)
        relevant[other].add(one)
    pictures = [(folder / "images" / uid).read_bytes() for uid in uids]
    components = {uid: min({uid, *relevant[uid]}) for uid in uids}
    return uids, pictures, relevant, components


def score(vectors, tarot):
    uids, _, relevant, components = tarot
    return retrieval_metrics(vectors, uids, relevant, components).figures["map"].value


def test_the_pretrained_default_finds_printings_of_a_card_that_keep_their_proportions(tarot):
    # Squashed to a square, the same network reaches 0.64 among all of corpora/art.
    assert score(embed(load_network(ModelSettings()), tarot[1], 32), tarot) > 0.85


def test_a_grey_thumbnail_finds_aligned_copies(tarot):
    assert score(grey16(tarot[1]), tarot) > 0.95
