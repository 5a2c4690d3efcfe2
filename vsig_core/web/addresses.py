"""Where a request may go: http and https, and no machine of a private network unless named.

A manifest is written by strangers. What it names must not make this machine ask for pages
that only this machine can see: the router's, a cloud's own (169.254.169.254), a database's.
"""

import ipaddress
from collections.abc import Set as AbstractSet
from urllib.parse import urljoin, urlsplit

from vsig_core.errors import FetchError

SCHEMES = ("http", "https")


def host_of(url: str) -> str:
    """The host that an address names, in lower case.

    Raises
    ------
    FetchError
        forbidden: the address is none, is of another scheme, or carries a password.
    """
    try:
        parts = urlsplit(url)
        host, with_password = parts.hostname, "@" in parts.netloc
        _ = parts.port  # raises where it is no number
    except ValueError as error:
        raise FetchError("forbidden", f"{url!r} is no address: {error}") from None
    if parts.scheme not in SCHEMES or not host:
        raise FetchError("forbidden", f"{url!r}: only http:// and https:// are fetched")
    if with_password:
        raise FetchError("forbidden", f"an address of {host} carries a name or a password")
    return host


def redirected(url: str, location: str) -> str:
    """Where a server sends whoever asked for an address.

    Raises
    ------
    FetchError
        forbidden: that is no address.
    """
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise FetchError("forbidden", f"{url} leads to {location!r}: {error}") from None


def check_name(host: str, private_hosts: AbstractSet[str]) -> None:
    """Refuse a host that is written as such an IP address, before anything is sent; see below."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return
    check_peer(host, host, private_hosts)


def check_peer(host: str, address: str, private_hosts: AbstractSet[str]) -> None:
    """Refuse to talk to a machine that the open web has no business to name.

    Parameters
    ----------
    host
        The name that was asked for.
    address
        The IP address that it turned out to be, of the open connection: a name server that
        says one thing to a check and another to the connection gains nothing.
    private_hosts
        Hosts of a private network that the project names itself.

    Raises
    ------
    FetchError
        forbidden.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
        raise FetchError("forbidden", f"{host} is {ip}, which is no address of the web")
    if not ip.is_global and host not in private_hosts:
        raise FetchError(
            "forbidden",
            f"{host} is {ip}, a machine of a private network; name it in private_hosts of [web] "
            "if it is yours",
        )
