"""A tiny HTTP server for tests: says what it was told to say, and notes what it was asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Request:
    """What came in."""

    method: str
    path: str
    """With the query."""
    headers: Mapping[str, str]
    body: bytes
    listed: tuple[tuple[str, str], ...] = ()
    """All headers, in their order; a name may come more than once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out. `cut` closes the connection without an answer."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(slots=True)
class Stub:
    """A running server on 127.0.0.1."""

    port: int
    answer: Callable[[Request], Reply]
    asked: list[Request] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def stub(answer: Callable[[Request], Reply] = lambda _: Reply()) -> Iterator[Stub]:
    """A server for the duration of a block."""
    state = Stub(0, answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: apart, each answer waits 40 ms for the client's receipt.
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            listed = tuple(self.headers.items())
            request = Request(self.command, self.path, dict(listed), body, listed)
            state.asked.append(request)
            reply = state.answer(request)
            if reply.cut:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

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
