"""Long lists, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request


@dataclass(frozen=True)
class Paging:
    """One page of a list.

    Parameters
    ----------
    shown
        What is on it.
    number
        From 0.
    total
        How many there are in all.
    more
        Whether others follow.
    """

    shown: Sequence[Any]
    number: int
    total: int
    more: bool

    @classmethod
    def of(cls, request: Request, found: Sequence[Any], size: int) -> "Paging":
        """The page that an address asks for (`page=2`); the last one where that is beyond it."""
        number = min(number_in(request, "page"), max(0, (len(found) - 1) // size))
        first = number * size
        return cls(found[first : first + size], number, len(found), len(found) > first + size)


def number_in(request: Request, name: str) -> int:
    """A number from 0 that an address gives; 0 where it gives none, or nonsense."""
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
