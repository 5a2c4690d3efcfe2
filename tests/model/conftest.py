import io

import numpy as np
import pytest
import torch
from PIL import Image


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """Small networks lose more by waiting for a second core than it gives them."""
    torch.set_num_threads(1)


def encode(pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


@pytest.fixture
def jpeg():
    """Encode an array of pixels."""
    return encode


@pytest.fixture(scope="session")
def families() -> dict[str, bytes]:
    """Six motifs in three pictures each: coarse patterns in other colours."""
    pictures = {}
    rng = np.random.default_rng(0)
    for motif in range(6):
        pattern = np.kron(rng.random((5, 5)) > 0.5, np.ones((16, 16)))[..., None]
        for copy in range(3):
            ink, ground = rng.integers(0, 256, (2, 3))
            noise = rng.normal(0, 8, (80, 80, 3))
            pixels = np.where(pattern > 0, ink, ground) + noise
            pictures[f"m{motif}-{copy}"] = encode(pixels.clip(0, 255))
    return pictures
