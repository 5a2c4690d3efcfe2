"""A corpus that is drawn from nothing but a seed."""

from pathlib import Path

import numpy as np

from vsig_core.corpus.sample.making import Made, Progress, SampleReport, make_sample
from vsig_core.corpus.sample.media import MEDIA
from vsig_core.corpus.sample.motifs import draw_motif, kinds_in_turn
from vsig_core.corpus.sample.plan import Plan, draw_plan
from vsig_core.corpus.sample.records import Shown
from vsig_core.corpus.sample.scene import (
    Lead,
    Look,
    Scene,
    draw_copy,
    draw_home,
    draw_look,
    draw_scene,
    paint,
    without_one,
)


def draw_sample(
    folder: Path,
    *,
    images: int = 600,
    motifs: int = 80,
    seed: int = 7,
    progress: Progress | None = None,
) -> SampleReport:
    """Draw a corpus with known signatures.

    Parameters
    ----------
    folder
        Gets `images/`, `metadata.csv`, `links.csv`, `signatures.csv`,
        `annotations-1.csv` and `annotations-2.csv`.
    images, motifs
        At least 60 and 12, and four images for each motif.
    seed
        The same seed (and versions of numpy and Pillow) gives the same bytes.

    Raises
    ------
    InputError
        When the counts are too small, or the folder holds a sample already.
    """
    plan = draw_plan(images, motifs, np.random.default_rng([seed, 0]))
    return make_sample(folder, plan, _DrawingStudio(plan, seed), seed, progress)


class _DrawingStudio:
    """Draws figures of its own and scenes around them."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self.kinds = kinds_in_turn(plan.motifs, np.random.default_rng([seed, 2]))
        signatures = [
            draw_motif(kind, number, np.random.default_rng([seed, 3, number]))
            for number, kind in enumerate(self.kinds)
        ]
        self.titles = [signature.name for signature in signatures]
        # Signatures that meet in a picture come from one workshop.
        homes = {motif: couple[0] for couple in plan.couples for motif in couple}
        self._leads = [
            Lead(
                signature.kind,
                signature.figure,
                draw_home(np.random.default_rng([seed, 7, homes.get(number, number)])),
                number,
            )
            for number, signature in enumerate(signatures)
        ]

    def work(
        self,
        index: int,  # noqa: ARG002
        motifs: tuple[int, ...],
        rng: np.random.Generator,
    ) -> Made[tuple[Scene, Look]]:
        scene = draw_scene({motif: self._leads[motif] for motif in motifs}, rng)
        look = draw_look(rng, self._leads[motifs[0]].home if motifs else None)
        return Made(paint(scene, look), (scene, look))

    def copy(
        self, model: Made[tuple[Scene, Look]], rng: np.random.Generator
    ) -> Made[tuple[Scene, Look]]:
        scene, look = without_one(model.spec[0], rng), draw_copy(model.spec[1], rng)
        return Made(paint(scene, look), (scene, look))

    def shown(self, made: Made[tuple[Scene, Look]], motifs: tuple[int, ...]) -> Shown:
        scene, look = made.spec
        leading = [self.kinds[motif] for motif in motifs]
        others = [actor.kind for actor in scene.actors if actor.motif is None]
        return Shown(tuple(leading + others), MEDIA[look.medium].words)
