"""The nearest pictures of a picture, by the model in force."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vsig_core.current import current_images, require_pictures
from vsig_core.errors import InputError, PictureError, TableMissingError, UnknownImageError
from vsig_core.project import Project
from vsig_core.settings import ImagesSettings
from vsig_core.store import Store
from vsig_core.vectors import vectors_in_force


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
    """

    rank: int
    uid: str
    distance: float
    cluster: str | None
    title: str | None
    author: str | None


def similar(project: Project, picture: str, k: int) -> list[Similar]:
    """Find the k nearest pictures.

    Parameters
    ----------
    project
        The project.
    picture
        A uid of the corpus, else a file.
    k
        How many.

    Raises
    ------
    UnknownImageError
        Neither a uid nor a file.
    InputError
        A file that is no picture.
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
    order = [row for row in np.argsort(distances, kind="stable") if uids[row] != picture][:k]
    return _described(project.store, [(uids[row], float(distances[row])) for row in order])


def _of_file(project: Project, picture: str) -> NDArray[np.float32]:
    path = Path(picture).expanduser()
    if not path.is_file():
        raise UnknownImageError(
            f"{picture!r} is neither a picture of the corpus (a uid, such as 'a/b.jpg') nor a file."
        )
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


def _described(store: Store, found: list[tuple[str, float]]) -> list[Similar]:
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
        )
        for rank, (uid, distance) in enumerate(found, start=1)
    ]
