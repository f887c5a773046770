"""A small HTTP proxy on loopback: passes requests on, or answers as told, and notes what it saw.

Stands before one server as well, whose answers it may change. To CONNECT it answers a status alone:
no test has a certificate of the cloud.
"""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

HOP_BY_HOP: Final = {"connection", "keep-alive", "proxy-authorization", "proxy-connection"}


@dataclass(slots=True)
class Proxy:
    """A running one. `refuses`: the status that it answers instead of passing on."""

    port: int = 0
    refuses: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)
    """Method and host:port, of everything that came in."""
    signed: list[str] = field(default_factory=list)
    """What it was told in Proxy-Authorization."""

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def hosts(self) -> set[str]:
        return {host for _, host in self.asked}


@contextmanager
def proxy(upstream: str = "", answer: Callable[[bytes], bytes] = bytes) -> Iterator[Proxy]:
    """One for the length of a block. `upstream`: host:port of requests that name no host, as to a
    server; `answer` makes of an answer's content what is handed on.
    """
    state = Proxy()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            self._note(parts.netloc or self.path)
            if state.refuses or self.command == "CONNECT":
                self._answer(state.refuses or 502, b"<html>the proxy's own page</html>", {})
                return
            headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
            connection = http.client.HTTPConnection(parts.netloc or upstream, timeout=60)
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request(self.command, path, body, headers)
            reply = connection.getresponse()
            text = answer(reply.read())
            self._answer(reply.status, text, dict(reply.getheaders()))
            connection.close()

        do_GET = do_POST = do_CONNECT = _pass_on

        def _note(self, host: str) -> None:
            state.asked.append((self.command, host))
            state.signed.append(self.headers.get("Proxy-Authorization", ""))

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() not in {*HOP_BY_HOP, "content-length", "transfer-encoding"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that went away are part of the tests."""

    with Server(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield state
        server.shutdown()
        thread.join()
