"""The desk at which people judge: the edition that is shown, and everything that was said."""

import logging
import threading

from vsig_core.errors import VsigError
from vsig_core.project import Project
from vsig_core.review.app.edition import Edition
from vsig_core.review.app.versions import consistent_versions

LOG = logging.getLogger("vsig.review")
# How often newer versions are looked for, and judgements that others put in the inbox.
LOOK_EVERY = 3.0  # seconds
_SIGNS_OF_NEWS = ("review_queue", "corpus", "models", "evaluations", "layout", "conflicts")


class Desk:
    """What all pages share.

    Parameters
    ----------
    project
        The project; its store may be empty, or be written to meanwhile.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._edition: Edition | None = None
        self._seen: dict[str, int | None] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._watch = threading.Thread(target=self._look_again, name="desk", daemon=True)

    def open(self) -> None:
        """Read the newest versions, and keep looking for newer ones."""
        self.refresh()
        self._watch.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        self._watch.join()

    @property
    def edition(self) -> Edition:
        """The newest consistent set of versions; one page asks once, and stays with it.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        found = self._edition
        return found if found is not None else self.refresh()

    def refresh(self) -> Edition:
        """Move to the newest versions, where there are newer ones.

        Raises
        ------
        StoreError
            The store cannot be read.
        """
        with self._lock:
            store = self.project.store
            seen = {name: store.version(name) for name in _SIGNS_OF_NEWS}
            if self._edition is None or seen != self._seen:
                self._edition = Edition(store, consistent_versions(store))
                self._seen = seen
            return self._edition

    def _look_again(self) -> None:
        while not self._closing.wait(LOOK_EVERY):
            try:
                self.refresh()
            except VsigError as error:  # people go on with the edition they have
                LOG.warning("newer versions cannot be read: %s", error)
