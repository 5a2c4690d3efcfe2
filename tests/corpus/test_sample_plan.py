import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vsig_core.corpus.sample.plan import Entry, Plan, components, draw_plan, truth_kind


@settings(max_examples=25, deadline=None)
@given(st.integers(12, 120), st.integers(0, 400), st.integers(0, 2**31))
def test_any_counts_give_exactly_so_many_pictures_and_each_motif_two_compositions(
    motifs, more, seed
):
    images = max(60, 4 * motifs) + more
    plan = draw_plan(images, motifs, np.random.default_rng(seed))
    assert len(plan.entries) == images
    for motif in range(motifs):
        members = plan.members(motif)
        assert len({plan.root(i) for i in members}) >= 2
    assert sum(len(e.motifs) == 2 for e in plan.entries) == round(images / 10)
    assert all(e.after is None or e.after < i for i, e in enumerate(plan.entries))


@pytest.mark.parametrize("seed", [7, 8, 9])
def test_the_default_size_has_some_sixty_components_of_two_to_twelve_pictures(seed):
    plan = draw_plan(600, 80, np.random.default_rng([seed, 0]))
    groups = components(plan)
    sizes = [len({i for motif in group for i in plan.members(motif)}) for group in groups]
    assert len(groups) == 60
    assert min(sizes) >= 2
    assert max(sizes) <= 14
    unrelated = sum(not entry.motifs for entry in plan.entries)
    assert 100 <= unrelated <= 250


def test_what_joins_two_pictures_worked_by_hand():
    plan = Plan(
        (
            Entry("work", (0,)),  # 0
            Entry("work", (0,)),  # 1: the motif elsewhere
            Entry("copy", (0,), 0),  # 2: the composition once more
            Entry("duplicate", (0,), 2),  # 3: a second photograph of the copy
            Entry("detail", (0,), 0),  # 4
            Entry("work", ()),  # 5: unrelated
            Entry("second view", (), 5),  # 6
        ),
        1,
        (),
    )
    kinds = {(a, b): truth_kind(plan, a, b) for a in range(7) for b in range(a + 1, 7)}
    assert kinds[0, 1] == "motif"
    assert kinds[0, 2] == "copy"
    assert kinds[2, 3] == "duplicate"
    assert kinds[0, 3] == "copy"
    assert kinds[0, 4] == "view"
    assert kinds[2, 4] == "copy"
    assert kinds[1, 4] == "motif"
    assert kinds[0, 5] is None
    assert kinds[5, 6] == "view"
