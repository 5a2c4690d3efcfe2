"""What a picture is called outside the project."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote


def urn(kind: str, name: str) -> str:
    """An IRI for what has no address on the web.

    >>> urn("image", "verso/été.jpg")
    'urn:vsig:image:verso/%C3%A9t%C3%A9.jpg'
    """
    return f"urn:vsig:{kind}:{quote(name)}"


def address(text: str | None) -> str | None:
    """A text as an address on the web; None where it is none.

    Only http and https: what a person gives may be `javascript:` as well.
    """
    bare = (text or "").strip()
    if not bare.lower().startswith(("http://", "https://")):
        return None
    return quote(bare, safe="%/:=&?~#+!$,;'@()*[]")


def iri_of(image: Mapping[str, Any]) -> str:
    """The canvas of a picture, else its address, else a name.

    Parameters
    ----------
    image
        A row of `images` with uid, canvas and uri.
    """
    return address(image["canvas"]) or address(image["uri"]) or urn("image", image["uid"])
