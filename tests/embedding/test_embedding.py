import io
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from vsig_core.embedding import embed
from vsig_core.errors import PictureError, WeightsError
from vsig_core.model import load_network
from vsig_core.settings import ModelSettings


def picture(seed, size=(60, 40)) -> bytes:
    buffer = io.BytesIO()
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def network():
    return load_network(ModelSettings(backbone="resnet18", weights="none", resolution=64))


def test_each_picture_gets_its_unit_vector_in_order(network):
    pictures = [picture(seed, (30 + seed, 50)) for seed in range(7)]
    vectors = embed(network, pictures, 3)
    assert vectors.shape == (7, 512)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    for row, data in zip(vectors, pictures, strict=True):
        assert embed(network, [data], 1)[0] == pytest.approx(row, abs=1e-5)


def test_batch_size_changes_nothing(network):
    pictures = [picture(seed) for seed in range(5)]
    assert embed(network, pictures, 2) == pytest.approx(embed(network, pictures, 32), abs=1e-5)


def test_a_picture_that_fails_is_named_and_never_a_zero_vector(network):
    # Defect 7: a failed image became a zero vector.
    with pytest.raises(PictureError, match="picture 3"):
        embed(network, [*(picture(seed) for seed in range(3)), b"broken"], 2)


def test_a_network_that_says_nothing_is_refused(network):
    dead = load_network(ModelSettings(backbone="resnet18", weights="none", resolution=64))
    for value, message in ((0.0, "index 0"), (torch.nan, "index 0")):
        with torch.no_grad():
            for parameter in dead.parameters():
                parameter.fill_(value)
        with pytest.raises(WeightsError, match=message):
            embed(dead, [picture(0)], 1)


def test_the_network_is_left_as_it_was(network):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    embed(network, [picture(0)], 1)
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_progress_counts_pictures(network):
    told = []
    embed(network, [picture(seed) for seed in range(5)], 2, lambda *step: told.append(step))
    assert told == [(2, 5), (4, 5), (5, 5)]


def test_no_pictures_give_no_vectors(network):
    assert len(embed(network, [], 4)) == 0


def test_threads_that_begin_at_once_share_lanes_on_all_cores():
    # A process of its own: the lanes of this one are there already.
    script = """
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import torch
from vsig_core.model.lanes import lanes

sys.setswitchinterval(1e-6)
torch.set_num_threads(3)
together = Barrier(8)

def start(_):
    together.wait()
    return lanes()

with ThreadPoolExecutor(8) as executor:
    started = set(executor.map(start, range(8)))
print([one.count for one in started])
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.stdout.strip() == "[3]", ended.stderr
