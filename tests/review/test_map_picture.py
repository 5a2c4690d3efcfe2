import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from vsig_core.review import MapStyle, draw_map
from vsig_core.review.map_picture import GROUND

STYLE = MapStyle(width=900, height=600, margin=20, legend=300)


def layout(n: int, seed: int = 0) -> pa.Table:
    x, y = np.random.default_rng(seed).normal(size=(2, n))
    return pa.table({"uid": [f"u{i:05}" for i in range(n)], "x": x, "y": y})


def thumb(colour: tuple[int, int, int], size: tuple[int, int] = (60, 90)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def drawn(*args) -> np.ndarray:
    with Image.open(io.BytesIO(draw_map(*args, STYLE))) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"))


def share_of(pixels: np.ndarray, colour: tuple[int, int, int]) -> float:
    return float((pixels == colour).all(axis=-1).mean())


def test_no_thumbnail_hides_another():
    n = 60
    uids = [f"u{i:05}" for i in range(n)]
    stacked = pa.table({"uid": uids, "x": [0.0] * n, "y": [0.0] * n})
    colours = [(i * 4, 255 - i * 4, 128) for i in range(n)]
    thumbs = {uid: thumb(colour) for uid, colour in zip(uids, colours, strict=True)}
    pixels = drawn(stacked, dict.fromkeys(uids, "cl-a"), thumbs)
    areas = [share_of(pixels[:, :600], colour) for colour in colours]
    assert min(areas) > 0
    assert max(areas) == pytest.approx(min(areas), rel=0.01)


def test_noise_is_smaller_and_dimmed():
    uids = ["u00000", "u00001"]
    thumbs = dict.fromkeys(uids, thumb((200, 0, 0)))
    pixels = drawn(layout(2), {"u00000": "cl-a", "u00001": None}, thumbs)[:, :600]
    framed = share_of(pixels, (200, 0, 0))
    dim = tuple(round(g + 0.45 * (c - g)) for g, c in zip(GROUND, (200, 0, 0), strict=True))
    near = (np.abs(pixels.astype(int) - dim).max(axis=-1) <= 2).mean()
    assert 0 < near < framed


def test_dots_stand_for_what_has_no_thumbnail():
    pixels = drawn(layout(30), {}, {})[:, :600]
    assert 0 < (pixels != GROUND).any(axis=-1).mean() < 0.05


@pytest.mark.parametrize("n", [0, 1, 2, 5000])
def test_any_number_of_pictures_makes_a_map(n):
    names = {f"u{i:05}": f"cl-{i % 40}" for i in range(0, n, 2)}
    assert drawn(layout(n), names, {}).shape == (600, 900, 3)


def test_the_same_map_is_the_same_picture():
    names = {f"u{i:05}": f"cl-{i % 3}" for i in range(20)}
    assert draw_map(layout(20), names, {}, STYLE) == draw_map(layout(20), names, {}, STYLE)
