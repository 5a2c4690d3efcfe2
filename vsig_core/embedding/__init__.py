"""Pictures to unit vectors.

Names are looked up when they are used: torch is imported only where a network is.
"""

from typing import TYPE_CHECKING, Any

from vsig_core.embedding.stored import StoredNetwork, embed_stored

if TYPE_CHECKING:
    from vsig_core.embedding.in_process import embed

__all__ = ["StoredNetwork", "embed", "embed_stored"]


def __getattr__(name: str) -> Any:
    if name != "embed":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return importlib.import_module(f"{__name__}.in_process").embed
