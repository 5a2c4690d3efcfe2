"""Pictures whose file was given another content."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa


def replacements(
    known: pa.Table, images: pa.Table, looks_same: Callable[[str, str], bool]
) -> list[dict[str, Any]]:
    """Rows for `replaced_images`: pictures that show something else now.

    Parameters
    ----------
    known, images
        Rows of `images` of one batch, before and after it was read.
    looks_same
        Whether two contents, by sha256, are nearly the same picture.
    """
    before = dict(zip(known["uid"].to_pylist(), known["sha256"].to_pylist(), strict=True))
    now = datetime.now(UTC)
    return [
        {
            "uid": uid,
            "before": before[uid],
            "after": sha256,
            "nearly": looks_same(before[uid], sha256),
            "at": now,
        }
        for uid, sha256 in zip(images["uid"].to_pylist(), images["sha256"].to_pylist(), strict=True)
        if before.get(uid, sha256) != sha256
    ]
