"""Local evidence on pictures of the corpus: what two of them have in common, and where."""

from vsig_core.pair_evidence.kept import Pair, kept_evidence
from vsig_core.pair_evidence.maps import Maps, maps_of
from vsig_core.pair_evidence.pairs import (
    Ask,
    Detail,
    compared,
    detail_of,
    evidence_of,
    evidence_with,
    pair_evidence,
)
from vsig_core.pair_evidence.table import evidence_table

__all__ = [
    "Ask",
    "Detail",
    "Maps",
    "Pair",
    "compared",
    "detail_of",
    "evidence_of",
    "evidence_table",
    "evidence_with",
    "kept_evidence",
    "maps_of",
    "pair_evidence",
]
