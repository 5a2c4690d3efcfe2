"""Works by time and by place; what nobody knows stays unknown."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.review.coast import LAND, WATER
from vsig_core.review.places import LEAST_HEIGHT, place_map
from vsig_core.review.timeline import MOST_TICKS, time_line, year_ticks


def dated(uid: str, first: int | None, last: int | None) -> dict[str, object]:
    return {"uid": uid, "year_from": first, "year_to": last}


def at(uid: str, lat: float | None, lon: float | None, place: str | None = None) -> dict:
    return {"uid": uid, "lat": lat, "lon": lon, "place": place}


def test_unknown_dates_are_listed_apart_and_never_placed():
    line = time_line([dated("b", None, None), dated("a", 1500, 1510), dated("c", None, 1520)])
    assert line.unknown == ("b",)
    assert [(s.uid, s.first, s.last) for s in line.spans] == [("a", 1500, 1510), ("c", 1520, 1520)]
    assert line.ticks[0] <= 1500 and line.ticks[-1] >= 1520


def test_a_line_without_any_date_has_no_ticks():
    line = time_line([dated("a", None, None)])
    assert (line.spans, line.unknown, line.ticks, line.lanes) == ((), ("a",), (), 0)


def test_one_single_year_lies_on_a_line_of_its_own_length():
    line = time_line([dated("a", 1505, 1505)])
    assert line.ticks == (1505, 1506)
    assert line.share(line.spans[0].middle) == 0


def test_years_before_christ_come_before_the_others():
    line = time_line([dated("a", 100, 200), dated("b", -300, -201)])
    assert [span.uid for span in line.spans] == ["b", "a"]
    assert line.share(-300) < line.share(100)


years = st.integers(-3000, 2099)


@given(st.lists(st.tuples(years, years), min_size=1, max_size=40))
def test_spans_and_marks_of_one_lane_never_touch(pairs: list[tuple[int, int]]):
    line = time_line([dated(f"{n:03d}", *sorted(pair)) for n, pair in enumerate(pairs)])
    width = 0.08 * (line.ticks[-1] - line.ticks[0])
    for lane in range(line.lanes):
        extents = sorted(
            (min(s.first, s.middle - width / 2), max(s.last, s.middle + width / 2))
            for s in line.spans
            if s.lane == lane
        )
        assert extents  # no lane is left empty
        assert all(one[1] < other[0] for one, other in itertools.pairwise(extents))
    assert all(0 <= line.share(s.first) <= line.share(s.last) <= 1 for s in line.spans)


@given(years, years)
def test_ticks_are_evenly_spaced_and_enclose_the_years(one: int, other: int):
    first, last = sorted((one, other))
    ticks = year_ticks(first, last)
    assert 2 <= len(ticks) <= MOST_TICKS
    assert ticks[0] <= first <= last <= ticks[-1]
    assert len({b - a for a, b in itertools.pairwise(ticks)}) == 1


def test_pictures_of_one_town_share_a_mark_with_the_most_frequent_name():
    found = place_map(
        [
            at("b", 43.7696, 11.2558, "Firenze"),
            at("a", 43.7699, 11.2561, "Firenze"),
            at("c", 43.7701, 11.2559, "Florence"),
            at("d", 45.4408, 12.3155, None),
        ]
    )
    assert [(place.uids, place.name) for place in found.places] == [
        (("a", "b", "c"), "Firenze"),
        (("d",), None),
    ]


@pytest.mark.parametrize(
    ("lat", "lon"), [(None, 11.0), (43.0, None), (91.0, 0.0), (0.0, 181.0), (math.nan, 0.0)]
)
def test_a_coordinate_that_does_not_exist_is_unknown(lat: float | None, lon: float | None):
    found = place_map([at("a", lat, lon)])
    assert (found.window, found.places, found.unknown) == (None, (), ("a",))


def test_a_lone_town_is_shown_with_the_country_around_it():
    window = place_map([at("a", 43.77, 11.26)]).window
    assert window is not None
    assert window.height == pytest.approx(LEAST_HEIGHT)
    x, y = window.place(43.77, 11.26)
    assert (x / window.width, y / window.height) == pytest.approx((0.5, 0.5), abs=1e-6)


def test_the_window_goes_the_short_way_over_the_date_line():
    found = place_map([at("tokyo", 35.7, 139.7), at("los-angeles", 34.1, -118.2)])
    assert found.window is not None
    assert found.window.east - found.window.west < 180
    assert {place.uids[0]: place.lon for place in found.places} == {
        "tokyo": 139.7,
        "los-angeles": pytest.approx(241.8),
    }


spots = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(st.lists(spots, min_size=1, max_size=30))
def test_every_mark_lies_in_the_window(points: list[tuple[float, float]]):
    found = place_map([at(str(n), lat, lon) for n, (lat, lon) in enumerate(points)])
    window = found.window
    assert window is not None
    for place in found.places:
        x, y = window.place(place.lat, place.lon)
        assert -1e-6 <= x <= window.width + 1e-6
        assert -1e-6 <= y <= window.height + 1e-6
    assert -90 <= window.south < window.north <= 90
    meridians, parallels = window.graticule()
    assert all(window.west <= lon <= window.east for lon in meridians)
    assert all(window.south <= lat <= window.north for lat in parallels)
    assert len(meridians) + len(parallels) <= 20


def test_the_coast_is_drawn_within_the_globe():
    for ring in (*LAND, *WATER):
        assert len(ring) >= 3
        assert all(-180 <= lon <= 190 and -90 <= lat <= 90 for lon, lat in ring)


def inside(ring: tuple[tuple[float, float], ...], lon: float, lat: float) -> bool:
    """Whether a point lies in a ring: an even number of edges to its east, or an odd one."""
    crossed = 0
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        crosses = (y1 > lat) != (y2 > lat)
        crossed += crosses and lon < x1 + (lat - y1) / (y2 - y1) * (x2 - x1)
    return crossed % 2 == 1


CITIES = [
    *[(2.35, 48.86), (11.26, 43.77), (12.5, 41.9), (-3.7, 40.4), (13.4, 52.5), (-0.13, 51.5)],
    *[(23.7, 38.0), (28.0, 39.5), (31.2, 30.0), (77.2, 28.6), (-74.2, 41.0), (-47.9, -15.8)],
]


@pytest.mark.parametrize(("lon", "lat"), CITIES)
def test_great_cities_lie_on_land(lon: float, lat: float):
    assert any(inside(ring, lon, lat) for ring in LAND)


@pytest.mark.parametrize(("lon", "lat"), [(5, 40), (15, 43.2), (20, 57), (-30, 40), (34, 43)])
def test_seas_do_not(lon: float, lat: float):
    assert not any(inside(ring, lon, lat) for ring in LAND)
