"""The pool: every judged picture and a fixed sample of others.

Mining and evaluation work on it with any model at hand, so that neither waits for
the whole corpus to be embedded.
"""

import hashlib
from collections.abc import Sequence

import pyarrow as pa

from vsig_core.current import current_annotations, current_images
from vsig_core.store import Store


def judged_uids(store: Store) -> set[str]:
    """Pictures that some judgement names."""
    log = current_annotations(store)
    named = {*log["img1"].to_pylist(), *log["img2"].to_pylist()} - {None}
    return named.union(*(members or () for members in log["members"].to_pylist()))


def pool_of(uids: Sequence[str], judged: set[str], size: int) -> list[str]:
    """Members of the pool, sorted.

    The sample takes the smallest hashes of the uid, so it hardly moves while the
    corpus grows.
    """
    others = sorted((uid for uid in uids if uid not in judged), key=_draw)[:size]
    return sorted({*others, *judged.intersection(uids)})


def pool_images(store: Store, size: int, columns: Sequence[str]) -> pa.Table:
    """Rows of `images` that are in the pool, by uid.

    Parameters
    ----------
    size
        Most pictures that nobody judged.
    columns
        Columns to read, uid among them.
    """
    uids = current_images(store, ["uid"])["uid"].to_pylist()
    return current_images(store, columns, pool_of(uids, judged_uids(store), size))


def _draw(uid: str) -> bytes:
    return hashlib.sha256(uid.encode()).digest()
