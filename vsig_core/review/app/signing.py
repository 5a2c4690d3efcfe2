"""Values that a browser keeps for us and cannot change: base64url(text).HMAC-SHA256."""

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path


class Signer:
    """Signs texts with a secret.

    Parameters
    ----------
    secret
        Whoever has it can sign.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def mark(self, text: str) -> str:
        """The signature of a text, 43 characters."""
        digest = hmac.new(self._secret, text.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def cookie(self, name: str) -> str:
        """A cookie's name in this project: browsers share cookies among all ports of a machine."""
        return f"{name}_{self.mark(name)[:8]}"

    def close(self, text: str) -> str:
        """A text with its signature, fit for a cookie."""
        body = base64.urlsafe_b64encode(text.encode()).decode()
        return f"{body}.{self.mark(body)}"

    def open(self, value: str) -> str | None:
        """The text of a signed value; None where it is not ours."""
        body, _, mark = value.rpartition(".")
        if not hmac.compare_digest(self.mark(body).encode(), mark.encode()):
            return None
        try:
            return base64.urlsafe_b64decode(body).decode()
        except (binascii.Error, ValueError):
            return None


def kept_secret(place: Path) -> bytes:
    """The secret of a project on this machine, made where there is none; its owner's alone."""
    if not place.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(dir=place.parent)  # readable by its owner alone
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
        # A link, so that of two servers that begin at once both have the first one's, whole.
        with contextlib.suppress(FileExistsError):
            place.hardlink_to(partial)
        Path(partial).unlink()
    return place.read_bytes()
