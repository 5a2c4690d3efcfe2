"""Keeping a store in order: damage, retention, take-down."""

from vsig_core.upkeep.caches import delete, stale_caches
from vsig_core.upkeep.clean import plan_clean
from vsig_core.upkeep.damage import Damage, Report
from vsig_core.upkeep.mend import mend
from vsig_core.upkeep.people import Renaming, plan_renaming, rename_annotator
from vsig_core.upkeep.pictures import Request, TakeDown, plan_take_down, take_down
from vsig_core.upkeep.removal import Removal, remove
from vsig_core.upkeep.verify import verify

__all__ = [
    "Damage",
    "Removal",
    "Renaming",
    "Report",
    "Request",
    "TakeDown",
    "delete",
    "mend",
    "plan_clean",
    "plan_renaming",
    "plan_take_down",
    "remove",
    "rename_annotator",
    "stale_caches",
    "take_down",
    "verify",
]
