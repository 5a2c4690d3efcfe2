"""How a picture is named wherever it is shown small."""

from collections.abc import Mapping
from typing import Any

from vsig_core.review.app.drawings import Work
from vsig_core.review.app.edition import Edition
from vsig_core.review.app.render import picture_url, url
from vsig_core.review.app.words import date_of, title_of

_LONGEST = 160
_NAMED_BY = ("uid", "title", "author", "date_text", "year_from", "year_to", "place")


def near_url(uid: str, **more: Any) -> str:
    """Address of a picture's own page, with the works that are like it."""
    return url("/near", uid=uid, **more)


class Captions:
    """Words for the pictures of one edition; one that left the corpus goes by its id.

    Parameters
    ----------
    edition
        Where their metadata stands.
    """

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._known: dict[str, Mapping[str, Any] | None] = {}

    def title(self, uid: str) -> str:
        """Title, else the id."""
        row = self._row(uid)
        return _short(title_of(row) if row else uid)

    def line(self, uid: str) -> str:
        """Author, date and place, as far as they are known."""
        row = self._row(uid)
        if row is None:
            return "no longer in the corpus"
        when = date_of(row)
        if not when or when.lower() == "unknown":
            when = "date unknown"
        parts = [row["author"], when, row["place"]]
        return " · ".join(_short(part) for part in parts if part)

    def sentence(self, uid: str) -> str:
        """All of that, for people who do not see the picture."""
        return f"{self.title(uid)}, {self.line(uid)}"

    def work(self, uid: str) -> Work:
        """The picture as a drawing shows it."""
        return Work(near_url(uid), picture_url(uid, "grid"), self.sentence(uid))

    def _row(self, uid: str) -> Mapping[str, Any] | None:
        if uid not in self._known:
            self._known[uid] = self._edition.images.get(uid, _NAMED_BY)
        return self._known[uid]


def _short(text: str) -> str:
    """A title of a hundred thousand letters takes no more room than another long one."""
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
