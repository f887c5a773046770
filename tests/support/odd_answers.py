"""A proxy before the emulated cloud that spoils answers: one value of each, or all of it."""

from __future__ import annotations

import http.client
import json
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_HOP: Final = {"connection", "content-length", "transfer-encoding"}
VALUES: Final[tuple[Any, ...]] = (
    *(None, "", True, -1, 0.5, 10**400, float("nan"), float("-inf"), [], {}, [None], [[]]),
    *("\ud800", "x" * 20_000, "[" * 990 + "]" * 990, '{"Statement": [{}]}', "9" * 5_000),
)
BODIES: Final = (b"", b"null", b"[]", b"{", b"\xff\xfe", b"<html>", b"{}", b'"x"', b"[" * 5_000)


class Spoiler:
    """Spoils every answer but each third while `spoiling`. `spoiled`: what became of them."""

    def __init__(self, upstream: str, seed: int) -> None:
        self.spoiling = False
        self.spoiled: list[str] = []
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                connection = http.client.HTTPConnection(upstream, timeout=60)
                try:
                    connection.putrequest(
                        self.command, self.path, skip_host=True, skip_accept_encoding=True
                    )
                    for name, value in self.headers.items():
                        connection.putheader(name, value)
                    connection.endheaders(body or None)
                    reply = connection.getresponse()
                    answer = outer.answer(reply.read())
                finally:
                    connection.close()
                self.send_response(reply.status)
                for name, value in reply.getheaders():
                    if name.lower() not in _HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    @contextmanager
    def serving(self) -> Iterator[Spoiler]:
        thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def answer(self, whole: bytes) -> bytes:
        """What is handed on."""
        with self._lock:
            chance = self._random.random()
            if not self.spoiling or chance < 0.3:
                return whole
            if chance < 0.4:
                body = self._random.choice(BODIES)
                self.spoiled.append(f"{body[:10]!r}")
                return body
            try:
                tree = json.loads(whole)
            except ValueError:
                return whole
            return json.dumps(self._changed(tree)).encode()

    def _changed(self, tree: Any) -> Any:
        """The answer with one value of it gone, or another."""
        places = list(_places(tree))
        if not places:
            return tree
        holder, at = self._random.choice(places)
        if isinstance(holder, dict) and self._random.random() < 0.3:
            self.spoiled.append(f"{at} is missing")
            del holder[at]
            return tree
        value = self._random.choice(VALUES)
        self.spoiled.append(f"{at} is {str(value)[:20] if not isinstance(value, int) else 'int'}")
        holder[at] = value
        return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree))
    for at in list(keys):
        yield tree, at
        if isinstance(tree[at], (dict, list)):
            yield from _places(tree[at])
