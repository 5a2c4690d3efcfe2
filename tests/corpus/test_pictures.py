from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from corpus_pictures import bomb, drawing, encoded, opened, png
from PIL import Image, ImageCms

from vsig_core.corpus import Picture, read_picture
from vsig_core.corpus.colour import eight_bit
from vsig_core.corpus.pictures import SMALLEST_SIDE
from vsig_core.errors import PictureError
from vsig_core.settings import ImagesSettings

SETTINGS = ImagesSettings()


def read(image: Image.Image, kind: str = "PNG", **options: object) -> Picture:
    return read_picture(encoded(image, kind, **options), SETTINGS)


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(opened(picture.working)).astype(int)


def refusal(data: bytes, settings: ImagesSettings = SETTINGS) -> PictureError:
    with pytest.raises(PictureError) as caught:
        read_picture(data, settings)
    return caught.value


def hamming(a: str, b: str) -> int:
    return (int(a, 16) ^ int(b, 16)).bit_count()


def test_a_picture_keeps_its_size_and_gets_smaller_copies():
    picture = read(drawing(size=(3000, 1500)), "JPEG")
    assert (picture.width, picture.height) == (3000, 1500)
    assert opened(picture.working).size == (1024, 512)
    assert opened(picture.thumb).size == (128, 64)
    assert opened(picture.working).format == opened(picture.thumb).format == "JPEG"


def test_a_small_picture_is_not_enlarged():
    picture = read(drawing(size=(60, 40)))
    assert opened(picture.working).size == opened(picture.thumb).size == (60, 40)


def test_a_very_long_picture_keeps_at_least_one_pixel_of_height():
    assert opened(read(drawing(size=(9000, 8))).thumb).size == (128, 1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(kind: str, orientation: int):
    upright = drawing(size=(96, 64))
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if undo is None else upright.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read(stored, kind, exif=exif)
    assert (picture.width, picture.height) == (96, 64)
    assert np.abs(pixels(picture) - np.asarray(upright)).mean() < 6


def test_a_large_jpeg_decoded_at_a_fraction_is_turned_upright_too():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read(drawing(size=(4000, 3000)), "JPEG", exif=exif)
    assert (picture.width, picture.height) == (3000, 4000)
    assert opened(picture.working).size == (768, 1024)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"])
@pytest.mark.parametrize("size", [(96, 64), (2000, 1500)])
def test_every_mode_becomes_rgb_and_looks_the_same(mode: str, size: tuple[int, int]):
    original = drawing(size=size)
    if mode == "LAB":
        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        transform = ImageCms.buildTransform(*profiles, "RGB", "LAB")
        image = ImageCms.applyTransform(original, transform)
        assert image is not None
    elif mode == "PA":
        image = original.convert("P").convert("PA")
    else:
        image = original.convert(mode)
    kind = {"CMYK": "TIFF", "LAB": "TIFF", "PA": "TIFF", "YCbCr": "JPEG"}.get(mode, "PNG")
    picture = read(image, kind)
    result = opened(picture.working)
    assert result.mode == "RGB"
    expected = original if mode not in {"1", "L", "LA"} else original.convert("L").convert("RGB")
    small = [
        np.asarray(i.resize((12, 8), Image.Resampling.BOX)).astype(int) for i in (result, expected)
    ]
    assert np.abs(small[0] - small[1]).mean() < 12


def test_a_cmyk_jpeg_becomes_rgb():
    original = drawing()
    picture = read(original.convert("CMYK"), "JPEG", quality=95)
    assert np.abs(pixels(picture) - np.asarray(original)).mean() < 8


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("side", [40, 1500])
def test_16_bit_greys_are_scaled_and_not_clipped(kind: str, side: int):
    ramp = np.tile(np.linspace(0, 65_535, side).astype(np.uint16), (side, 1))
    row = pixels(read(Image.fromarray(ramp), kind)).mean(axis=(0, 2))
    assert row[0] < 8 and row[-1] > 247
    assert np.abs(row - np.linspace(0, 255, len(row))).max() < 8


def test_16_bit_colours_are_scaled_and_not_clipped():
    ramp = np.zeros((16, 256, 3), ">u2")
    ramp[..., 0] = np.arange(256) * 257
    lines = b"".join(b"\0" + line.tobytes() for line in ramp)
    red = pixels(read_picture(png(256, 16, 16, lines), SETTINGS))[..., 0].mean(axis=0)
    assert np.abs(red - np.arange(256)).max() < 8


def test_greys_in_floats_are_scaled():
    ramp = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (40, 1))
    row = pixels(read(Image.fromarray(ramp), "TIFF")).mean(axis=(0, 2))
    assert row[0] < 8 and row[-1] > 247


