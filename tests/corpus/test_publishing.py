from datetime import date

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from vsig_core.corpus import what_may_leave
from vsig_core.store.schema import schema

TODAY = date(2030, 6, 15)


def images(*rows: tuple[str, str | None, date | None]) -> pa.Table:
    columns = ("uid", "publish", "embargo_until")
    return pa.Table.from_pylist(
        [dict(zip(columns, row, strict=True)) for row in rows],
        schema=pa.schema([schema("images").field(name) for name in columns]),
    )


def test_each_word_lets_out_what_it_says():
    leaving = what_may_leave(
        images(("a", "none", None), ("b", "thumb", None), ("c", "full", None)), TODAY
    )
    assert leaving.uids == {"b", "c"} and leaving.full == {"c"} and leaving.thumbs == {"b"}
    assert leaving.left_out() == {"publish is none": 1}


def test_an_embargo_holds_until_its_day_and_not_on_it():
    shown = images(
        ("tomorrow", "full", date(2030, 6, 16)),
        ("today", "full", TODAY),
        ("yesterday", "none", date(2030, 6, 14)),
    )
    leaving = what_may_leave(shown, TODAY)
    assert leaving.uids == {"today"}
    assert leaving.withheld == {
        "tomorrow": "embargo until 2030-06-16",
        "yesterday": "publish is none",
    }


def test_what_is_not_understood_or_not_there_stays_in():
    leaving = what_may_leave(images(("odd", "sure", None), ("null", None, None)), TODAY)
    assert "odd" not in leaving and "null" not in leaving and "never seen" not in leaving
    assert leaving.sentences() == [
        "left out 1 pictures: publish is sure",
        "left out 1 pictures: publish is none",
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["none", "thumb", "full", "", "FULL", None]),
            st.none() | st.dates(date(2029, 1, 1), date(2032, 1, 1)),
        ),
        max_size=12,
    )
)
def test_every_picture_leaves_or_has_a_reason_and_never_both(rows):
    shown = images(*((f"u{n}", word, until) for n, (word, until) in enumerate(rows)))
    leaving = what_may_leave(shown, TODAY)
    assert leaving.uids | set(leaving.withheld) == {f"u{n}" for n in range(len(rows))}
    assert not leaving.uids & set(leaving.withheld) and not leaving.full & leaving.thumbs
