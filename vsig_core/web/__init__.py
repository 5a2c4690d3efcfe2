"""Fetching from the web, politely: paced, patient, bounded, and never the same thing twice."""

from vsig_core.web.cache import Fetched
from vsig_core.web.client import Web

__all__ = ["Fetched", "Web"]
