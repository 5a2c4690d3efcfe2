"""What is in force now, of tables that also hold what was."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from vsig_core.annotations import Aliases, follow_aliases, nearly_same
from vsig_core.corpus import Leaving, what_may_leave
from vsig_core.corpus.publishing import NEEDED
from vsig_core.errors import TableMissingError
from vsig_core.model import champion
from vsig_core.store import Store


def current_images(
    store: Store, columns: Sequence[str] | None = None, uids: Sequence[str] | None = None
) -> pa.Table:
    """The pictures of the corpus, by uid: rows of `images` whose batch is in `corpus`.

    A batch whose pictures were all taken away leaves the corpus; its rows stay readable.

    Parameters
    ----------
    columns
        Columns to read; all where left out.
    uids
        Pictures to read; all where left out.
    """
    batches = store.read_or_empty("corpus", columns=["batch"])["batch"].to_pylist()
    among = {"batch": batches} if uids is None else {"batch": batches, "uid": uids}
    return store.read_or_empty("images", columns=columns, among=among)


def leaving_now(store: Store) -> Leaving:
    """Which pictures may leave the project today, by `publish` and `embargo_until`."""
    return what_may_leave(current_images(store, list(NEEDED)))


def require_pictures(store: Store) -> None:
    """Tell a project that has nothing yet from a name that is wrong.

    Raises
    ------
    TableMissingError
        The corpus has no pictures.
    """
    if not store.count("corpus"):
        raise TableMissingError(
            "The project has no pictures yet. Name a folder of them under [[source]] in "
            "vsig.toml, then run 'vsig run'."
        )


def champion_id(store: Store) -> str:
    """The model in force.

    Raises
    ------
    TableMissingError
        No run has been made yet.
    """
    found = champion(store.read_or_empty("models"))
    if found is None:
        raise TableMissingError("No model is in force yet. Run 'vsig run'.")
    return found["model_id"]


def alias_rows(store: Store) -> list[dict[str, Any]]:
    """Rows of `aliases`, the oldest first."""
    return (
        store.read_or_empty("aliases")
        .sort_by([("at", "ascending"), ("old_uid", "ascending")])
        .to_pylist()
    )


def aliases(store: Store) -> Aliases:
    """Which pictures are meant by the ids that pictures had."""
    rows = alias_rows(store)
    if not rows:
        return Aliases()
    images = current_images(store, ["uid", "sha256"])
    hashes = dict(zip(images["uid"].to_pylist(), images["sha256"].to_pylist(), strict=True))
    contents = store.read_or_empty("contents")
    phashes = dict(zip(contents["sha256"].to_pylist(), contents["phash"].to_pylist(), strict=True))
    return Aliases(rows, hashes, nearly_same(phashes))


def taken_down(store: Store) -> frozenset[str]:
    """Ids and contents of the pictures that `vsig purge` took down: they do not come back."""
    rows = store.read_or_empty("tombstones", columns=["uid", "sha256"])
    return frozenset([*rows["uid"].to_pylist(), *rows["sha256"].to_pylist()]) - {""}


def current_annotations(store: Store) -> pa.Table:
    """The log of judgements, by the ids that the pictures have now."""
    return follow_aliases(store.read_or_empty("annotations"), aliases(store))
