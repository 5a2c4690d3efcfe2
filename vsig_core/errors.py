"""What can go wrong, as one tree.

::

    VsigError                 the root: "except VsigError" catches all that vsig raises on purpose
    ├── InputError            what a person gave is wrong (exit status 2)
    │   ├── SettingsError     vsig.toml or VSIG_… variables
    │   ├── SourceError       a source of pictures cannot be listed or read
    │   ├── RefusedError      carries a reason for `rejected_images`
    │   │   ├── PictureError  one picture cannot be decoded
    │   │   └── FetchError    an address of the web gives nothing
    │   ├── AnnotationError   a file of judgements is structurally unreadable
    │   ├── UnknownImageError a uid that the corpus does not have
    │   └── VectorsError      vectors that cannot be compared, or a radius out of range
    ├── WeightsError          a network or its weights cannot be had
    ├── TrainingError         training cannot go on (NaN loss, no usable triplet)
    ├── WorkersError          worker processes, or the scheduler of a cluster, cannot be had
    │   └── WorkerLostError   whoever worked on one task died, more than once
    └── StoreError            the store cannot be read or written
        ├── StoreGoneError    it was there, and has vanished meanwhile
        ├── NewerStoreError   a newer vsig wrote it
        ├── TableMissingError a table that has not been computed yet
        └── ConflictError     somebody else wrote to a table meanwhile; nothing was written

A message says what was wrong, where, what was expected, and what to do next.
"""

from typing import Self


class VsigError(Exception):
    """Root of all errors that vsig raises on purpose."""


class InputError(VsigError):
    """What a person gave is wrong; the command line ends with exit status 2."""


class SettingsError(InputError):
    """The project file or an environment variable holds something unusable."""


class SourceError(InputError):
    """A source of pictures cannot be listed or read."""


class RefusedError(InputError):
    """One picture or address gives nothing that can be used, for a reason that a table keeps.

    Parameters
    ----------
    reason
        A word, for programs.
    detail
        What was found, for a person.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        """Come out of a worker process as it went in."""
        return (type(self), (self.reason, self.detail))


class PictureError(RefusedError):
    """One picture cannot be decoded.

    Its reason is one of the words that the column `reason` of `rejected_images` knows.
    """


class FetchError(RefusedError):
    """An address of the web gives nothing that can be used.

    Its reason is unreachable: not now, and worth asking again; missing: the server has no such
    thing; forbidden: an address that is not asked; or too_many_bytes.
    """


class AnnotationError(InputError):
    """A file of judgements is structurally unreadable: no row of it can be taken."""


class UnknownImageError(InputError):
    """A uid that the corpus does not have."""


class VectorsError(InputError, ValueError):
    """Vectors that cannot be compared (NaN, zero, another width), or a radius out of range."""


class WeightsError(VsigError):
    """A network or its weights cannot be had."""


class SilentNetworkError(WeightsError):
    """A network says nothing of a picture: its vector is zero or not finite."""


class TrainingError(VsigError):
    """Training cannot go on."""


class WorkersError(VsigError):
    """Worker processes, or the scheduler of a cluster, cannot be had."""


class WorkerLostError(WorkersError):
    """Whoever worked on one task died, more than once."""


class StoreError(VsigError):
    """The store cannot be read or written."""


class StoreGoneError(StoreError):
    """A folder of the store or of the inbox that was there has vanished meanwhile."""


class NewerStoreError(StoreError):
    """A table that a newer vsig wrote: whole, but not to be understood by this one."""


class TableMissingError(StoreError):
    """A table that has not been computed yet."""


class ConflictError(StoreError):
    """Somebody else wrote to a table meanwhile; nothing was written."""
