"""IIIF: pictures and their words from manifests, collections and streams of changes.

Presentation API 2 and 3, Image API 1 to 3, Change Discovery 1. See https://iiif.io/api/.
"""

from vsig_core.corpus.iiif.source import IiifSource

__all__ = ["IiifSource"]