def test_deep_greys_worked_by_hand():
    assert eight_bit(np.array([[0, 256, 65_535]], np.uint16)).tolist() == [[0, 1, 255]]
    assert eight_bit(np.array([[0, 65_535]], np.int32)).tolist() == [[0, 255]]
    assert eight_bit(np.array([[-10, 0, 10]], np.int32)).tolist() == [[0, 128, 255]]
    assert eight_bit(np.array([[0.0, 0.5, 1.0]], np.float32)).tolist() == [[0, 128, 255]]
    assert eight_bit(np.array([[7.0, np.nan, 7.0]], np.float32)).tolist() == [[255, 0, 255]]
    assert eight_bit(np.full((1, 2), 9e9, np.float32)).tolist() == [[0, 0]]


@pytest.mark.parametrize("size", [(40, 40), (1500, 1500)])
def test_what_is_transparent_is_white(size: tuple[int, int]):
    clear = Image.new("RGBA", size, (255, 0, 0, 0))
    assert (pixels(read(clear)) > 250).all()
    palette = Image.new("P", size, 0)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    assert (pixels(read(palette, transparency=0)) > 250).all()
    keyed = Image.new("RGB", size, (255, 0, 0))
    assert (pixels(read(keyed, transparency=(255, 0, 0))) > 250).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_the_first_frame_counts(kind: str):
    first, second = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (40, 30), "blue")
    options = {"lossless": True} if kind == "WEBP" else {}
    red, _, blue = pixels(read(first, kind, save_all=True, append_images=[second], **options)).mean(
        (0, 1)
    )
    assert red > 240 and blue < 15


def test_an_embedded_profile_is_applied():
    """In a profile whose red and blue primaries changed places, red and blue do."""
    original = Image.new("RGB", (32, 32), (60, 120, 180))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"____").replace(b"bXYZ", b"rXYZ").replace(b"____", b"bXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "BGRs".encode("utf-16-be"))
    assert np.abs(pixels(read(original, icc_profile=srgb)) - (60, 120, 180)).max() <= 2
    assert np.abs(pixels(read(original, icc_profile=swapped)) - (180, 120, 60)).max() <= 4


def test_a_damaged_profile_is_passed_over():
    original = Image.new("RGB", (32, 32), (100, 100, 100))
    assert np.abs(pixels(read(original, icc_profile=b"no profile")) - 100).max() <= 2


def test_the_hash_is_stable_under_scaling_and_compression_and_differs_between_pictures():
    hashes = [read(drawing(seed, (640, 480))).phash for seed in range(12)]
    assert all(len(h) == 16 for h in hashes)
    for seed, phash in enumerate(hashes):
        copy = read(drawing(seed, (640, 480)).resize((200, 150)), "JPEG", quality=50)
        assert hamming(phash, copy.phash) <= 4
    distances = [hamming(a, b) for i, a in enumerate(hashes) for b in hashes[:i]]
    assert min(distances) > 12


def test_a_picture_of_one_colour_has_a_hash_of_zeros():
    assert read(Image.new("RGB", (64, 64), "green")).phash == "0" * 16


def test_the_same_bytes_give_the_same_picture_in_many_threads():
    before = Image.MAX_IMAGE_PIXELS
    data = [encoded(drawing(seed, (300, 200))) for seed in range(4)]
    alone = [read_picture(d, SETTINGS) for d in data]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda d: read_picture(d, SETTINGS), data * 8))
    assert together == alone * 8
    assert before == Image.MAX_IMAGE_PIXELS


