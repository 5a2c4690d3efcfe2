"""Connections that look at whom they reached before they say a word."""

import functools

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from vsig_core.errors import FetchError
from vsig_core.web.addresses import check_peer

_MOST_OPEN = 8  # kept for the threads of one process, to one host


@functools.lru_cache
def pools(private_hosts: frozenset[str], timeout: float) -> urllib3.PoolManager:
    """Connections of this process, kept open; see `check_peer`."""

    class Checked(HTTPConnection):
        def connect(self) -> None:
            super().connect()
            _look(self, private_hosts)

    class CheckedSecurely(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            _look(self, private_hosts)

    class Pool(HTTPConnectionPool):
        ConnectionCls = Checked  # pyright: ignore[reportAssignmentType]  as urllib3's own are

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = CheckedSecurely  # pyright: ignore[reportAssignmentType]

    manager = urllib3.PoolManager(
        maxsize=_MOST_OPEN, timeout=urllib3.Timeout(connect=timeout, read=timeout)
    )
    manager.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}
    return manager


def _look(connection: HTTPConnection, private_hosts: frozenset[str]) -> None:
    try:
        check_peer(connection.host, connection.sock.getpeername()[0], private_hosts)
    except FetchError:
        connection.close()
        raise
