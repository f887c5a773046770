"""The two loopback servers of one emulator process, and their life.

`serve` runs until the stop event is set; `__main__` calls it. Saves the state when asked to.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from . import persist
from .admin_api import AdminApi
from .errors import ApiError
from .faults import Faults
from .gateway import Gateway
from .journal import Journal
from .state import Universe

HOST = "127.0.0.1"
# Identity tokens and documents travel in the request line.
MOST_LINE_BYTES = 1024 * 1024


class _Protocol(web.RequestHandler):
    """aiohttp's protocol, with JSON for requests that are too broken to reach the gateway."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer a request that could not be parsed, such as one with too long a line."""
        error = ApiError("InvalidParameter.Format", "The request cannot be read.", status=status)
        response = web.json_response(error.body(str(uuid.uuid4()).upper(), ""), status=status)
        response.force_close()
        return response


class _Server(web.Server):
    """aiohttp's server with the protocol above."""

    def __call__(self) -> web.RequestHandler:
        """A protocol for one connection."""
        return _Protocol(self, loop=self._loop, **self._kwargs)


@dataclass(frozen=True, slots=True)
class Running:
    """An emulator that accepts calls."""

    port: int
    admin_port: int
    api: AdminApi


@contextlib.asynccontextmanager
async def running(universe: Universe, port: int, admin_port: int) -> AsyncIterator[Running]:
    """Both servers, up for the duration of the block; port 0 takes a free one."""
    journal, faults = Journal(), Faults()
    gateway = Gateway(universe, journal, faults)
    api = AdminApi(universe, gateway, journal, faults)
    cloud: web.BaseRunner = web.ServerRunner(
        _Server(
            gateway.handle,
            access_log=None,
            max_line_size=MOST_LINE_BYTES,
            max_field_size=MOST_LINE_BYTES,
            keepalive_timeout=300,
        )
    )
    admin = web.AppRunner(api.application(), access_log=None)
    try:
        ports = [await _listen(cloud, port), await _listen(admin, admin_port)]
        yield Running(ports[0], ports[1], api)
    finally:
        await cloud.cleanup()
        await admin.cleanup()


async def _listen(runner: web.BaseRunner, port: int) -> int:
    await runner.setup()
    await web.TCPSite(runner, HOST, port, shutdown_timeout=1.0, backlog=1024).start()
    return int(runner.addresses[0][1])


async def keep_saved(api: AdminApi, path: Path, stop: asyncio.Event) -> None:
    """Write the state to a file at most once a second while it changes, and at the end."""
    saved: tuple[int, int] | None = None
    while True:
        stopping = stop.is_set()
        mark = (id(api.universe), api.universe.generation)
        if mark != saved:
            persist.write_file(api.universe, path)
            saved = mark
        if stopping:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 1.0)
