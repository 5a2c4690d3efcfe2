"""IIIF as a source: from one address to all manifests that it leads to."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from vsig_core.corpus.folders import read_description
from vsig_core.corpus.iiif.changes import changed_documents
from vsig_core.corpus.iiif.manifests import Pictures, Wanted, WorkIs, pictures_of
from vsig_core.corpus.iiif.parts import Object, address, kind, objects, read_document
from vsig_core.corpus.iiif.readings import Infos, Reading, Readings, readings_of
from vsig_core.corpus.metadata import MetadataRow
from vsig_core.corpus.sources import Content, Described, Found
from vsig_core.errors import FetchError, SourceError
from vsig_core.web import Web

# A collection in a collection in … : real ones have three or four levels.
DEEPEST = 20
# Further pages of collections in one look: a server may give out new ones for ever.
MOST_PAGES = 10_000


class IiifSource:
    """The images that are painted on the canvases of a manifest, a collection or a stream.

    Parameters
    ----------
    uri
        Web address, or absolute path, of the document.
    web
        Fetches it and what it leads to.
    work
        What counts as one work of art: the canvas, or the manifest with all its canvases.
    """

    def __init__(self, uri: str, web: Web, work: WorkIs) -> None:
        self._uri = uri
        self._web = web if "://" in uri else web.trusting(_hosts_in(Path(uri)))
        self._work: WorkIs = work

    @property
    def name(self) -> str:
        """The document's address."""
        return self._uri

    def content(self) -> Content:
        """See `Source`. What cannot be had or used is said; the rest is taken."""
        readings = readings_of(self._uri, self._web, self._work)
        return _Walk(self._web, self._work, self._uri, readings).content(*self._root())

    def described(self) -> Described | None:
        """None: the documents themselves describe the pictures."""
        return None

    def _root(self) -> tuple[Object, str]:
        """The document that the settings name, without which nothing is known; and its sha256."""
        if "://" not in self._uri:
            data = read_description(Path(self._uri))
        else:
            try:
                data = self._web.root_document(self._uri).data
            except FetchError as error:
                raise SourceError(f"Source {self._uri!r}: {error.detail}") from error
        document = read_document(data)
        if document is None or not _is_known(document):
            raise SourceError(
                f"Source {self._uri!r} is no IIIF manifest, collection or stream of changes (JSON) "
                "and no table of pictures. Correct 'uri' in vsig.toml."
            )
        return document, hashlib.sha256(data).hexdigest()


def _hosts_in(path: Path) -> set[str]:
    """Hosts that a document of the project's own disk names: they may be in its network."""
    found = re.findall(r"https?://([^/\s\"?#:@\\]+)", path.read_text("utf-8", "replace"))
    return {host.lower() for host in found}


def _is_known(document: Object) -> bool:
    return kind(document) in {"Manifest", "Collection", "OrderedCollection"}


