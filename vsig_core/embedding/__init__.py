"""Pictures to unit vectors."""

from vsig_core.embedding.embed import embed

__all__ = ["embed"]
