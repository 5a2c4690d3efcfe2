import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.review.atlas.contents import along_curve
from vsig_core.review.cells import choosing_order, free_cells, largest_first, spread


def slow_twin(unit: np.ndarray, order: list[int], columns: int, rows: int) -> list[float]:
    """How far the nearest free cell is from where each wants to be, by looking at all."""
    taken: set[tuple[int, int]] = set()
    found = [0.0] * len(order)
    cells = free_cells(unit, order, (columns, rows))
    for row in order:
        wanted = unit[row, 0] * (columns - 1), (1 - unit[row, 1]) * (rows - 1)
        found[row] = min(
            (c - wanted[0]) ** 2 + (r - wanted[1]) ** 2
            for c in range(columns)
            for r in range(rows)
            if (c, r) not in taken
        )
        taken.add((int(cells[row, 0]), int(cells[row, 1])))
    return found


@given(st.integers(1, 40), st.integers(0, 10_000), st.sampled_from(["crowded", "apart"]))
def test_each_takes_the_nearest_cell_that_is_free(n: int, seed: int, wanted_places: str):
    random = np.random.default_rng(seed)
    unit = np.full((n, 2), 0.3) if wanted_places == "crowded" else random.random((n, 2))
    order = random.permutation(n).tolist()
    columns, rows = 9, 7
    cells = free_cells(unit, order, (columns, rows))
    assert len({tuple(cell) for cell in cells.tolist()}) == n
    assert (cells >= 0).all() and (cells < [columns, rows]).all()
    wanted = np.column_stack([unit[:, 0] * (columns - 1), (1 - unit[:, 1]) * (rows - 1)])
    distances = ((cells - wanted) ** 2).sum(axis=1)
    assert distances == pytest.approx(slow_twin(unit, order, columns, rows))


def test_a_grid_that_is_too_small_is_refused():
    with pytest.raises(ValueError, match="5 pictures do not go into 2 × 2 cells"):
        free_cells(np.zeros((5, 2)), list(range(5)), (2, 2))


def test_the_largest_cluster_chooses_first_and_noise_last():
    clusters = {"a": None, "b": "cl-2", "c": "cl-1", "d": "cl-1"}
    largest, sizes = largest_first(clusters)
    assert largest == ["cl-1", "cl-2"] and sizes["cl-1"] == 2
    assert choosing_order(list(clusters), clusters, largest) == [2, 3, 1, 0]


def test_an_even_spread_leaves_no_gaps_and_no_spread_keeps_them():
    positions = np.array([[0.0, 0], [1, 1], [100, 2]])
    assert spread(positions, 0)[:, 0].tolist() == [0, 0.01, 1]
    assert spread(positions, 1)[:, 0].tolist() == [0, 0.5, 1]


def test_neighbours_on_the_map_are_neighbours_in_the_order():
    cells = np.array([(c, r) for c in range(16) for r in range(16)])
    ordered = cells[along_curve(cells)]
    for start in range(0, 256, 64):  # each page of 64 is a square of eight by eight
        assert np.ptp(ordered[start : start + 64], axis=0).tolist() == [7, 7]
