"""What the sources hold now, compared with what is planned: the table `batches`."""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime

import pyarrow as pa

from vsig_core.corpus import (
    PASSING_REASONS,
    BatchPlan,
    Contents,
    Listing,
    content_of,
    due_again,
    list_source,
    list_sources,
    plan_batches,
    present,
)
from vsig_core.current import current_images, taken_down
from vsig_core.errors import InputError, SourceError
from vsig_core.project import Project
from vsig_core.store import Provenance, digest, empty, on_fresh_data
from vsig_pipeline.arrivals import is_annotation_file
from vsig_pipeline.moves import record_moves

MOST_PLANS = 5


def plan_sources(project: Project, *, at_once: bool = False) -> BatchPlan:
    """Compare the sources with what is planned; writes nothing.

    Parameters
    ----------
    project
        The project.
    at_once
        A person asks: for pictures that could not be had now, instead of after their pause; and
        what an address of the web leads to now.

    Raises
    ------
    SourceError
        A source cannot be listed, or holds no picture any more.
    InputError
        The store is another than the one that judgements were taken into.
    """
    settings, store = project.settings, project.store
    # First of all: whatever is written or taken down from now on makes this plan too old.
    base = store.version("batches")
    if base is None:
        refuse_to_begin_anew(project)
    planned = empty("batches") if base is None else store.read("batches", version=base)
    web = project.web.at_once() if at_once else project.web
    listing = list_sources(settings.source, project.folder, web)
    purged = taken_down(store)
    _refuse_emptied(project, planned, listing, purged)
    lacking = store.read_or_empty(
        "rejected_images", columns=["uid"], among={"reason": PASSING_REASONS}
    )
    plan = plan_batches(
        planned,
        _without_words(listing, purged),
        settings.images.batch_size,
        Contents(lambda: _hashes(project), content_of),
        due_again(
            planned.to_pylist() if lacking.num_rows else [],
            set(lacking["uid"].to_pylist()),
            datetime.now(UTC),
            at_once=at_once,
        ),
    )
    return replace(plan, base=base)


def refuse_to_begin_anew(project: Project) -> None:
    """Before the first rows of a store: that judgements were never taken into another one.

    Raises
    ------
    InputError
        The inbox says that they were.
    """
    if project.store.version("annotations") is not None:
        return
    taken = [file.name for file in project.inbox.list("done") if is_annotation_file(file.name)]
    if taken:
        raise InputError(
            f"The store {project.store.location.root} holds no judgements, but {len(taken)} "
            f"annotation files were taken into one: {project.inbox.uri(taken[0])}"
            f"{' and others' if len(taken) > 1 else ''}. It may be a disk that is not mounted, or "
            "the wrong address: bring it back, or correct 'store' in vsig.toml. To begin anew with "
            "an empty store, move these files back into the inbox."
        )


def require_sources(project: Project, uris: Iterable[str]) -> None:
    """That sources can still be listed: pictures that are missing may be all of a disk.

    Raises
    ------
    SourceError
        One cannot, or holds no picture any more.
    """
    wanted = set(uris)
    for source in project.settings.source:
        if source.uri in wanted and not list_source(source, project.folder, project.web).files:
            raise SourceError(_emptied(source.uri, "some"))


def _refuse_emptied(
    project: Project, planned: pa.Table, listing: Listing, purged: AbstractSet[str]
) -> None:
    """A disk that is not mounted looks like an empty folder: that removes no picture."""
    known = Counter(
        row["source"]
        for row in present(planned).select(["uid", "source"]).to_pylist()
        if row["uid"] not in purged
    )
    now = {file.source for file in listing.files}
    for source in project.settings.source:
        if known[source.uri] and source.uri not in now:
            raise SourceError(_emptied(source.uri, str(known[source.uri])))


def _emptied(uri: str, count: str) -> str:
    return (
        f"Source {uri!r} holds no pictures any more, where it held {count}. Is it mounted? Nothing "
        "was changed. To remove all its pictures, take its [[source]] out of vsig.toml."
    )


def _hashes(project: Project) -> dict[str, str]:
    """The sha256 of each picture as it was read last."""
    images = current_images(project.store, ["uid", "sha256"])
    return dict(zip(images["uid"].to_pylist(), images["sha256"].to_pylist(), strict=True))


def _without_words(listing: Listing, uids: AbstractSet[str]) -> Listing:
    """The listing, with nothing of what the catalogue says of pictures that were taken down."""
    files = [replace(file, metadata={}) if file.uid in uids else file for file in listing.files]
    return replace(listing, files=files)


def record_plan(project: Project, plan: BatchPlan) -> None:
    """Write a plan to the store, where it says something new.

    Moves first: seen again after a crash between the two, they are known already.

    Raises
    ------
    ConflictError
        Somebody else has written to `batches` since the plan was made.
    """
    if plan.moved:
        record_moves(project.store, plan.moved, plan.base)
    if plan.touched or plan.base is None:
        content = digest(plan.table.to_pylist())
        provenance = Provenance("listing", key=content, data_version=content, code="1")
        project.store.write("batches", plan.table, provenance, base=plan.base)


def record_sources(project: Project, *, at_once: bool = False) -> BatchPlan:
    """Compare the sources with what is planned, and write the new plan.

    Where another process did the same meanwhile, or took a picture down, they are
    compared again: an older look at the sources does not undo a newer one.

    Parameters
    ----------
    project, at_once
        See `plan_sources`.

    Raises
    ------
    ConflictError
        Others came before each of several tries.
    """

    def once() -> BatchPlan:
        plan = plan_sources(project, at_once=at_once)
        record_plan(project, plan)
        return plan

    return on_fresh_data(once, MOST_PLANS)
