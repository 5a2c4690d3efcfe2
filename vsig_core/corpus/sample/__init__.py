"""Sample corpora with known signatures: drawn, or composed from real pictures."""

from vsig_core.corpus.sample.composing import compose_sample
from vsig_core.corpus.sample.drawing import draw_sample
from vsig_core.corpus.sample.making import SampleReport

__all__ = ["SampleReport", "compose_sample", "draw_sample"]
