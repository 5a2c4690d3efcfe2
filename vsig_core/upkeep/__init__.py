"""Keeping a store in order: damage, retention, take-down."""

from vsig_core.upkeep.caches import delete, stale_caches
from vsig_core.upkeep.clean import plan_clean
from vsig_core.upkeep.damage import Damage, Report
from vsig_core.upkeep.removal import Removal, remove
from vsig_core.upkeep.verify import verify

__all__ = [
    "Damage",
    "Removal",
    "Report",
    "delete",
    "plan_clean",
    "remove",
    "stale_caches",
    "verify",
]
