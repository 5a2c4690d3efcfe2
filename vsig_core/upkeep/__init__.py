"""Keeping a store in order: damage, retention, take-down."""

from vsig_core.upkeep.damage import Damage, Report
from vsig_core.upkeep.verify import verify

__all__ = ["Damage", "Report", "verify"]
