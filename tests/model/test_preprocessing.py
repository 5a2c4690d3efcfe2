import io

import numpy as np
import pytest
from PIL import Image

from vsig_core.errors import PictureError
from vsig_core.model import Preprocessing
from vsig_core.model.preprocess import decode, letterbox, stack
from vsig_core.model.views import augmented

SQUARE = Preprocessing(32, mean=(0.5, 0.5, 0.5))


def test_proportions_are_kept():
    # Defect 7: the original squashed every picture to a square.
    boxed = letterbox(Image.new("RGB", (200, 100), "white"), SQUARE)
    assert boxed.box == (0.25, 0, 0.75, 1)
    assert (boxed.pixels[8:24] == 255).all()
    assert (boxed.pixels[:8] == 128).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (7, 3), (2000, 1000)])
def test_any_size_fits(size):
    boxed = letterbox(Image.new("RGB", size), SQUARE)
    top, left, bottom, right = boxed.box
    assert boxed.pixels.shape == (32, 32, 3)
    assert 0 <= top < bottom <= 1
    assert 0 <= left < right <= 1


def test_a_batch_is_float_in_0_to_1(jpeg):
    picture = letterbox(decode(jpeg(np.full((20, 40, 3), 255)), 32), SQUARE)
    images, boxes = stack([picture, picture])
    assert images.shape == (2, 3, 32, 32)
    assert images.max() == 1
    assert boxes.tolist()[0] == [0.25, 0.0, 0.75, 1.0]


def test_a_narrow_large_jpeg_is_reduced_while_it_is_decoded(jpeg):
    # By its longer side: what is asked of both sides alike reduces no picture of 3 : 5.
    assert decode(jpeg(np.full((1024, 600, 3), 255)), 224).size == (300, 512)
    assert decode(jpeg(np.full((1024, 601, 3), 255)), 256).size == (301, 512)


@pytest.mark.parametrize("data", [b"", b"<html>", b"\xff\xd8\xff\xe0 broken"])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(PictureError, match="unreadable"):
        decode(data, 32)


def test_a_truncated_picture_is_refused(jpeg):
    data = jpeg(np.random.default_rng(0).integers(0, 255, (90, 90, 3)))
    with pytest.raises(PictureError, match="unreadable"):
        decode(data[: len(data) // 2], 32)


def test_palette_and_alpha_become_rgb():
    buffer = io.BytesIO()
    Image.new("P", (9, 9)).save(buffer, "PNG")
    assert decode(buffer.getvalue(), 32).mode == "RGB"


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (640, 480)])
def test_views_are_drawn_again_alike_from_the_same_number(size):
    image = Image.effect_noise(size, 90).convert("RGB")
    first, again, other = (augmented(image, np.random.default_rng([7, seed])) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert size == (1, 1) or first.tobytes() != other.tobytes()


def test_a_view_keeps_at_least_a_third_of_the_picture_and_its_proportions():
    image = Image.effect_noise((300, 200), 90).convert("RGB")
    for seed in range(50):
        view = augmented(image, np.random.default_rng(seed))
        assert view.width * view.height >= 0.33 * 300 * 200
        assert 0.7 < (view.width / view.height) / 1.5 < 1.4
