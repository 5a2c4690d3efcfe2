"""Which pictures the corpus has: who carries which signature, and what is made after what.

Nothing is drawn here, so that drawn and composed samples share one plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vsig_core.errors import InputError

MIN_IMAGES, MIN_MOTIFS, IMAGES_PER_MOTIF = 60, 12, 4

# What a picture is: a composition of its own, or made after another one.
WORK, COPY, DUPLICATE, DETAIL, SECOND_VIEW = "work", "copy", "duplicate", "detail", "second view"


@dataclass(frozen=True)
class Entry:
    """One picture to make.

    `after` is the index of the picture it was made after, None for a work.
    """

    kind: str
    motifs: tuple[int, ...]
    after: int | None = None


@dataclass(frozen=True)
class Plan:
    """All pictures, in the order of making, and which motifs meet in one picture."""

    entries: tuple[Entry, ...]
    motifs: int
    couples: tuple[tuple[int, int], ...]

    def members(self, motif: int) -> list[int]:
        """Indices of the pictures that carry a motif."""
        return [i for i, entry in enumerate(self.entries) if motif in entry.motifs]

    def root(self, index: int) -> int:
        """The work at the start of the chain that a picture was made after."""
        after = self.entries[index].after
        return index if after is None else self.root(after)

    def object_of(self, index: int) -> int:
        """The picture of the physical object: copies are objects, photographs and views are not."""
        entry = self.entries[index]
        if entry.after is None or entry.kind == COPY:
            return index
        return self.object_of(entry.after)


def check_counts(images: int, motifs: int) -> None:
    """Refuse counts that no sensible sample has."""
    if motifs < MIN_MOTIFS or images < MIN_IMAGES or images < IMAGES_PER_MOTIF * motifs:
        fitting = max(motifs, MIN_MOTIFS)
        enough = max(images, MIN_IMAGES, IMAGES_PER_MOTIF * fitting)
        raise InputError(
            f"--images {images} --motifs {motifs}: a sample needs at least {MIN_MOTIFS} motifs, "
            f"{MIN_IMAGES} images, and {IMAGES_PER_MOTIF} images for each motif. "
            f"Take --images {enough} --motifs {fitting}."
        )


def draw_plan(images: int, motifs: int, rng: np.random.Generator) -> Plan:
    """Share out `images` pictures: about two thirds carry motifs, one in ten carries two.

    Raises
    ------
    InputError
        When the counts are too small, or too few images for the motifs.
    """
    check_counts(images, motifs)
    couples = tuple((2 * k, 2 * k + 1) for k in range(motifs // 4))
    shared = round(images / 10)
    carriers = max(round(images * 0.68), 2 * (motifs - len(couples)))
    entries: list[Entry] = []
    for k, couple in enumerate(couples):
        both = shared // len(couples) + (k < shared % len(couples))
        _add_family(entries, couple, both, rng)
    # Two members for each lone side of a couple are in already.
    singles = range(2 * len(couples), motifs)
    left = carriers - len(entries)
    sizes = _sizes(left, len(singles), rng)
    for motif, size in zip(singles, sizes, strict=True):
        _add_family(entries, (motif,), size, rng)
    _add_unrelated(entries, images - len(entries), rng)
    return Plan(tuple(entries), motifs, couples)


def _sizes(total: int, groups: int, rng: np.random.Generator) -> list[int]:
    """`groups` sizes of at least 2, different from one another, that sum to about `total`."""
    weights = rng.uniform(0.55, 1.45, groups)
    wanted = weights / weights.sum() * total
    return [max(2, int(size)) for size in wanted]


def _add_family(
    entries: list[Entry], carried: tuple[int, ...], size: int, rng: np.random.Generator
) -> None:
    """Pictures that carry all of `carried`; for two motifs also pictures of each alone."""
    start = len(entries)
    for k in range(size):
        works = [i for i in range(start, len(entries)) if entries[i].kind in (WORK, COPY)]
        kind = _draw_kind(rng) if k >= min(2, size) and works else WORK
        after = None if kind == WORK else int(rng.choice(works))
        entries.append(Entry(kind, carried, after))
    if len(carried) > 1:
        for motif in carried:
            _add_family(entries, (motif,), 2 if size < 4 else 3, rng)


def _draw_kind(rng: np.random.Generator) -> str:
    kinds = (WORK, COPY, DUPLICATE, DETAIL, SECOND_VIEW)
    return str(rng.choice(kinds, p=(0.46, 0.38, 0.06, 0.06, 0.04)))


def _add_unrelated(entries: list[Entry], count: int, rng: np.random.Generator) -> None:
    start = len(entries)
    for k in range(count):
        kind = WORK
        if k > 4 and rng.random() < 0.1:
            kind = str(rng.choice((DUPLICATE, DETAIL, SECOND_VIEW)))
        works = [i for i in range(start, len(entries)) if entries[i].kind == WORK]
        entries.append(Entry(kind, (), int(rng.choice(works)) if kind != WORK else None))


def components(plan: Plan) -> list[list[int]]:
    """Motifs grouped so that those that meet in a picture are together."""
    met = {motif for couple in plan.couples for motif in couple}
    return [list(c) for c in plan.couples] + [[m] for m in range(plan.motifs) if m not in met]


def truth_kind(plan: Plan, first: int, second: int) -> str | None:
    """What joins two pictures: duplicate, view, copy, motif, or None."""
    one, two = plan.entries[first], plan.entries[second]
    if plan.object_of(first) == plan.object_of(second):
        flat = (DETAIL, SECOND_VIEW)
        views = [e.kind in flat for e in (one, two)]
        return "view" if any(views) else "duplicate"
    if not set(one.motifs) & set(two.motifs):
        return None
    return "copy" if plan.root(first) == plan.root(second) else "motif"


def names_for(count: int, rng: np.random.Generator) -> Sequence[str]:
    """Paths under `images/` that say nothing of what the pictures show."""
    drawers = max(2, min(9, count // 40))
    numbers = (
        rng.permutation(9000)[:count] + 1000 if count <= 9000 else rng.permutation(count) + 10000
    )
    return [f"drawer-{1 + int(n) % drawers}/{int(n)}.jpg" for n in numbers]
