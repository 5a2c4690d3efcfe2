"""Where the corpora of real artworks lie."""

import os
import sys
from pathlib import Path


def art_corpus() -> Path:
    """The folder `art` of the corpora; ends the benchmark with a word where it is not known."""
    corpora = os.environ.get("VSIG_CORPORA")
    if not corpora:
        sys.exit("VSIG_CORPORA does not name the folder of corpora; see docs/reproduce.md")
    return Path(corpora) / "art"
