"""A root of the store: a folder, or a prefix of an S3 bucket.

S3 is set up by the standard AWS settings alone (environment, profile, endpoint
URL, region), which boto3 resolves once for boto3, Delta Lake and Arrow alike.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pyarrow.fs as arrow_fs
from botocore.config import Config

from vsig_core.errors import StoreError


@dataclass(frozen=True)
class Location:
    """Where a store lies.

    Parameters
    ----------
    root
        Absolute or relative folder, or `s3://bucket/prefix`.

    Raises
    ------
    StoreError
        The name cannot be used.
    """

    root: str

    def __post_init__(self) -> None:
        """Refuse what Delta Lake would read as another path, and what can be no folder."""
        if re.search("%[0-9A-Fa-f]{2}", self.root):
            raise StoreError(
                f"The store {self.root!r} has a '%' followed by two digits in its name, which "
                "Delta Lake decodes as another path. Choose another folder."
            )
        if not self.is_s3:
            _refuse_files(self.folder)

    @property
    def is_s3(self) -> bool:
        """Whether the root is a prefix of a bucket."""
        return self.root.startswith("s3://")

    @property
    def folder(self) -> Path:
        """The root as a folder."""
        return Path(self.root).resolve()

    @property
    def bucket(self) -> str:
        """Name of the bucket."""
        return urlsplit(self.root).netloc

    @property
    def prefix(self) -> str:
        """Prefix in the bucket, without slashes at its ends."""
        return urlsplit(self.root).path.strip("/")

    def uri(self, *parts: str) -> str:
        """Where a part of the store lies."""
        if self.is_s3:
            return "/".join([f"s3://{self.bucket}", *filter(None, [self.prefix, *parts])])
        return str(self.folder.joinpath(*parts))

    @staticmethod
    def arrow_path(uri: str) -> str:
        """The path that Arrow's reader wants for a file that Delta Lake's log names."""
        return unquote(uri.removeprefix("s3://").removeprefix("file://"))

    @cached_property
    def s3(self) -> Any:
        """A boto3 client; path-style, which every S3 server understands."""
        style = "path" if self._session_client.meta.endpoint_url.startswith("http://") else "auto"
        return self._session.client(
            "s3",
            config=Config(
                s3={"addressing_style": style}, retries={"mode": "standard", "max_attempts": 5}
            ),
        )

    @cached_property
    def storage_options(self) -> dict[str, str]:
        """Options for Delta Lake; empty for a folder."""
        if not self.is_s3:
            return {}
        access = self._credentials
        options = {
            "AWS_ACCESS_KEY_ID": access.access_key,
            "AWS_SECRET_ACCESS_KEY": access.secret_key,
            "AWS_REGION": self._region,
            "AWS_CONDITIONAL_PUT": "etag",
        }
        if access.token:
            options["AWS_SESSION_TOKEN"] = access.token
        if self._endpoint:
            options["AWS_ENDPOINT_URL"] = self._endpoint
            options["AWS_ALLOW_HTTP"] = str(self._endpoint.startswith("http://")).lower()
        return options

    @cached_property
    def filesystem(self) -> arrow_fs.FileSystem:
        """For Arrow's reader."""
        if not self.is_s3:
            return arrow_fs.LocalFileSystem()
        access = self._credentials
        endpoint = urlsplit(self._endpoint) if self._endpoint else None
        return arrow_fs.S3FileSystem(
            access_key=access.access_key,
            secret_key=access.secret_key,
            session_token=access.token,
            region=self._region,
            endpoint_override=endpoint.netloc if endpoint else None,
            scheme=endpoint.scheme if endpoint else "https",
        )

    @cached_property
    def _session(self) -> boto3.Session:
        return boto3.Session()

    @cached_property
    def _session_client(self) -> Any:
        return self._session.client("s3", region_name=self._region)

    @property
    def _region(self) -> str:
        return self._session.region_name or "us-east-1"

    @property
    def _endpoint(self) -> str | None:
        """The endpoint that was configured; None is Amazon's own."""
        url = self._session_client.meta.endpoint_url
        return None if url.endswith(".amazonaws.com") else url

    @property
    def _credentials(self) -> Any:
        found = self._session.get_credentials()
        if found is None:
            raise StoreError(
                f"No AWS credentials for {self.root}. Set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
            )
        return found.get_frozen_credentials()


def _refuse_files(folder: Path) -> None:
    """Tables under a file would look as if nothing had been computed yet."""
    try:
        there = next(place for place in (folder, *folder.parents) if place.exists())
    except OSError as error:
        raise StoreError(f"The store {folder} cannot be opened: {error.strerror}.") from error
    if not there.is_dir():
        raise StoreError(
            f"The store {folder} cannot be a folder: {there} is a file. Correct 'store' in "
            "vsig.toml or VSIG_STORE."
        )
