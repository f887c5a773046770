"""One connection to the API server for each thread, kept from request to request.

Used by connection.py: a handshake costs more than most of what is asked. Decides nothing about
what is asked, nor about its answer.
"""

from __future__ import annotations

import http.client
import select
import ssl
import threading
from collections.abc import Mapping


class _Connection(http.client.HTTPSConnection):
    """Is closed when its thread ends, which forgets it then."""

    def __del__(self) -> None:
        self.close()

    @property
    def given_up(self) -> bool:
        """Whether the server has closed it: an answer that nobody waits for is its end."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(0))


class Connections:
    """To one server, by the thread that asks."""

    def __init__(self, host: str, context: ssl.SSLContext) -> None:
        self._host = host
        self._context = context
        self._own = threading.local()

    def ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes]:
        """Status and content of the answer. Raises OSError when there is none.

        A GET is sent once more where the server went away over it, and nothing else is.
        """
        try:
            return self._once(method, path, body, headers, timeout)
        except OSError as error:
            if method != "GET" or isinstance(error, TimeoutError):
                raise
            return self._once(method, path, body, headers, timeout)

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float
    ) -> tuple[int, bytes]:
        connection = self._connection(timeout)
        try:
            connection.request(method, path, body, dict(headers))
            # One that says that the connection ends is not closed with it.
            with connection.getresponse() as response:
                return response.status, response.read()
        except BaseException as error:
            connection.close()
            if isinstance(error, http.client.HTTPException) and not isinstance(error, OSError):
                raise ConnectionError(f"{method} {path}: {error!r}") from error
            raise

    def _connection(self, timeout: float) -> _Connection:
        found: _Connection | None = getattr(self._own, "connection", None)
        if found is None:
            found = _Connection(self._host, context=self._context)
            self._own.connection = found
        elif found.given_up:
            found.close()
        found.timeout = timeout
        if found.sock is not None:
            found.sock.settimeout(timeout)
        return found
