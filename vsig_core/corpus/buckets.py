"""A prefix of an S3 bucket as a source; reached by the standard AWS settings alone."""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from vsig_core.corpus.sources import (
    METADATA_NAMES,
    Content,
    Described,
    Found,
    is_picture,
    name_problem,
    printable,
)
from vsig_core.errors import SourceError
from vsig_core.store.files import File, Files, open_files

# A file of a Delta table's log: what lies before "tables" is the root of a store.
_OF_A_STORE = re.compile(r"^(.*/|)tables/[^/]+/_delta_log/")
_NO_PART = {"", ".", ".."}


class BucketSource:
    """The picture files under a prefix of a bucket.

    Keys with a hidden part, keys that are no paths (`..`, empty parts), and what
    belongs to a vsig store are passed over.

    Parameters
    ----------
    uri
        `s3://bucket/prefix`.

    Raises
    ------
    SourceError
        The address names no bucket.
    """

    def __init__(self, uri: str) -> None:
        address = urlsplit(uri)
        if not address.netloc:
            raise SourceError(
                f"Source {uri!r} names no bucket. Write s3://bucket/prefix as 'uri' in vsig.toml."
            )
        self._bucket = f"s3://{address.netloc}"
        self._prefix = uri.removeprefix(self._bucket).strip("/")

    @property
    def name(self) -> str:
        """The address without a slash at its end."""
        return "/".join(filter(None, [self._bucket, self._prefix]))

    def content(self) -> Content:
        """See `Source`. Equal ETags and sizes mean equal content."""
        content = Content()
        files = list(self._files.list(deep=True))
        stores = {found[1] for file in files if (found := _OF_A_STORE.match(file.name))}
        for file in files:
            if _is_hidden(file.name) or _is_of(file.name, stores):
                continue
            if not is_picture(file.name):
                content.pass_over(file.name)
            elif problem := name_problem(file.name) or _path_problem(file.name):
                content.notes.append(problem)
            else:
                content.files.append(self._found(file))
        return content.closed(self.name)

    def described(self) -> Described | None:
        """See `Source`."""
        above, _, last = self._prefix.rpartition("/")
        places = [(self.name, "")]
        if self._prefix:
            places.append(("/".join(filter(None, [self._bucket, above])), last))
        for folder, base in places:
            for name in METADATA_NAMES:
                if (data := open_files(folder).read(name)) is not None:
                    return Described(f"{folder}/{name}", data, base)
        return None

    @property
    def _files(self) -> Files:
        return open_files(self.name)

    def _found(self, file: File) -> Found:
        uri = f"{self.name}/{file.name}"
        return Found(file.name, uri, file.size, file.modified, file.tag.strip('"'))


def read_key(uri: str) -> bytes:
    """The bytes of a metadata file or a listing, by its s3:// address.

    Raises
    ------
    SourceError
        There is none.
    """
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    data = open_files(f"s3://{bucket}").read(key)
    if data is None:
        raise SourceError(
            f"{uri} is not there. Correct 'metadata' or 'uri' of this source in vsig.toml, or take "
            "the line out."
        )
    return data


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") and part not in _NO_PART for part in path.split("/"))


def _is_of(path: str, stores: Iterable[str]) -> bool:
    return any(path.startswith((f"{root}objects/", f"{root}tables/")) for root in stores)


def _path_problem(path: str) -> str | None:
    if _NO_PART.isdisjoint(path.split("/")):
        return None
    return f"{printable(path)}: the key is no path ('..' or an empty part); left out. Rename it."
