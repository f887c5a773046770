"""How answers come: as a whole within a time, or not at all.

The SDK sends by requests, whose read time-out begins anew with each byte: an answer of one byte a
second never ends, and holds its thread. Here the time counts for all of an answer, head and body.
Called once by each client, before its first call.
"""

from __future__ import annotations

import io
import socket
import time
from http.client import HTTPResponse
from typing import Any, Final

from darabonba.core import DaraCore
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

_MAKE: Final = DaraCore.get_adapter


class _Timed(io.RawIOBase):
    """What a socket receives until `end`, in monotonic seconds. Raises TimeoutError then."""

    def __init__(self, connection: socket.socket, received: io.RawIOBase, end: float) -> None:
        self._connection = connection
        self._received = received
        self._end = end

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer did not end in time")
        before = self._connection.gettimeout()
        self._connection.settimeout(left if before is None else min(left, before))
        count: int | None = self._received.readinto(buffer)
        # Not after an error: the connection is not used again.
        self._connection.settimeout(before)
        return count

    def close(self) -> None:
        self._received.close()
        super().close()


def _answers(seconds: float) -> type[HTTPResponse]:
    class Answer(HTTPResponse):
        def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:
            super().__init__(sock, *args, **more)
            received = self.fp.detach()
            self.fp = io.BufferedReader(_Timed(sock, received, time.monotonic() + seconds))

    return Answer


def _pools(seconds: float) -> dict[str, type[HTTPConnectionPool]]:
    answer = _answers(seconds)

    class Plain(HTTPConnection):
        response_class = answer

    class Secure(HTTPSConnection):
        response_class = answer

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


def limit_answers(seconds: float) -> None:
    """From now on the SDK's answers take at most so long, of all hosts that it has not called."""
    pools = _pools(seconds)

    def get_adapter(
        prefix: str, tls_min_version: str | None = None, pool_size: int | None = None
    ) -> HTTPAdapter:
        made: HTTPAdapter = _MAKE(prefix, tls_min_version, pool_size)
        direct, by_proxy = made.poolmanager, made.proxy_manager_for
        direct.pool_classes_by_scheme = pools

        def proxy_manager_for(proxy: str, **more: Any) -> Any:
            manager = by_proxy(proxy, **more)
            manager.pool_classes_by_scheme = pools
            return manager

        made.proxy_manager_for = proxy_manager_for  # type: ignore[method-assign]
        return made

    DaraCore.get_adapter = staticmethod(get_adapter)
