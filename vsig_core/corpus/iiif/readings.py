"""What documents said when this process read them last: to read them is most of a look.

A sensor looks every few seconds, and hardly one of a thousand manifests is another one then.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field

from vsig_core.corpus.iiif.manifests import Pictures
from vsig_core.corpus.iiif.parts import Object, read_document
from vsig_core.errors import FetchError
from vsig_core.web import Web

_MOST_SOURCES = 256


@dataclass(frozen=True)
class Reading:
    """The pictures of a manifest; its sha256, and that of each `info.json` that was asked for."""

    sha256: str
    infos: Mapping[str, str]
    pictures: Pictures

    def holds(self, sha256: str | None, web: Web) -> bool:
        """Whether the same manifest would be read to the same pictures."""
        return self.sha256 == sha256 and all(
            web.fresh_digest(url) == digest for url, digest in self.infos.items()
        )


@dataclass
class Readings:
    """Readings of one source by address; as many as its last look had need of."""

    known: Mapping[str, Reading] = field(default_factory=dict)


@functools.lru_cache(maxsize=_MOST_SOURCES)
def readings_of(uri: str, web: Web, work: str) -> Readings:
    """Those of a source, asked in one way."""
    del uri, web, work  # they only tell sources apart
    return Readings()


class Infos:
    """Gives the `info.json` of services, and remembers what was given."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self.digests: dict[str, str] = {}
        self.failed = False

    def __call__(self, url: str) -> Object:
        """See `Info`."""
        try:
            fetched = self._web.document(url)
        except FetchError:
            self.failed = True  # which may pass
            raise
        info = read_document(fetched.data)
        if info is None:
            self.failed = True
            raise FetchError("unreachable", f"{url} is no JSON object")
        self.digests[url] = fetched.sha256
        return info
