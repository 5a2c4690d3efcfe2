"""A polite client of web servers, for one project.

Each host is asked at a steady pace, whichever process asks; what passes (503, 429, a cut
connection) is tried again with growing pauses, and as late as the server says; what was
fetched is not fetched again, or only on condition that it changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import urllib3

from vsig_core.errors import FetchError
from vsig_core.release import release
from vsig_core.retrying import retrying
from vsig_core.settings import WebSettings
from vsig_core.web.addresses import check_name, host_of, redirected
from vsig_core.web.answers import (
    CheckSize,
    PassingError,
    body_of,
    conditions_of,
    head_of,
    in_words,
    retry_after,
)
from vsig_core.web.cache import Cache, Fetched, Head
from vsig_core.web.connections import pools
from vsig_core.web.pace import Pace

MOST_REDIRECTS = 5
# The address that a source names is asked for anew, but not more often than this; and where
# a person asks, not twice for one look.
ROOT_FRESH_HOURS = 1 / 60
AT_ONCE_HOURS = 2 / 3600
_REDIRECTS = {301, 302, 303, 307, 308}
_GONE = {404, 410}
_PASSING = {408, 425, 429, 500, 502, 503, 504}
_FIRST_PAUSE = 0.5  # seconds
_KEEP_PICTURES = 7.0  # days
# What could not be had is asked for again after so many times `root_fresh_hours`: ten minutes,
# or some seconds where a person asks.
_TIMES_LONGER = 10


@dataclass(frozen=True)
class Web:
    """What a project fetches, and has fetched. It travels to workers as it is.

    Parameters
    ----------
    folder
        Of what was fetched, on this machine.
    settings
        Pace, patience and bounds.
    private_hosts
        Hosts of a private network that may be asked: those that the settings name.
    root_fresh_hours
        How long the document that a source names is taken as it was.

    Raises
    ------
    FetchError
        Of each method that fetches: unreachable (for now), missing, forbidden, too_many_bytes.
    """

    folder: Path
    settings: WebSettings
    private_hosts: frozenset[str] = frozenset()
    root_fresh_hours: float = ROOT_FRESH_HOURS

    def at_once(self) -> Self:
        """The same for a person who asks what is new now."""
        return replace(self, root_fresh_hours=AT_ONCE_HOURS)

    def trusting(self, hosts: Iterable[str]) -> Self:
        """The same, with more hosts that may lie in a private network."""
        return replace(self, private_hosts=self.private_hosts.union(hosts))

    def root_document(self, url: str) -> Fetched:
        """The document that a source names itself; see `document`."""
        return self.document(url, self.root_fresh_hours)

    def document(
        self, url: str, fresh_hours: float | None = None, newer_than: datetime | None = None
    ) -> Fetched:
        """A manifest, a listing: by condition where it is known, not at all where it is fresh.

        Parameters
        ----------
        url
            http or https.
        fresh_hours
            How long an answer is taken as it is; `refresh_hours` of the settings where left out.
        newer_than
            An answer of before this time is not fresh.

        Returns
        -------
        An old answer, with the reason, where the server cannot be reached now.
        """
        cache = Cache(self.folder / "documents")
        known = cache.find(url)
        hours = self.settings.refresh_hours if fresh_hours is None else fresh_hours
        if known and _is_fresh(known.confirmed, hours, newer_than):
            return known
        try:
            return self._unless_it_failed(url, cache, known)
        except FetchError as error:
            if known is None or error.reason != "unreachable":
                raise
            return replace(known, stale=error.detail)

    def fresh_digest(self, url: str, newer_than: datetime | None = None) -> str | None:
        """The sha256 of a document that `document` would take as it is, without reading it.

        None where it would ask the server.
        """
        known = Cache(self.folder / "documents").glance(url)
        fresh = known and _is_fresh(known[1], self.settings.refresh_hours, newer_than)
        return known[0] if known and fresh else None

    def picture(
        self, url: str, check_size: CheckSize, newer_than: datetime | None = None
    ) -> Fetched:
        """A picture: not asked for again where a run that broke off has fetched it already.

        Parameters
        ----------
        url
            http or https.
        check_size
            Told how many bytes there are, as soon as it is known, and as they come; may raise.
        newer_than
            An answer of before this time is not fresh.
        """
        cache = Cache(self.folder / "pictures")
        known = cache.find(url)
        if known and _is_fresh(known.confirmed, self.settings.refresh_hours, newer_than):
            return known
        return self._fetched(url, cache, known, check_size)

    def forget(self, url: str) -> None:
        """Delete what is kept of an address."""
        for kind in ("documents", "pictures"):
            Cache(self.folder / kind).forget(url)

    def distrust(self, url: str, why: str) -> None:
        """Forget a document that is of no use, and leave its server alone for a while."""
        self.forget(url)
        self._note_failure(url, why)

    def other_pictures(self, urls: Iterable[str]) -> list[Path]:
        """Files of pictures that were fetched from other addresses than these."""
        return Cache(self.folder / "pictures").others(urls)

    def forget_old_pictures(self) -> None:
        """Delete pictures that have long been read: working copies of them are in the store."""
        Cache(self.folder / "pictures").forget_older(_KEEP_PICTURES)

    def _unless_it_failed(self, url: str, cache: Cache, known: Fetched | None) -> Fetched:
        """Ask for a document; not again soon where that was in vain a moment ago."""
        failed = self._failures.find(url)
        if failed and _is_fresh(failed.confirmed, _TIMES_LONGER * self.root_fresh_hours, None):
            raise FetchError("unreachable", failed.data.decode())
        try:
            return self._fetched(url, cache, known, self._check_document)
        except FetchError as error:
            if error.reason == "unreachable":
                self._note_failure(url, error.detail)
            raise

    def _note_failure(self, url: str, why: str) -> None:
        self._failures.keep(url, why.encode(), Head(url, "", None, None))

    def _fetched(
        self, url: str, cache: Cache, known: Fetched | None, check_size: CheckSize
    ) -> Fetched:
        answer = self._patiently(url, conditions_of(known), check_size)
        if answer is not None:
            return cache.keep(url, *answer)
        if known is None:
            raise FetchError("unreachable", f"{url} answered 304 to a question without condition")
        cache.confirm(url)
        return replace(known, confirmed=datetime.now(UTC))

    def _patiently(
        self, url: str, conditions: Mapping[str, str], check_size: CheckSize
    ) -> tuple[bytes, Head] | None:
        """Ask several times for what may pass."""
        tries = self.settings.tries
        try:
            return retrying(
                lambda: self._follow(url, conditions, check_size),
                lambda error: isinstance(error, PassingError),
                (_FIRST_PAUSE * 2**number for number in range(tries - 1)),
            )
        except PassingError as error:
            said = f"{url}: {error}; tried {tries} times"
            raise FetchError("unreachable", said) from error

    def _follow(
        self, url: str, conditions: Mapping[str, str], check_size: CheckSize
    ) -> tuple[bytes, Head] | None:
        """Ask once, and go where the server sends; None where nothing changed."""
        for _ in range(MOST_REDIRECTS + 1):
            answer = self._ask(url, conditions)
            try:
                if answer.status == 304:
                    return None
                if answer.status == 200:
                    return body_of(answer, check_size, self.settings), head_of(answer, url)
                if answer.status in _REDIRECTS and "Location" in answer.headers:
                    url = redirected(url, answer.headers["Location"])
                    continue
                self._fail(url, answer)
            finally:
                answer.close()
        raise FetchError("unreachable", f"{url}: sent on more than {MOST_REDIRECTS} times")

    def _ask(self, url: str, conditions: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        host = host_of(url)
        check_name(host, self.private_hosts)
        self._pace.wait_for_turn(host)
        headers = {"User-Agent": user_agent(self.settings.contact), **conditions}
        connections = pools(self.private_hosts, self.settings.timeout_seconds)
        try:
            return connections.request(
                "GET", url, headers=headers, preload_content=False, redirect=False, retries=False
            )
        except (urllib3.exceptions.LocationParseError, UnicodeError) as error:
            raise FetchError("forbidden", f"{url!r} is no address: {error}") from error
        except urllib3.exceptions.HTTPError as error:
            raise PassingError(in_words(error)) from error

    def _fail(self, url: str, answer: urllib3.BaseHTTPResponse) -> None:
        said = f"{answer.status} {answer.reason or ''}".strip()
        if answer.status in _GONE:
            raise FetchError("missing", f"{url} answers {said}")
        if answer.status not in _PASSING:
            raise FetchError("unreachable", f"{url} answers {said}")
        rest = retry_after(answer.headers.get("Retry-After"))
        if rest:
            self._pace.rest(host_of(url), rest)
        raise PassingError(f"it answers {said}")

    def _check_document(self, size: int) -> None:
        if size > self.settings.max_document_bytes:
            raise FetchError(
                "too_many_bytes",
                f"{size:,} bytes; [web] max_document_bytes is {self.settings.max_document_bytes:,}",
            )

    @property
    def _failures(self) -> Cache:
        return Cache(self.folder / "failures")

    @property
    def _pace(self) -> Pace:
        interval = 1 / self.settings.requests_per_second
        return Pace(self.folder / "hosts", interval, self.settings.longest_wait_seconds)


def user_agent(contact: str) -> str:
    """Who asks, and whom to write to about it."""
    return f"vsig/{release()} ({contact or 'visual signatures of artworks'})"


def _is_fresh(confirmed: datetime, hours: float, newer_than: datetime | None) -> bool:
    if newer_than is not None and confirmed < newer_than:
        return False
    return timedelta() <= datetime.now(UTC) - confirmed <= timedelta(hours=hours)
