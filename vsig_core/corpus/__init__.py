"""Pictures: what the sources hold, which batch each belongs to, and reading them."""

from vsig_core.corpus.columns import ImageColumns, image_columns
from vsig_core.corpus.dates import parse_years
from vsig_core.corpus.images import BatchRead, read_batch
from vsig_core.corpus.listing import ListedFile, Listing, list_source, list_sources
from vsig_core.corpus.pictures import Picture, perceptual_hash, read_picture
from vsig_core.corpus.planning import BatchPlan, plan_batches

__all__ = [
    "BatchPlan",
    "BatchRead",
    "ImageColumns",
    "ListedFile",
    "Listing",
    "Picture",
    "image_columns",
    "list_source",
    "list_sources",
    "parse_years",
    "perceptual_hash",
    "plan_batches",
    "read_batch",
    "read_picture",
]
