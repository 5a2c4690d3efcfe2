"""The desk at which people judge: the edition that is shown, and everything that was said."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence

from vsig_core.annotations import Act
from vsig_core.errors import VsigError
from vsig_core.project import Project
from vsig_core.review.app.alike import Alike, near_duplicates
from vsig_core.review.app.edition import Edition
from vsig_core.review.app.inbox import Inbox, Setting
from vsig_core.review.app.ledger import Ledger, Said
from vsig_core.review.app.listing import Opened
from vsig_core.review.app.shown import Shown, replaced
from vsig_core.review.app.versions import consistent_versions
from vsig_core.review.presence import Presence

LOG = logging.getLogger("vsig.review")
# How often newer versions are looked for, and judgements that others put in the inbox.
LOOK_EVERY = 3.0  # seconds
_KEPT_LISTS = 3
_OF_EDITIONS = ("review_queue", "corpus", "models", "evaluations", "layout", "conflicts")
# Which picture an old id means depends on the pictures that there are.
_OF_THE_LEDGER = ("annotations", "aliases", "corpus")


class Desk:
    """What all pages share.

    Parameters
    ----------
    project
        The project; its store may be empty, or be written to meanwhile.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self.presence = Presence()
        self._inbox = Inbox(project)
        self._edition: Edition | None = None
        self._replaced: list[Shown] = []
        self._alike: tuple[Edition, Sequence[Alike]] | None = None
        self._seen: dict[str, int | None] = {}
        self._lock = threading.Lock()
        self._listing = threading.Lock()
        self._opened: OrderedDict[str, Opened] = OrderedDict()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._look_again, name="desk", daemon=True)

    def open(self) -> None:
        """Begin to read the newest versions, and keep looking for newer ones.

        The first pages wait for what they need of them; that which asks for a name does not.
        """
        self._watch.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        self._watch.join()

    @property
    def edition(self) -> Edition:
        """The newest consistent set of versions; a page asks once, and stays with it.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        if self._edition is None:
            self.refresh()
        assert self._edition is not None
        return self._edition

    @property
    def edition_name(self) -> str:
        """Of the edition that is shown now; empty before there is one."""
        return self._edition.name if self._edition else ""

    @property
    def near_duplicates(self) -> Sequence[Alike]:
        """Pictures of the newest edition that look like one photograph."""
        edition = self.edition
        if self._alike is None or self._alike[0] is not edition:
            self._alike = (edition, near_duplicates(edition))
        return self._alike[1]

    @property
    def ledger(self) -> Ledger:
        """Everything that was said, also what waits in the inbox; a page asks once.

        Raises
        ------
        StoreError
            The store or the inbox cannot be read, and never was.
        """
        _ = self.edition  # before there is one nothing was read yet
        return self._inbox.ledger

    def opened(self, name: str | None) -> Opened:
        """The lists that a person has open; the newest where none is named, or it is gone."""
        edition = self.edition
        with self._listing:
            if edition.name not in self._opened:
                self._opened[edition.name] = Opened.of(edition)
                while len(self._opened) > _KEPT_LISTS:
                    self._opened.popitem(last=False)
            return self._opened.get(name or "", self._opened[edition.name])

    def save(
        self,
        act: Act,
        cluster: str | None = None,
        shown: Collection[str] = (),
        edition: str | None = None,
    ) -> Said:
        """Write an act into the inbox; when this returns it will not be lost, and it shows.

        Parameters
        ----------
        act
            With annotator and name; a name that is known already is not written again.
        cluster
            The group in which it was made.
        shown
            Pictures that the person saw.
        edition
            Name of the edition in which they were shown: what was seen then is judged, also
            where the picture was replaced or taken away since. The newest where it is unknown.

        Raises
        ------
        AnnotationError
            Too few pictures ticked, and the like.
        UnknownImageError
            A picture that the corpus does not have.
        StoreError
            It cannot be written; nothing was.
        """
        newest = self.edition
        seen = next((one for one in self._replaced if one.name == edition), None)
        changed = seen.changed if seen else {}
        named = {*shown, *act.ticked, *act.unticked}
        for uid in named:
            if uid not in changed and uid not in newest:
                newest.image(uid)  # which says that it is not there
        contents = {uid: changed.get(uid) or newest.contents[uid] for uid in named}
        judged = seen or newest
        return self._inbox.put(act, Setting(cluster, judged.name, judged.versions, contents))

    def refresh(self) -> None:
        """Move to the newest versions, and read what waits in the inbox.

        Raises
        ------
        StoreError
            The store or the inbox cannot be read.
        """
        with self._lock:
            store = self.project.store
            seen = {name: store.version(name) for name in (*_OF_EDITIONS, *_OF_THE_LEDGER)}
            if self._edition is None or _differ(seen, self._seen, _OF_THE_LEDGER):
                self._inbox.renew()
            else:
                self._inbox.read_waiting()
            if self._edition is None or _differ(seen, self._seen, _OF_EDITIONS):
                fresh = Edition(store, consistent_versions(store))
                if self._edition is not None:  # the first one is waited for
                    fresh.warm()
                    self._replaced = replaced(self._edition, fresh, self._replaced)
                self._edition = fresh
            self._seen = seen

    def _look_again(self) -> None:
        self._try_to_refresh()
        self._work_ahead()
        while not self._closing.wait(LOOK_EVERY):
            self._try_to_refresh()
            self._work_ahead()

    def _work_ahead(self) -> None:
        """What the first pages would wait for."""
        try:
            if self._edition is not None:
                self._edition.warm()
                _ = self.near_duplicates
        except VsigError as error:
            LOG.warning("the newest results cannot be read: %s", error)

    def _try_to_refresh(self) -> None:
        try:
            self.refresh()
        except VsigError as error:  # people go on with what they have; a page says what lacks
            LOG.warning("newer versions cannot be read: %s", error)


def _differ(
    one: dict[str, int | None], other: dict[str, int | None], names: Collection[str]
) -> bool:
    return any(one.get(name) != other.get(name) for name in names)
