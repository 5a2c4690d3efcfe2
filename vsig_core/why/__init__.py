"""`vsig why`: why a picture is where it is, or two are together or apart.

Reads tables only, without a network: fast enough for the review app.
"""

from vsig_core.why.answer import Change, Hop, Judged, Nearest, Why
from vsig_core.why.finding import why
from vsig_core.why.words import in_words

__all__ = ["Change", "Hop", "Judged", "Nearest", "Why", "in_words", "why"]
