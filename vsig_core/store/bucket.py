"""Files below a prefix of a bucket."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from vsig_core.errors import StoreError
from vsig_core.store.aws import aws
from vsig_core.store.faults import said
from vsig_core.store.file import File
from vsig_core.store.patience import PATIENCE_SECONDS, patiently

_T = TypeVar("_T")
_MISSING = {"404", "NoSuchKey", "NotFound"}
_TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412"}
# At the start of a command, what does not answer is more likely wrong than restarted.
_QUICK_SECONDS = 5.0
# Name of an object that is never made.
_PROBE = ".writable"


@dataclass(frozen=True)
class S3Files:
    """Files below a prefix of a bucket."""

    root: str

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return self.root.removeprefix("s3://").partition("/")[0]

    @property
    def prefix(self) -> str:
        """Prefix in the bucket, without slashes at its ends."""
        return self.root.removeprefix("s3://").partition("/")[2].strip("/")

    def uri(self, name: str = "") -> str:
        """See `Files`."""
        return "/".join(["s3:/", self.bucket, *filter(None, [self.prefix, name])])

    def make(self) -> None:
        """See `Files`."""

    def check(self) -> None:
        """See `Files`: the server answers, knows the keys and the bucket, and lets it be listed."""
        question = {"Bucket": self.bucket, "Prefix": self.prefix, "MaxKeys": 1}
        self._ask("read", "", lambda: aws().client.list_objects_v2(**question), _QUICK_SECONDS)

    def check_writable(self) -> None:
        """See `Files`: by an upload that is begun and given up."""
        begun = self._ask("written", "", lambda: self._call("create_multipart_upload", _PROBE))
        upload = {"UploadId": begun["UploadId"]}
        self._ask("written", "", lambda: self._call("abort_multipart_upload", _PROBE, **upload))

    def list(self, folder: str = "", *, deep: bool = False) -> Iterator[File]:
        """See `Files`."""
        base = "".join(f"{part}/" for part in (self.prefix, folder) if part)
        more: dict[str, str] = {} if deep else {"Delimiter": "/"}
        while True:
            page = self._ask(
                "listed",
                folder,
                lambda: aws().client.list_objects_v2(Bucket=self.bucket, Prefix=base, **more),
            )
            for found in page.get("Contents", []):
                if not found["Key"].endswith("/"):  # what some programs put there for a folder
                    name = found["Key"].removeprefix(f"{self.prefix}/" if self.prefix else "")
                    yield File(name, found["Size"], _second(found["LastModified"]), found["ETag"])
            if not page.get("IsTruncated"):
                return
            more["ContinuationToken"] = page["NextContinuationToken"]

    def find(self, name: str) -> File | None:
        """See `Files`."""
        found = self._unless(_MISSING, "looked up", name, lambda: self._call("head_object", name))
        if found is None:
            return None
        modified = _second(found["LastModified"])
        return File(name, found["ContentLength"], modified, found["ETag"])

    def read(self, name: str) -> bytes | None:
        """See `Files`."""
        # The body comes after the answer: boto3 does not ask again where it is cut off.
        return self._unless(
            _MISSING, "read", name, lambda: self._call("get_object", name)["Body"].read()
        )

    def write(self, name: str, data: bytes) -> None:
        """See `Files`."""
        self._ask("written", name, lambda: self._call("put_object", name, Body=data))

    def create(self, name: str, data: bytes) -> bool:
        """See `Files`."""
        if self.find(name):
            return False  # a server that does not know conditions would write over it
        put = {"Body": data, "IfNoneMatch": "*"}
        answer = self._unless(
            _TAKEN, "written", name, lambda: self._call("put_object", name, **put)
        )
        return answer is not None

    def remove(self, name: str, tag: str | None = None) -> None:
        """See `Files`."""
        found = self.find(name)
        if found and tag in (None, found.tag):
            # Not every server minds the condition; where one does, nothing comes in between.
            match = {} if tag is None else {"IfMatch": tag}
            self._unless(
                _TAKEN, "removed", name, lambda: self._call("delete_object", name, **match)
            )

    def clear_partials(self) -> None:
        """See `Files`: an upload that is broken off leaves no object."""

    def _call(self, method: str, name: str, **more: object) -> Any:
        key = "/".join(filter(None, [self.prefix, name]))
        return getattr(aws().client, method)(Bucket=self.bucket, Key=key, **more)

    def _unless(
        self,
        codes: set[str],
        done: str,
        name: str,
        action: Callable[[], _T],
        seconds: float = PATIENCE_SECONDS,
    ) -> _T | None:
        """What the server answers; None where it answers one of some codes."""
        try:
            return patiently(action, seconds)
        except (ClientError, BotoCoreError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] in codes:
                return None
            raise StoreError(f"{self.uri(name)} cannot be {done}: {said(error)}.") from error

    def _ask(
        self,
        done: str,
        name: str,
        action: Callable[[], _T],
        seconds: float = PATIENCE_SECONDS,
    ) -> _T:
        answer = self._unless(set(), done, name, action, seconds)
        assert answer is not None
        return answer


def _second(at: datetime) -> datetime:
    """A time as both a listing and a look at one object give it: Ceph adds parts to the first."""
    return at.astimezone(UTC).replace(microsecond=0)
