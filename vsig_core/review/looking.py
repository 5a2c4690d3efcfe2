"""Pictures that people bring, and pairs they ask about: looked at by a process of its own.

A hostile file that crashes a decoder ends that process and not the app, and torch
is never imported here.
"""

import functools
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vsig_core.corpus import read_picture
from vsig_core.embedding import StoredNetwork
from vsig_core.errors import InputError, PictureError, TableMissingError
from vsig_core.evidence import Match
from vsig_core.pair_evidence import Ask, evidence_with, pair_evidence
from vsig_core.project import Project, open_project
from vsig_core.registered import stored_model
from vsig_core.settings import ImagesSettings
from vsig_core.vectors import vectors_in_force
from vsig_core.workers import local_processes

if TYPE_CHECKING:
    from vsig_core.model import Network

Box = tuple[float, float, float, float]
# A detail of a few pixels says nothing to a network.
SMALLEST_DETAIL = 24


@dataclass(frozen=True)
class Seen:
    """A picture that was looked at.

    Parameters
    ----------
    working
        Its working copy, JPEG.
    vector
        Unit length, by the model in force.
    """

    working: bytes
    vector: NDArray[np.float32]


def look_at(project: Project, data: bytes, box: Box | None = None) -> Seen:
    """Describe a picture, or a detail of it, by the model in force.

    Parameters
    ----------
    data
        A picture file.
    box
        x, y, width, height in fractions of the picture; the whole where None.

    Raises
    ------
    InputError
        It is no picture, too large, or the detail too small.
    WorkerLostError
        It crashes the decoder.
    TableMissingError
        There are no vectors yet.
    """
    listed = project.store.read_or_empty("vectors", columns=["model_id"])
    if not listed.num_rows:
        raise TableMissingError("There are no vectors yet. Run 'vsig run'.")
    network = stored_model(project.store, listed["model_id"][0].as_py()).network
    try:
        return (
            local_processes(1).submit(_seen, network, data, box, project.settings.images).result()
        )
    except PictureError as error:
        detail = "" if error.reason == "not_a_picture" else f", {error.detail}"
        raise InputError(
            f"This file cannot be used as a picture ({error.reason}{detail}). Give a JPEG, PNG, "
            "TIFF or WebP."
        ) from error


def match_of(project: Project, uid1: str, uid2: str) -> Match:
    """What two pictures of the corpus have in common, part by part; see `pair_evidence`.

    Raises
    ------
    WorkerLostError
        The process that compares them died.
    """
    return local_processes(1).submit(_matched, project.folder, uid1, uid2).result()


def matches_of(project: Project, ask: Ask, uids: Sequence[str]) -> list[Match]:
    """What a picture, or a detail of it, has in common with others; see `evidence_with`.

    Raises
    ------
    InputError
        The box leaves the picture.
    WorkerLostError
        The process that compares them died.
    """
    return local_processes(1).submit(_matched_all, project.folder, ask, list(uids)).result()


def nearest(
    project: Project, vector: NDArray[np.float32], most: int, without: str | None = None
) -> list[tuple[str, float]]:
    """The pictures nearest to a vector, as (uid, cosine distance), nearest first.

    Parameters
    ----------
    without
        A picture to leave out.

    Raises
    ------
    TableMissingError
        There are no vectors yet.
    """
    known = vectors_in_force(project.store)
    if not known.uids:
        raise TableMissingError("There are no vectors yet. Run 'vsig run'.")
    distances = 1 - known.vectors @ vector
    order = np.argsort(distances, kind="stable")[: most + 1]
    found = [(known.uids[row], max(0.0, float(distances[row]))) for row in order]
    return [(uid, distance) for uid, distance in found if uid != without][:most]


def _matched(folder: Path, uid1: str, uid2: str) -> Match:
    """In the worker, which may import torch."""
    return pair_evidence(open_project(folder), uid1, uid2)


def _matched_all(folder: Path, ask: Ask, uids: list[str]) -> list[Match]:
    return evidence_with(open_project(folder), ask, uids)


def _seen(network: StoredNetwork, data: bytes, box: Box | None, settings: ImagesSettings) -> Seen:
    """In the worker: decode, cut, describe."""
    from vsig_core.embedding import embed

    working = read_picture(data, settings).working
    if box is not None:
        working = _cut(working, box, settings.jpeg_quality)
    return Seen(working, embed(_loaded(network), [working], 1)[0])


@functools.lru_cache(maxsize=1)
def _loaded(network: StoredNetwork) -> "Network":
    return network.load()


def _cut(jpeg: bytes, box: Box, quality: int) -> bytes:
    with Image.open(io.BytesIO(jpeg)) as picture:
        wide, high = picture.size
        x, y, w, h = box
        edges = (round(x * wide), round(y * high), round((x + w) * wide), round((y + h) * high))
        if min(edges[2] - edges[0], edges[3] - edges[1]) < SMALLEST_DETAIL:
            raise PictureError("too_small", f"the detail is below {SMALLEST_DETAIL} pixels")
        out = io.BytesIO()
        picture.crop(edges).save(out, "JPEG", quality=quality)
    return out.getvalue()
