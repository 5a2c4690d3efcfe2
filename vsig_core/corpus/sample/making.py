"""From a plan to the files of a sample, whoever makes the pictures."""

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from vsig_core.corpus.sample.photography import detail, photographed, rephotographed, second_view
from vsig_core.corpus.sample.pictures import Box, Picture, to_jpeg
from vsig_core.corpus.sample.plan import COPY, DETAIL, DUPLICATE, Entry, Plan, names_for
from vsig_core.corpus.sample.records import Shown, draw_records
from vsig_core.corpus.sample.sittings import Truth, draw_sittings
from vsig_core.corpus.sample.writing import fresh_folder, write_tables, write_truth

Progress = Callable[[int, int], None]
Spec = TypeVar("Spec")

LONGER_SIDE = (420, 640)


@dataclass(frozen=True)
class SampleReport:
    """What a sample holds: pictures, signatures, true links, rows of the two sittings."""

    folder: Path
    images: int
    motifs: int
    links: int
    first_sitting: int
    second_sitting: int

    def as_dict(self) -> dict[str, str | int]:
        """The same as plain values, for a table or JSON."""
        return {**asdict(self), "folder": str(self.folder)}


@dataclass(frozen=True)
class Made(Generic[Spec]):
    """A picture before its last photograph, and what its maker needs to copy it."""

    picture: Picture
    spec: Spec


class Studio(Protocol[Spec]):
    """Makes pictures; signatures are numbers from 0."""

    @property
    def titles(self) -> Sequence[str]:
        """What people call each signature."""
        ...

    @property
    def kinds(self) -> Sequence[str]:
        """Signatures of one kind are alike."""
        ...

    def work(self, index: int, motifs: tuple[int, ...], rng: np.random.Generator) -> Made[Spec]:
        """A composition of its own that carries these signatures; its number in the plan.

        Works are made side by side: what comes of one may not depend on those before it.
        """
        ...

    def copy(self, model: Made[Spec], rng: np.random.Generator) -> Made[Spec]:
        """The whole composition once more, by another hand."""
        ...

    def shown(self, made: Made[Spec], motifs: tuple[int, ...]) -> Shown:
        """What a catalogue says of it."""
        ...


def make_sample(
    folder: Path, plan: Plan, studio: Studio[Spec], seed: int, progress: Progress | None
) -> SampleReport:
    """Make all pictures of a plan and write all files of the sample."""
    fresh_folder(folder)
    count = len(plan.entries)
    names = list(names_for(count, np.random.default_rng([seed, 1])))
    families: dict[int, list[int]] = defaultdict(list)
    for index in range(count):
        families[plan.root(index)].append(index)
    workshop = _Workshop(folder / "images", plan, names, studio, seed)
    made: dict[int, _Finished] = {}
    # Pillow and numpy work outside the interpreter's lock.
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        for finished in executor.map(workshop.make, families.values()):
            made |= finished
            if progress:
                progress(len(made), count)
    in_order = [made[index] for index in range(count)]
    boxes = [picture.boxes for picture in in_order]
    truth = Truth(plan, names, boxes, studio.titles, studio.kinds)
    return _write_records(folder, truth, [picture.shown for picture in in_order], seed)


@dataclass(frozen=True)
class _Finished:
    """A picture that is written: where its signatures are, and what a catalogue says of it."""

    boxes: dict[int, Box]
    shown: Shown


@dataclass(frozen=True)
class _Workshop(Generic[Spec]):
    """Makes and writes the pictures of one family after the other."""

    folder: Path
    plan: Plan
    names: Sequence[str]
    studio: Studio[Spec]
    seed: int

    def make(self, family: Sequence[int]) -> dict[int, _Finished]:
        """A work and all that is made after it; what is drawn depends on seed and index alone."""
        kept: dict[int, Made[Spec]] = {}
        finished = {}
        for index in family:
            rng = np.random.default_rng([self.seed, 4, index])
            entry = self.plan.entries[index]
            kept[index] = _make(index, entry, kept, self.studio, rng)
            final = _last_photograph(kept[index].picture, rng)
            path = self.folder / self.names[index]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(to_jpeg(final, int(rng.integers(82, 93))))
            shown = self.studio.shown(kept[index], entry.motifs)
            finished[index] = _Finished(dict(final.boxes), shown)
        return finished


def _make(
    index: int,
    entry: Entry,
    kept: dict[int, Made[Spec]],
    studio: Studio[Spec],
    rng: np.random.Generator,
) -> Made[Spec]:
    if entry.after is None:
        return studio.work(index, entry.motifs, rng)
    model = kept[entry.after]
    if entry.kind == COPY:
        return studio.copy(model, rng)
    if entry.kind == DETAIL:
        motif = entry.motifs[0] if len(entry.motifs) == 1 else None
        return Made(detail(model.picture, motif, rng), model.spec)
    again = rephotographed if entry.kind == DUPLICATE else second_view
    return Made(again(model.picture, rng), model.spec)


def _last_photograph(picture: Picture, rng: np.random.Generator) -> Picture:
    longer = int(rng.integers(LONGER_SIDE[0], LONGER_SIDE[1] + 1))
    return photographed(picture.fitted(min(longer, max(picture.image.size))), rng)


def _write_records(folder: Path, truth: Truth, shown: list[Shown], seed: int) -> SampleReport:
    metadata = draw_records(truth.plan, truth.names, shown, np.random.default_rng([seed, 5]))
    judged = draw_sittings(truth, np.random.default_rng([seed, 6]))
    links = write_truth(folder, truth)
    write_tables(folder, metadata, judged)
    return SampleReport(
        folder, len(truth.names), truth.plan.motifs, links, len(judged[0]), len(judged[1])
    )