def test_pillows_own_limit_is_as_it_was(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    read(drawing(size=(96, 64)))
    assert Image.MAX_IMAGE_PIXELS == 1000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_picture_between_pillows_limit_and_ours_is_read(
    kind: str, monkeypatch: pytest.MonkeyPatch
):
    data = encoded(drawing(size=(96, 64)), kind)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert read_picture(data, SETTINGS).width == 96


def test_what_the_original_says_of_itself_does_not_travel_into_the_copies():
    picture = read(drawing(), "JPEG", comment=b"scanned by a person", dpi=(300, 300))
    assert b"person" not in picture.thumb + picture.working


# Refusals


def test_a_file_without_bytes_is_empty():
    assert refusal(b"").reason == "empty"


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    error = refusal(bomb(20_000, 20_000))
    assert error.reason == "too_many_pixels"
    assert "20,000 × 20,000" in error.detail and "max_pixels" in error.detail


def test_a_file_above_the_limit_is_refused():
    error = refusal(encoded(drawing()), ImagesSettings(max_bytes=100))
    assert error.reason == "too_many_bytes" and "max_bytes" in error.detail


@pytest.mark.parametrize("size", [(1, 1), (SMALLEST_SIDE - 1, 500), (500, 1)])
def test_a_picture_with_nothing_to_see_is_too_small(size: tuple[int, int]):
    error = refusal(encoded(Image.new("RGB", size)))
    assert error.reason == "too_small" and f"{size[0]} × {size[1]}" in error.detail


def test_the_smallest_side_itself_is_enough():
    assert read(Image.new("RGB", (SMALLEST_SIDE, SMALLEST_SIDE))).width == SMALLEST_SIDE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.005, 0.3, 0.6, 0.95])
def test_a_file_that_ends_early_is_truncated(kind: str, share: float):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    assert refusal(data[: max(12, int(len(data) * share))]).reason == "truncated"


def test_a_web_page_called_jpg_is_not_a_picture_and_the_detail_says_so():
    error = refusal(b"\n<!DOCTYPE html><html><body>404</body></html>")
    assert error.reason == "not_a_picture" and "HTML" in error.detail


@pytest.mark.parametrize("data", [b"hello", b"\x00", b"PK\x03\x04" + bytes(50), bytes(5000)])
def test_what_is_no_picture_is_named(data: bytes):
    assert refusal(data).reason == "not_a_picture"


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x18ftypheic" + bytes(100),
        b"%PDF-1.7" + bytes(100),
        b"%!PS-Adobe" + bytes(100),
        b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
        b"8BPS" + bytes(100),
    ],
)
def test_a_picture_of_a_kind_that_is_not_read_is_unsupported(data: bytes):
    error = refusal(data)
    assert error.reason == "unsupported" and "convert" in error.detail


def test_a_damaged_picture_is_unreadable():
    data = bytearray(encoded(drawing(), "PNG"))
    data[60:80] = bytes(20)
    assert refusal(bytes(data)).reason == "unreadable"


def test_damage_anywhere_is_a_picture_or_a_reason_and_never_another_error():
    rng = np.random.default_rng(1)
    for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"):
        data = encoded(drawing(), kind)
        for _ in range(60):
            broken = bytearray(data)
            for place in rng.integers(0, len(data), 8):
                broken[place] = rng.integers(256)
            try:
                read_picture(bytes(broken), ImagesSettings(max_pixels=1_000_000))
            except PictureError as error:
                assert error.detail


def test_too_little_memory_is_no_fault_of_the_picture(monkeypatch: pytest.MonkeyPatch):
    def fail(self: Image.Image) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    with pytest.raises(MemoryError):
        read(drawing())
