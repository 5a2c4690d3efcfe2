"""S3 by the standard AWS settings alone: environment, profile, endpoint URL, region, path-style.

boto3 resolves them once for boto3, Delta Lake and Arrow alike. It is imported where a bucket is
used: a project in a folder starts without it.
"""

import os
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow.fs as arrow_fs
from botocore.exceptions import BotoCoreError

from vsig_core.errors import StoreError

_ATTEMPTS = 3
_CONNECT_SECONDS = 2


class Aws:
    """What the settings of the moment give: clients, and the options of other libraries.

    Raises
    ------
    StoreError
        The settings cannot be used: no credentials, no such profile.
    """

    def __init__(self) -> None:
        import boto3

        try:
            self._session = boto3.Session()
            self._plain = self._client()
        except (BotoCoreError, ValueError) as error:
            raise StoreError(
                f"The AWS settings cannot be used: {error}. Look at the AWS_… variables and "
                "~/.aws/config."
            ) from error
        self._arrow: tuple[object, arrow_fs.S3FileSystem] | None = None

    @property
    def region(self) -> str:
        """The region in force."""
        return self._session.region_name or os.environ.get("AWS_REGION") or "us-east-1"

    @property
    def endpoint(self) -> str | None:
        """The endpoint that was configured; None is Amazon's own."""
        url = self._plain.meta.endpoint_url
        return None if ".amazonaws.com" in url else url

    @cached_property
    def style(self) -> str:
        """The addressing style that was configured; else path-style, but for Amazon's own servers.

        Every other one understands it, and few have names for their buckets.
        """
        configured = (self._plain.meta.config.s3 or {}).get("addressing_style")
        return configured or ("path" if self.endpoint else "auto")

    @cached_property
    def client(self) -> Any:
        """A boto3 client; threads may share it."""
        configured = (self._plain.meta.config.s3 or {}).get("addressing_style")
        same = configured == self.style or self.style == "auto"
        return self._plain if same else self._client(s3={"addressing_style": self.style})

    def _client(self, **settings: Any) -> Any:
        from botocore.config import Config

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            **settings,
        )
        return self._session.client("s3", region_name=self.region, config=config)

    def delta_options(self, bucket: str) -> dict[str, str]:
        """Options for Delta Lake, with the credentials of the moment."""
        access = self._credentials()
        options = {
            "AWS_ACCESS_KEY_ID": access.access_key,
            "AWS_SECRET_ACCESS_KEY": access.secret_key,
            "AWS_REGION": self.region,
            "AWS_CONDITIONAL_PUT": "etag",
        }
        if access.token:
            options["AWS_SESSION_TOKEN"] = access.token
        virtual = self.style == "virtual"
        if virtual:
            options["AWS_VIRTUAL_HOSTED_STYLE_REQUEST"] = "true"
        if self.endpoint:
            parts = urlsplit(self.endpoint)
            host = f"{bucket}.{parts.netloc}" if virtual else parts.netloc
            options["AWS_ENDPOINT_URL"] = f"{parts.scheme}://{host}{parts.path}".rstrip("/")
            options["AWS_ALLOW_HTTP"] = str(parts.scheme == "http").lower()
        return options

    def arrow(self) -> arrow_fs.S3FileSystem:
        """Arrow's file system, made anew when the credentials have changed."""
        access = self._credentials()
        if self._arrow is None or self._arrow[0] != access:
            endpoint = urlsplit(self.endpoint) if self.endpoint else None
            self._arrow = (
                access,
                arrow_fs.S3FileSystem(
                    access_key=access.access_key,
                    secret_key=access.secret_key,
                    session_token=access.token,
                    region=self.region,
                    endpoint_override=endpoint.netloc if endpoint else None,
                    scheme=endpoint.scheme if endpoint else "https",
                    force_virtual_addressing=self.style == "virtual",
                    connect_timeout=_CONNECT_SECONDS,
                    request_timeout=60,
                    retry_strategy=arrow_fs.AwsStandardS3RetryStrategy(max_attempts=_ATTEMPTS),
                ),
            )
        return self._arrow[1]

    def _credentials(self) -> Any:
        """Those of now: boto3 renews what expires."""
        try:
            found = self._session.get_credentials()
            if found is not None:
                return found.get_frozen_credentials()
        except BotoCoreError as error:
            raise StoreError(f"No AWS credentials: {error}.") from error
        raise StoreError(
            "No AWS credentials. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE."
        )


def aws() -> Aws:
    """What the settings are now: a daemon notices a file of credentials that was written anew."""
    variables = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    files = tuple(
        _written(os.environ.get(variable, f"~/.aws/{name}"))
        for variable, name in (
            ("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            ("AWS_CONFIG_FILE", "config"),
        )
    )
    return _of((variables, files))


def _written(path: str) -> int | None:
    try:
        return Path(path).expanduser().stat().st_mtime_ns
    except OSError:
        return None


@lru_cache(maxsize=1)
def _of(_settings: object) -> Aws:
    return Aws()
