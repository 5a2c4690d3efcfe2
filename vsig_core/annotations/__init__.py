"""Judgements: file formats, the log, the morphograph, and what is mined from it."""

from vsig_core.annotations.acts import Act, rows_of_act
from vsig_core.annotations.aliases import Aliases, renames
from vsig_core.annotations.answers import latest_answers
from vsig_core.annotations.boxes import Box, read_box, write_box
from vsig_core.annotations.check import check_file
from vsig_core.annotations.conflicts import conflict_id
from vsig_core.annotations.contents import nearly_same
from vsig_core.annotations.duplicates import representatives
from vsig_core.annotations.formats import (
    EVIDENCE_COLUMNS,
    AnnotationFile,
    read_annotations,
    write_annotations,
)
from vsig_core.annotations.ingest import IngestResult, Known, ingest_file
from vsig_core.annotations.links import Link
from vsig_core.annotations.log import (
    UNKNOWN_IMAGE,
    MissingPicture,
    follow_aliases,
    missing_pictures,
    new_rows,
    unknown_images,
    waiting_rows,
)
from vsig_core.annotations.morphograph import Morphograph, build_morphograph, links_in_force
from vsig_core.annotations.reading import ends_within_line
from vsig_core.annotations.retraction import ids_in_force
from vsig_core.annotations.triplets import TripletSources, mine_triplets
from vsig_core.annotations.unsure import unsure_pairs
from vsig_core.annotations.verdicts import Verdict, verdicts_in_force
from vsig_core.store.schema import SEPARATING

__all__ = [
    "EVIDENCE_COLUMNS",
    "SEPARATING",
    "UNKNOWN_IMAGE",
    "Act",
    "Aliases",
    "AnnotationFile",
    "Box",
    "IngestResult",
    "Known",
    "Link",
    "MissingPicture",
    "Morphograph",
    "TripletSources",
    "Verdict",
    "build_morphograph",
    "check_file",
    "conflict_id",
    "ends_within_line",
    "follow_aliases",
    "ids_in_force",
    "ingest_file",
    "latest_answers",
    "links_in_force",
    "mine_triplets",
    "missing_pictures",
    "nearly_same",
    "new_rows",
    "read_annotations",
    "read_box",
    "renames",
    "representatives",
    "rows_of_act",
    "unknown_images",
    "unsure_pairs",
    "verdicts_in_force",
    "waiting_rows",
    "write_annotations",
    "write_box",
]
