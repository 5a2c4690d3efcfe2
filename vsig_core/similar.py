"""The nearest pictures of a picture, by the model in force and by details that they share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsig_core.current import current_images, require_pictures
from vsig_core.errors import InputError, PictureError, TableMissingError, UnknownImageError
from vsig_core.evidence import Box, Match, region_vectors
from vsig_core.pair_evidence import Ask, compared, detail_of, maps_of
from vsig_core.project import Project
from vsig_core.settings import ImagesSettings
from vsig_core.store import Store
from vsig_core.vectors import vectors_in_force

# Pictures that a part of one is compared with: a part is small, and its regions say little.
_FOR_A_PART = 1000


@dataclass(frozen=True)
class Similar:
    """One picture that was found.

    Parameters
    ----------
    rank
        From 1.
    uid, title, author
        Of the picture.
    distance
        Cosine distance.
    cluster
        Its cluster; None is noise.
    match
        What it has in common with the query, `box1` in the query; None where they were not
        compared in detail.
    """

    rank: int
    uid: str
    distance: float
    cluster: str | None
    title: str | None
    author: str | None
    match: Match | None = None


@dataclass(frozen=True)
class Closely:
    """That pictures are to be compared in detail, whatever the settings say.

    Parameters
    ----------
    box
        The part of the query that is looked for, x, y, w, h in fractions of it; None for all.
    progress
        Called as (done, total) over the pictures that have to be looked at first.
    """

    box: Box | None = None
    progress: Callable[[int, int], None] | None = None


def similar(
    project: Project, picture: str, k: int, closely: Closely | None = None
) -> list[Similar]:
    """Find the k nearest pictures.

    Compared in detail (`closely`, or [evidence] enabled), the nearest as a whole and by their
    regions come first, those with most in common before all; of a part of a picture only what
    has something in common with it is found.

    Parameters
    ----------
    project
        The project.
    picture
        A uid of the corpus, else a file.
    k
        How many.
    closely
        How to compare in detail.

    Raises
    ------
    UnknownImageError
        Neither a uid nor a file.
    InputError
        A file that is no picture, or a box that is none.
    TableMissingError
        There are no pictures or no vectors yet.
    """
    require_pictures(project.store)
    known = vectors_in_force(project.store)
    uids, vectors = known.uids, known.vectors
    if not uids:
        raise TableMissingError("There are no vectors yet. Run 'vsig run'.")
    place = {uid: row for row, uid in enumerate(uids)}
    query = vectors[place[picture]] if picture in place else _of_file(project, picture)
    distances = 1 - vectors @ query
    order = [row for row in np.argsort(distances, kind="stable") if uids[row] != picture]
    nearest = [(uids[row], float(distances[row])) for row in order]
    if closely is None and not project.settings.evidence.enabled:
        return _described(project.store, nearest[:k], {})
    matches = _matches(project, picture, [uid for uid, _ in nearest], closely or Closely())
    if closely and closely.box:
        nearest = [entry for entry in nearest if entry[0] in matches and matches[entry[0]].score]
    # Python sorts stably: what was not compared stays in its order, behind.
    nearest.sort(key=lambda entry: -matches[entry[0]].score if entry[0] in matches else 1.0)
    return _described(project.store, nearest[:k], matches)


def _matches(
    project: Project, picture: str, nearest: list[str], closely: Closely
) -> dict[str, Match]:
    """The candidates, and what each has in common with the query."""
    rows = current_images(project.store, ["uid", "sha256", "working"]).to_pylist()
    about = {row["uid"]: row for row in rows}
    copies = {row["sha256"]: row["working"] for row in rows}
    maps, most = maps_of(project), project.settings.evidence.rerank
    detail = detail_of(maps.trunk, Ask(query_picture(project, picture), closely.box))
    if closely.box:
        keys = maps.compute(copies, closely.progress)
        most, whole = max(most, _FOR_A_PART), []
    else:
        whole = [about[uid]["sha256"] for uid in nearest[:most]]
        keys = {}
    regions = maps.regions()
    here = np.array([sha in copies for sha in regions.hashes], np.bool_)
    found = regions.index.nominate(region_vectors(detail.cells), most, here)
    wanted = list(dict.fromkeys([*whole, *(regions.hashes[row] for row in found)]))
    keys |= maps.compute({sha: copies[sha] for sha in wanted if sha not in keys}, closely.progress)
    by_content = dict(zip(wanted, compared(maps, detail, keys, wanted), strict=True))
    return {
        uid: by_content[about[uid]["sha256"]]
        for uid in nearest
        if about[uid]["sha256"] in by_content
    }


def query_picture(project: Project, picture: str) -> bytes:
    """The working copy of a picture of the corpus, else of a file.

    Raises
    ------
    UnknownImageError
        Neither a uid nor a file.
    InputError
        A file that is no picture.
    """
    rows = current_images(project.store, ["working"], [picture]).to_pylist()
    if rows:
        return project.store.objects.get(rows[0]["working"])
    return _working_copy(_file(picture), project.settings.images)


def _file(picture: str) -> Path:
    path = Path(picture).expanduser()
    if not path.is_file():
        raise UnknownImageError(
            f"{picture!r} is neither a picture of the corpus (a uid, such as 'a/b.jpg') nor a file."
        )
    return path


def _of_file(project: Project, picture: str) -> NDArray[np.float32]:
    path = _file(picture)
    from vsig_core.embedding import embed
    from vsig_core.registered import stored_model

    copy = _working_copy(path, project.settings.images)
    model_id = project.store.read("vectors")["model_id"][0].as_py()
    return embed(stored_model(project.store, model_id).network.load(), [copy], 1)[0]


def _working_copy(path: Path, settings: ImagesSettings) -> bytes:
    from vsig_core.corpus import read_picture

    try:
        return read_picture(path.read_bytes(), settings).working
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except PictureError as error:
        # What is no picture is described by its first bytes, which may be anybody's secret.
        detail = "" if error.reason == "not_a_picture" else f", {error.detail}"
        raise InputError(
            f"{path} cannot be used as a picture ({error.reason}{detail}). Give a picture, such "
            "as JPEG, PNG or TIFF, or a uid of the corpus."
        ) from error


def _described(
    store: Store, found: list[tuple[str, float]], matches: dict[str, Match]
) -> list[Similar]:
    uids = [uid for uid, _ in found]
    images = current_images(store, ["uid", "title", "author"], uids).to_pylist()
    about = {row["uid"]: row for row in images}
    clusters = store.read_or_empty("clusters", columns=["uid", "cluster"]).to_pylist()
    cluster_of = {row["uid"]: row["cluster"] for row in clusters}
    return [
        Similar(
            rank,
            uid,
            distance,
            cluster_of.get(uid),
            about.get(uid, {}).get("title"),
            about.get(uid, {}).get("author"),
            matches.get(uid),
        )
        for rank, (uid, distance) in enumerate(found, start=1)
    ]
