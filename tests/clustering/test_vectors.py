import numpy as np
import pytest

from vsig_core.clustering import check_vectors
from vsig_core.errors import VectorsError


@pytest.mark.parametrize("size", [1e-100, 1e100, 1e-40, 1e35])
def test_rows_too_short_or_too_long_for_a_distance_are_named(size):
    rows = np.eye(4)
    rows[2] *= size
    with pytest.raises(VectorsError, match="row 2"):
        check_vectors(rows)


def test_an_offender_is_named_by_its_uid():
    with pytest.raises(VectorsError, match=r"1 of 2 vectors are zero: row b \(row 1\)"):
        check_vectors(np.array([[1.0, 0.0], [0.0, 0.0]]), ["a", "b"])


def test_a_uid_that_stands_twice_is_refused():
    with pytest.raises(VectorsError, match="1 uids stand more than once, first: a"):
        check_vectors(np.ones((3, 2)), ["a", "b", "a"])


def test_uids_must_be_as_many_as_rows():
    with pytest.raises(VectorsError, match="3 vectors came with 1 uids"):
        check_vectors(np.ones((3, 2)), ["a"])


def test_a_flat_array_is_refused():
    with pytest.raises(VectorsError, match=r"shape \(3,\)"):
        check_vectors(np.ones(3))


def test_whole_numbers_become_float64_and_floats_stay():
    assert check_vectors(np.ones((2, 2), int)).dtype == np.float64
    assert check_vectors(np.ones((2, 2), np.float32)).dtype == np.float32
