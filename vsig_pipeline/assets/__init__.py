"""The assets of the loop, in the order of DESIGN §1."""

from vsig_pipeline.assets.annotations import annotations, morphograph, triplets
from vsig_pipeline.assets.clusters import (
    atlas,
    clusters,
    embeddings,
    groups,
    layout,
    neighbours,
    review_queue,
    vectors,
)
from vsig_pipeline.assets.corpus import corpus, images
from vsig_pipeline.assets.evidence import pair_evidence
from vsig_pipeline.assets.model import candidate_model, evaluation, model

ASSETS = [
    images,
    corpus,
    annotations,
    morphograph,
    triplets,
    candidate_model,
    evaluation,
    model,
    embeddings,
    vectors,
    neighbours,
    clusters,
    layout,
    groups,
    atlas,
    pair_evidence,
    review_queue,
]
