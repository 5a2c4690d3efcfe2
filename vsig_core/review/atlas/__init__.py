"""The picture map: packed for the browser, served by the app or written as a static folder."""

from vsig_core.review.atlas.export import AtlasReport, write_atlas
from vsig_core.review.atlas.serving import Head, MapLinks, map_routes

__all__ = ["AtlasReport", "Head", "MapLinks", "map_routes", "write_atlas"]
