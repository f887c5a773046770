"""The command `python -m ram_emulator`: options in, one JSON line out when ready, then serve."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import signal
import stat
import sys
from pathlib import Path

try:
    from . import persist, seeding
    from .behaviours import PRESETS
    from .server import keep_saved, running
    from .state import Universe
except ModuleNotFoundError as missing:
    print(
        f"{missing.name} is not installed: the emulator is installed by"
        " pip install 'ram-operator[operator,emulator]'",
        file=sys.stderr,
    )
    sys.exit(2)

_PR_SET_PDEATHSIG = 1


def main(argv: list[str] | None = None) -> int:
    """Run the emulator until SIGTERM, SIGINT, or with --exit-with-parent its parent's end.

    Returns 0, or 2 with a sentence on stderr if the state file or a port cannot be used.
    """
    options = _parser().parse_args(argv)
    try:
        asyncio.run(_serve(options))
    except (ValueError, OSError) as error:
        print(f"ram_emulator: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ram_emulator", description="An HTTP emulator of Alibaba Cloud RAM, STS and IMS."
    )
    add = parser.add_argument
    add("--port", type=int, default=0, help="port of the cloud API (0: a free one)")
    add("--admin-port", type=int, default=0, help="port of the admin API (0: a free one)")
    add("--state", type=Path, help="file that keeps the state: read at start, written on change")
    add("--seed-account", action="append", default=[], metavar="ID", help="create an account")
    add(
        "--behaviours",
        default="hostile",
        choices=PRESETS,
        help="preset of the seeded accounts",
    )
    add("--no-strict", action="store_true", help="accept documents that are merely JSON")
    add("--exit-with-parent", action="store_true", help="end when the starting process ends")
    return parser


async def _serve(options: argparse.Namespace) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    state: Path | None = options.state
    universe = Universe(strict=not options.no_strict)
    if state is not None and state.exists():
        universe = persist.read_file(state)
    accounts = [
        seeding.create_account(
            universe, {"accountId": account_id, "behaviours": options.behaviours}
        )
        for account_id in options.seed_account
        if account_id not in universe.accounts
    ]
    async with running(universe, options.port, options.admin_port) as server:
        if options.exit_with_parent:
            _end_with_parent(loop, stop)
        ready = {"port": server.port, "adminPort": server.admin_port, "accounts": accounts}
        print(json.dumps(ready), flush=True)
        if state is not None:
            await keep_saved(server.api, state, stop)
        await stop.wait()


def _end_with_parent(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Stop at the end of a stdin pipe; without one, ask the kernel for a signal."""
    descriptor = sys.stdin.fileno()
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):

        def readable() -> None:
            if not os.read(descriptor, 4096):
                loop.remove_reader(descriptor)
                stop.set()

        loop.add_reader(descriptor, readable)
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == 1:
        stop.set()


if __name__ == "__main__":
    sys.exit(main())
