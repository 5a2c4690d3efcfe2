"""Large binaries, named by their content: `<root>/objects/<kind>/<sha256>.<ext>`."""

import hashlib

from vsig_core.errors import StoreError
from vsig_core.store.files import open_files
from vsig_core.store.location import Location


class Objects:
    """Put if absent, get, exists; the same for a folder and for S3.

    Parameters
    ----------
    root
        Root of the store.
    begun
        Whether the store is known to be there: a folder that is gone is then not made anew.

    Raises
    ------
    StoreError
        Of each method: the folder or the server refuses it, or does not answer.
    """

    def __init__(self, root: str, begun: bool = False) -> None:  # noqa: FBT001  travels by place
        self._root = root
        self.begun = begun
        self._files = open_files(Location(root).uri("objects"))

    def __reduce__(self) -> tuple[type["Objects"], tuple[str, bool]]:
        """Travel to worker processes as the root, and whether it is there."""
        return (Objects, (self._root, self.begun))

    def make(self) -> None:
        """Make the folder where it is missing, as a store begins."""
        self._files.make()
        self.begun = True

    def put(self, kind: str, data: bytes, extension: str) -> str:
        """Keep `data` where it is absent; returns its key, `kind/sha256.extension`."""
        if not self.begun:
            self.make()
        key = f"{kind}/{hashlib.sha256(data).hexdigest()}.{extension}"
        self._files.create(key, data)
        return key

    def get(self, key: str) -> bytes:
        """The content behind a key.

        Raises
        ------
        StoreError
            There is no such object.
        """
        data = self._files.read(key)
        if data is None:
            raise StoreError(f"Object {self.uri(key)} cannot be read: it is not there.")
        return data

    def exists(self, key: str) -> bool:
        """Whether the store has the object."""
        return self._files.find(key) is not None

    def uri(self, key: str) -> str:
        """Where an object lies."""
        return self._files.uri(key)

    def clear_partials(self) -> None:
        """Remove what processes of this machine were writing when they were killed."""
        self._files.clear_partials()
