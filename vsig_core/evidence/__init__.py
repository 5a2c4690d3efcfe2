"""Where two pictures show the same thing: cells of their maps, matched and put to a vote.

Everything here works on arrays; only `trunk` needs a network. Names are looked up when
they are used: torch and numba are imported only where they work.
"""

import importlib
from typing import TYPE_CHECKING, Any

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
    from vsig_core.evidence.matching import Match, compare
    from vsig_core.evidence.regions import RegionIndex, region_vectors
    from vsig_core.evidence.trunk import Trunk

_HOMES = {
    "cells": ("Box", "Cells", "cells_of", "check_box", "inside", "mirrored", "pack", "unpack"),
    "matching": ("Match", "compare"),
    "regions": ("RegionIndex", "region_vectors"),
    "trunk": ("Trunk",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Box",
    "Cells",
    "Match",
    "RegionIndex",
    "Trunk",
    "cells_of",
    "check_box",
    "compare",
    "inside",
    "mirrored",
    "pack",
    "region_vectors",
    "unpack",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
