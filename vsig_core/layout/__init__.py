"""2D maps that stay put."""

from vsig_core.layout.placing import Points, lay_out
from vsig_core.layout.quality import LayoutQuality, layout_quality

__all__ = ["LayoutQuality", "Points", "lay_out", "layout_quality"]