@dataclass
class _Walk:
    """One look at all documents below an address; each is read once, whoever names it."""

    web: Web
    work: WorkIs
    root: str
    readings: Readings
    _seen: set[str] = field(default_factory=set)
    _pages: list[tuple[str, int]] = field(default_factory=list)
    _digests: dict[str, str] = field(default_factory=dict)
    _read: dict[str, Reading] = field(default_factory=dict)
    _owners: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)
    _stale: list[str] = field(default_factory=list)
    _twice: int = 0
    _found: Content = field(default_factory=Content)

    def content(self, document: Object, sha256: str) -> Content:
        self._seen.add(self.root)
        self._digests[self.root] = sha256
        self._visit(document, self.root, 0, None)
        self._turn_pages()
        self.readings.known = self._read
        if self._stale:
            self._found.notes.append(
                f"{len(self._stale)} documents could not be asked for and are read as they were, "
                f"the first: {self._stale[0]}"
            )
        if self._twice:
            self._found.notes.append(
                f"{self._twice} canvases stand in several manifests, and are taken once."
            )
        return self._found.closed(self.root)

    def _visit(self, document: Object, base: str, depth: int, changed: datetime | None) -> None:
        name = kind(document)
        if name == "Manifest":
            self._take(self._pictures(document, base), base, changed)
        elif name == "OrderedCollection":
            self._visit_stream(document, base, depth)
        elif name == "Collection" and depth < DEEPEST:
            self._visit_members(document, base, depth)
        elif name == "Collection":
            self._lose(base, f"more than {DEEPEST} collections in one another", whole=True)
        else:
            self._lose(base, "neither a manifest nor a collection", whole=False)

    def _visit_members(self, collection: Object, base: str, depth: int) -> None:
        for part in _members(collection):
            where = address(part, base)
            if not where:
                self._found.refused.append(f"{base}: a member without an id")
            elif where not in self._seen:
                self._seen.add(where)
                if part.get("items") or part.get("sequences") or part.get("manifests"):
                    self._visit(part, where, depth + 1, None)
                else:
                    self._follow(where, depth + 1, None, whole=kind(part) != "Manifest")
        following = address(collection.get("next", collection.get("first")), base)
        if following and following not in self._seen:
            self._seen.add(following)
            self._pages.append((following, depth))

    def _turn_pages(self) -> None:
        """Read the further pages of collections, each of which may name one more."""
        for _ in range(MOST_PAGES):
            if not self._pages:
                return
            where, depth = self._pages.pop()
            self._follow(where, depth, None, whole=True)
        for where, _ in self._pages:
            self._lose(where, f"more than {MOST_PAGES:,} pages of collections", whole=True)

    def _visit_stream(self, stream: Object, base: str, depth: int) -> None:
        def page(where: str, newest: bool) -> Object:  # noqa: FBT001  the reader of streams asks so
            return self._fetched(where, self.web.root_fresh_hours if newest else None, None)

        try:
            documents = changed_documents(stream, base, page)
        except FetchError as error:
            self._lose(base, error.detail, whole=True)
            return
        for where, changed in documents.items():
            if where not in self._seen:
                self._seen.add(where)
                self._follow(where, depth + 1, changed, whole=False)

    def _follow(self, where: str, depth: int, changed: datetime | None, *, whole: bool) -> None:
        if where in self.readings.known:
            digest = self.web.fresh_digest(where, changed)
            if reading := self._known(where, digest):
                self._take(reading.pictures, where, changed)
                return
        try:
            document = self._fetched(where, None, changed)
        except FetchError as error:
            if error.reason == "missing":
                self._found.refused.append(f"{where}: {error.detail}")
            else:
                self._lose(where, error.detail, whole=whole)
            return
        self._visit(document, where, depth, changed)

    def _fetched(self, where: str, fresh_hours: float | None, changed: datetime | None) -> Object:
        fetched = self.web.document(where, fresh_hours, changed)
        if fetched.stale:
            self._stale.append(fetched.stale)
        document = read_document(fetched.data)
        if document is None:
            why = f"{where} is no JSON object"
            self.web.distrust(where, why)  # a page of errors, perhaps: asked for again later
            raise FetchError("unreachable", why)
        self._digests[where] = fetched.sha256
        return document

    def _known(self, where: str, digest: str | None) -> Reading | None:
        """What a manifest said when it was read last, where it is the same one."""
        reading = self.readings.known.get(where)
        if reading is None or not reading.holds(digest, self.web):
            return None
        self._read[where] = reading
        return reading

    def _pictures(self, manifest: Object, base: str) -> Pictures:
        digest = self._digests.get(base)  # none of one that stands whole in a collection
        if reading := self._known(base, digest):
            return reading.pictures
        infos = Infos(self.web)
        pictures = pictures_of(
            manifest, base, Wanted(self.web.settings.picture_px, self.work, infos)
        )
        if digest and not infos.failed:
            self._read[base] = Reading(digest, infos.digests, pictures)
        return pictures

    def _lose(self, where: str, why: str, *, whole: bool) -> None:
        """Say what could not be had, and keep what it held when it was had last."""
        self._found.refused.append(f"{where}: {why}")
        self._found.unreached.add(self.root if whole else where)

    def _take(self, pictures: Pictures, base: str, changed: datetime | None) -> None:
        self._found.refused += pictures.refused
        for painted in pictures.painted:
            if self._owners.setdefault(painted.uid, base) != base:
                self._twice += 1
            elif painted.uid in self._taken:
                self._found.refused.append(f"{painted.uid}: two canvases of {base} have this id")
            else:
                self._taken.add(painted.uid)
                row = MetadataRow(len(self._taken), painted.columns)
                self._found.files.append(Found(painted.uid, painted.uri, None, changed, row=row))


def _members(collection: Object) -> Iterator[Object]:
    """Manifests and collections of a collection, of both versions."""
    for name in ("items", "members", "manifests", "collections"):
        yield from objects(collection.get(name))
