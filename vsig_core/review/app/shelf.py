"""Pictures that people bring, kept in memory while they look at what was found."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from starlette.exceptions import HTTPException

_MOST_BROUGHT = 40


@dataclass(frozen=True)
class Brought:
    """A picture that somebody brought: its working copy and what the model sees in it."""

    name: str
    working: bytes
    vector: NDArray[np.float32]


class Shelf:
    """The last pictures that were brought, by a name that nobody can guess."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Brought] = OrderedDict()
        self._lock = Lock()

    def put(self, brought: Brought) -> str:
        """Keep a picture; returns its key."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._kept[key] = brought
            while len(self._kept) > _MOST_BROUGHT:
                self._kept.popitem(last=False)
        return key

    def get(self, key: str) -> Brought:
        """A picture that was brought.

        Raises
        ------
        HTTPException
            It is not kept any more.
        """
        with self._lock:
            if key not in self._kept:
                raise HTTPException(
                    404, "That picture is not kept any more: bring it once more on the page Find."
                )
            self._kept.move_to_end(key)
            return self._kept[key]
