"""Where pictures come from, how they are read, and what is asked of the web."""

from typing import Literal, Self

from pydantic import Field, model_validator

from vsig_core.settings.section import Section

Publish = Literal["none", "thumb", "full"]
SCHEMES = ("file", "s3", "http", "https")


def scheme_of(uri: str) -> tuple[str, str]:
    """The scheme of an address, in lower case, and what follows "://"; "" for a path.

    >>> scheme_of("s3://bucket/prefix"), scheme_of("pictures")
    (('s3', 'bucket/prefix'), ('', 'pictures'))
    """
    scheme, mark, rest = uri.partition("://")
    return (scheme.lower(), rest) if mark else ("", uri)


def unknown_scheme(uri: str) -> str:
    """What to say of an address that vsig does not read."""
    return (
        f"{uri!r} begins with {scheme_of(uri)[0]}://, from which nothing can be read. A source is "
        "a folder, s3://bucket/prefix, a table of pictures (CSV, JSON Lines or Parquet), or a "
        "https:// or http:// address of such a table or a IIIF document. Copy or mount the "
        "pictures, and name that folder."
    )


class SourceSettings(Section):
    """One place that pictures come from."""

    uri: str = Field(
        description="Folder, absolute or relative to the project; s3://bucket/prefix; a table of "
        "pictures or a IIIF document, as a file or a https:// address (docs/sources.md)."
    )
    prefix: str = Field(
        default="", description="Put before each uid, where two sources share names."
    )
    metadata: str | None = Field(
        default=None,
        description="Table that describes the pictures (CSV, JSON Lines or Parquet); else "
        "metadata.csv, .jsonl or .parquet beside them.",
    )
    publish: Publish = Field(
        default="none", description="What may leave the project (DESIGN 5.15)."
    )

    work: Literal["canvas", "manifest"] = Field(
        default="canvas",
        description="What of a IIIF manifest is one work of art: each canvas, or all of them "
        "(views of one object).",
    )

    @model_validator(mode="after")
    def _schemes_are_known(self) -> Self:
        for address in (self.uri, self.metadata or ""):
            if scheme_of(address)[0] not in {"", *SCHEMES}:
                raise ValueError(unknown_scheme(address))
        return self


class ImagesSettings(Section):
    """Reading pictures."""

    batch_size: int = Field(default=500, ge=1, description="Most pictures in one batch.")
    thumb_px: int = Field(
        default=128, ge=16, le=512, description="Longer side of the thumbnail, pixels."
    )
    working_px: int = Field(
        default=1024, ge=64, description="Longer side of the working copy, pixels."
    )
    jpeg_quality: int = Field(
        default=90, ge=50, le=100, description="Of thumbnails and working copies."
    )
    max_pixels: int = Field(
        default=200_000_000,
        ge=1,
        description="Larger pictures are refused before decoding, pixels.",
    )
    max_bytes: int = Field(
        default=500_000_000, ge=1, description="Larger files are refused, bytes."
    )


class WebSettings(Section):
    """Fetching pictures, manifests and listings from the web (docs/sources.md)."""

    requests_per_second: float = Field(
        default=4.0, gt=0, description="To one host, by all processes of this machine together."
    )
    tries: int = Field(
        default=4, ge=1, description="Of one address, with growing pauses, where a failure passes."
    )
    timeout_seconds: float = Field(
        default=30.0, gt=0, description="That a server may be silent, seconds."
    )
    longest_seconds: float = Field(
        default=300.0, gt=0, description="That one answer may take in all, seconds."
    )
    longest_wait_seconds: float = Field(
        default=60.0,
        ge=0,
        description="That a server may ask to be left alone (Retry-After) and is waited for; where "
        "it asks for longer, a later run asks again.",
    )
    refresh_hours: float = Field(
        default=24.0,
        ge=0,
        description="For so long what was fetched is not asked for again; then it is fetched only "
        "if it changed. The address that a source names itself is asked each time.",
    )
    picture_px: int = Field(
        default=1024,
        ge=64,
        description="Longer side that IIIF image servers are asked for, pixels; less than "
        "working_px of [images] makes smaller working copies.",
    )
    max_document_bytes: int = Field(
        default=100_000_000, ge=1, description="Larger manifests and listings are refused, bytes."
    )
    contact: str = Field(
        default="", description="Mail or page of yours, told to servers in the User-Agent."
    )
    private_hosts: tuple[str, ...] = Field(
        default=(),
        description="Hosts of your own network that manifests and listings may name; those of the "
        "sources' own addresses are known.",
    )
