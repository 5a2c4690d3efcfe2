"""The map: where pictures lie, and a picture of it."""

import pyarrow as pa

from vsig_core.clustering import (
    lists_of,
)
from vsig_core.current import current_images
from vsig_core.layout import Points, lay_out, layout_quality
from vsig_core.review import (
    draw_map,
    plot_dots,
)
from vsig_core.store import schema
from vsig_core.vectors import vectors_in_force
from vsig_pipeline.assets.declare import computes
from vsig_pipeline.assets.figures import caveats, cluster_names, rounded
from vsig_pipeline.execution import Inputs, Outcome
from vsig_pipeline.renaming import Renaming


@computes("umaplearn")
def layout(inputs: Inputs) -> Outcome:
    """The map: what looks alike lies close, in two dimensions.

    It goes on from the map before, so that people find pictures where they were. Distances
    across the map mean little; what lies side by side does.
    """
    in_force = vectors_in_force(inputs.store)
    neighbours_now = inputs.read("neighbours")
    lists = lists_of(neighbours_now, in_force.uids)
    points = Points(in_force.uids, in_force.vectors, *lists)
    renaming = Renaming(inputs)
    before = renaming.read("layout")
    previous = before if before.num_rows else None
    placed = lay_out(points, previous, inputs.settings.layout)
    quality = layout_quality(points, placed, previous)
    return Outcome(
        {"layout": placed},
        facts={
            "trustworthiness": rounded(quality.trustworthiness),
            "neighbourhood kept": rounded(quality.neighbourhood_kept),
            "median displacement": rounded(quality.displacement),
            **caveats(neighbours_now),
            **renaming.facts,
        },
    )


@computes("pillow")
def atlas(inputs: Inputs) -> Outcome:
    """A picture of the whole map: thumbnails where they lie, framed by cluster.

    It stays in the store; Dagster's log gets dots, not pictures (`publish`).
    """
    rows, clusters_now = inputs.read("layout"), inputs.read("clusters")
    clusters_of = cluster_names(clusters_now)
    images = current_images(inputs.store, ["uid", "thumb"])
    thumbs = dict(zip(images["uid"].to_pylist(), images["thumb"].to_pylist(), strict=True))
    picture = inputs.store.objects.put("atlas", draw_map(rows, clusters_of, thumbs), "png")
    return Outcome(
        {"atlas": pa.Table.from_pylist([{"name": "map", "picture": picture}], schema("atlas"))},
        facts={"picture": inputs.store.objects.uri(picture), **caveats(clusters_now)},
        plots={"map": plot_dots(rows, clusters_of)},
    )
