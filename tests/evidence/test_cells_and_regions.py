"""What a cell covers, what is kept of it, and which pictures regions nominate."""

import numpy as np
import pytest

from vsig_core.errors import InputError
from vsig_core.evidence import (
    Cells,
    RegionIndex,
    cells_of,
    inside,
    pack,
    region_vectors,
    unpack,
)


def maps(d: int = 5, height: int = 8, width: int = 8, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(d, height, width)).astype(np.float32)


def test_what_a_picture_was_letterboxed_with_has_no_cells():
    # A picture twice as wide as high lies in rows 2 to 5 of 8.
    found = cells_of(maps(), (0.25, 0.0, 0.75, 1.0))
    assert found.vectors.shape == (4, 8, 5)
    assert found.frame == (0, 0, 8, 4)
    assert np.linalg.norm(found.vectors, axis=2) == pytest.approx(1)
    first = maps()[:, 2, 0]
    assert found.vectors[0, 0] == pytest.approx(first / np.linalg.norm(first), abs=1e-6)
    assert found.box(2, 1, 6, 3) == (0.25, 0.25, 0.5, 0.5)


def test_a_picture_of_a_line_of_pixels_still_has_a_row_of_cells():
    found = cells_of(maps(), (0.49, 0.0, 0.51, 1.0))
    assert found.vectors.shape == (1, 8, 5)


def test_a_cell_that_says_nothing_stays_nothing():
    found = cells_of(np.zeros((5, 4, 4), np.float32), (0, 0, 1, 1))
    assert not found.vectors.any()
    assert not unpack(pack(found)).vectors.any()


def test_a_part_has_the_cells_whose_middle_lies_in_it_and_the_frame_of_the_whole():
    whole = cells_of(maps(), (0.0, 0.0, 1.0, 1.0))
    part = inside(whole, (0.25, 0.5, 0.5, 0.25))
    assert part.vectors.shape == (2, 4, 5)
    assert (part.vectors == whole.vectors[4:6, 2:6]).all()
    assert part.box(0, 0, 4, 2) == pytest.approx((0.25, 0.5, 0.5, 0.25))


@pytest.mark.parametrize(
    ("box", "says"),
    [
        ((0.5, 0.5, 0.0, 0.2), "no area"),
        ((0.5, 0.5, 0.2, -0.1), "no area"),
        ((0.9, 0.5, 0.2, 0.2), "leaves the picture"),
        ((-0.1, 0.5, 0.2, 0.2), "leaves the picture"),
        ((float("nan"), 0.5, 0.2, 0.2), "finite"),
    ],
)
def test_a_box_that_is_none_is_refused(box, says):
    with pytest.raises(InputError, match=says):
        inside(cells_of(maps(), (0, 0, 1, 1)), box)


def test_eight_bits_keep_cosines():
    whole = cells_of(maps(112), (0.1, 0.0, 0.9, 1.0))
    again = unpack(pack(whole))
    assert again.vectors.shape == whole.vectors.shape
    assert again.frame == pytest.approx(whole.frame)
    cosines = (whole.flat @ whole.flat.T) - (again.flat @ again.flat.T)
    assert np.abs(cosines).max() < 0.01


@pytest.mark.parametrize("shape", [(20, 20), (20, 7), (1, 1), (2, 9)])
def test_regions_are_means_of_windows(shape: tuple[int, int]):
    whole = cells_of(maps(3, *shape), (0, 0, 1, 1))
    found = region_vectors(whole)
    assert found.shape == (51, 3)
    assert found[0] == pytest.approx(whole.flat.mean(0), abs=1e-5)
    high, wide = shape
    rows = slice(0, max(1, round(2 * high / 4)))
    columns = slice(0, max(1, round(2 * wide / 4)))
    corner = whole.vectors[rows, columns].reshape(-1, 3).mean(0)
    assert found[1] == pytest.approx(corner, abs=1e-5)


def test_the_picture_that_holds_the_part_is_nominated_first():
    wholes = [cells_of(maps(16, 20, 20, seed), (0, 0, 1, 1)) for seed in range(30)]
    regions = np.stack([region_vectors(whole) for whole in wholes])
    for wanted in (3, 17):
        part = Cells(np.ascontiguousarray(wholes[wanted].vectors[:10, 10:]), (0, 0, 10, 10))
        assert RegionIndex(regions).nominate(region_vectors(part), 5)[0] == wanted


def test_equal_pictures_are_nominated_in_their_order_and_no_more_than_asked_for():
    same = np.stack([region_vectors(cells_of(maps(), (0, 0, 1, 1)))] * 4)
    assert RegionIndex(same).nominate(same[0], 3).tolist() == [0, 1, 2]
    assert RegionIndex(same[:0]).nominate(same[0], 3).tolist() == []


def test_all_pictures_nominate_what_each_nominates_alone_among_those_that_count():
    wholes = [cells_of(maps(16, 20, 20, seed), (0, 0, 1, 1)) for seed in range(30)]
    regions = np.stack([region_vectors(whole) for whole in wholes])
    index = RegionIndex(regions)
    for gone in (None, 4):
        among = np.array([row != gone for row in range(30)])
        for number, own in enumerate(index.nominate_all(7, among)):
            alone = index.nominate(regions[number], 8, among).tolist()
            wanted = [row for row in alone if row != number][:7]
            assert own.tolist() == ([] if number == gone else wanted)
    few = RegionIndex(regions[:3]).nominate_all(7)
    assert [len(own) for own in few] == [2, 2, 2], "no more than there are"
    assert RegionIndex(regions[:0]).nominate_all(7) == []
