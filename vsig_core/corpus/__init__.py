"""Pictures: what the sources hold, which batch each belongs to, and reading them."""

from vsig_core.corpus.asking import PASSING_REASONS, due_again
from vsig_core.corpus.columns import ImageColumns, image_columns
from vsig_core.corpus.dates import parse_years
from vsig_core.corpus.images import BatchRead, NextBatch, read_batch
from vsig_core.corpus.listing import ListedFile, Listing, list_source, list_sources
from vsig_core.corpus.moving import Contents, Move
from vsig_core.corpus.originals import content_of
from vsig_core.corpus.pictures import Picture, perceptual_hash, read_picture
from vsig_core.corpus.planning import BatchPlan, plan_batches, present
from vsig_core.corpus.publishing import Leaving, what_may_leave
from vsig_core.corpus.reading import ReadAhead
from vsig_core.corpus.replacing import replacements

__all__ = [
    "PASSING_REASONS",
    "BatchPlan",
    "BatchRead",
    "Contents",
    "ImageColumns",
    "Leaving",
    "ListedFile",
    "Listing",
    "Move",
    "NextBatch",
    "Picture",
    "ReadAhead",
    "content_of",
    "due_again",
    "image_columns",
    "list_source",
    "list_sources",
    "parse_years",
    "perceptual_hash",
    "plan_batches",
    "present",
    "read_batch",
    "read_picture",
    "replacements",
    "what_may_leave",
]
