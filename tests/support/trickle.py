"""A network that lets answers through a byte at a time, for as long as somebody wants it to."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Trickle:
    """In front of a server. `slow` is set while answers trickle."""

    host: str
    slow: threading.Event = field(default_factory=threading.Event)
    pause: float = 1.0
    """Seconds between two bytes."""
    given_up: int = 0
    """Answers that trickled and that the client did not wait for."""

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        """What the client asks goes at once, what the server answers as fast as is wanted."""
        asks = threading.Thread(target=_pass_on, args=(client, server), daemon=True)
        asks.start()
        with contextlib.suppress(OSError):
            while data := server.recv(65536):
                if not self.slow.is_set():
                    client.sendall(data)
                    continue
                self._drip(client, data)
        for end in (client, server):
            end.close()

    def _drip(self, client: socket.socket, data: bytes) -> None:
        for number in range(len(data)):
            try:
                client.sendall(data[number : number + 1] if self.slow.is_set() else data[number:])
            except OSError:
                self.given_up += 1
                raise
            if not self.slow.is_set():
                return
            time.sleep(self.pause)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


@contextmanager
def trickle(server: str, pause: float = 1.0) -> Iterator[Trickle]:
    """In front of `server`, host:port, for the length of a block. It begins fast."""
    host, _, port = server.rpartition(":")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        state = Trickle(f"127.0.0.1:{listening.getsockname()[1]}", pause=pause)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    there = socket.create_connection((host, int(port)))
                    carry = threading.Thread(target=state.carry, args=(client, there), daemon=True)
                    carry.start()

        threading.Thread(target=accept, daemon=True).start()
        yield state
        state.slow.clear()
