"""The assets of the loop, in the order of DESIGN §1."""

from vsig_pipeline.assets.annotations import annotations, morphograph, triplets
from vsig_pipeline.assets.clusters import clusters, neighbours
from vsig_pipeline.assets.corpus import corpus, images
from vsig_pipeline.assets.evidence import pair_evidence
from vsig_pipeline.assets.groups import groups, review_queue
from vsig_pipeline.assets.map import atlas, layout
from vsig_pipeline.assets.model import candidate_model, evaluation, model
from vsig_pipeline.assets.vectors import embeddings, vectors

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
