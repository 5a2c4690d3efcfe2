"""Where two pictures show the same thing: cells of their maps, matched and put to a vote.

Everything here works on arrays; only `trunk` needs a network. Names are looked up when
they are used: torch and numba are imported only where they work.
"""

from typing import TYPE_CHECKING

from vsig_core.lazy import lazily

if TYPE_CHECKING:
    from vsig_core.evidence.cells import (
        Box,
        Cells,
        cells_of,
        check_box,
        inside,
        mirrored,
        pack,
        unpack,
    )
    from vsig_core.evidence.matching import Match, chance, compare
    from vsig_core.evidence.regions import RegionIndex, region_vectors
    from vsig_core.evidence.trunk import Trunk

__getattr__ = lazily(
    __name__,
    {
        "cells": ("Box", "Cells", "cells_of", "check_box", "inside", "mirrored", "pack", "unpack"),
        "matching": ("Match", "chance", "compare"),
        "regions": ("RegionIndex", "region_vectors"),
        "trunk": ("Trunk",),
    },
)

__all__ = [
    "Box",
    "Cells",
    "Match",
    "RegionIndex",
    "Trunk",
    "cells_of",
    "chance",
    "check_box",
    "compare",
    "inside",
    "mirrored",
    "pack",
    "region_vectors",
    "unpack",
]
