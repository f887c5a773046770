"""The control plane on the command line: python -m lab assets | up | down | run -- CMD.

`up` leaves one running for a person to play with, `run` gives one to a command and takes it away
again; both name its directory in RAM_OPERATOR_CONTROL_PLANE, which the test fixtures look at.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from lab import assets, building, monitoring
from lab.connection import Cluster
from lab.controlplane import ControlPlane

VARIABLE = "RAM_OPERATOR_CONTROL_PLANE"
_HOME = building.ROOT / ".cluster"
_UP = _HOME / "up"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code; that of the command for `run`."""
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    find = verbs.add_parser("assets", help="find or build kube-apiserver and etcd")
    find.add_argument("--monitoring", action="store_true", help="prometheus and promtool instead")
    verbs.add_parser("up", help="start a control plane and leave it running")
    verbs.add_parser("down", help="stop what `up` started")
    serve = verbs.add_parser("serve", help="start a control plane and wait for SIGTERM")
    serve.add_argument("directory", type=Path)
    run = verbs.add_parser("run", help="run a command with a control plane of its own")
    run.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    match options.verb:
        case "assets":
            if options.monitoring:
                print(monitoring.find_or_build().prometheus.parent)
            else:
                print(assets.find_or_build().kube_apiserver.parent)
            return 0
        case "up":
            return _up()
        case "down":
            return _down()
        case "serve":
            return _serve(options.directory)
        case _:
            separated = options.command[:1] == ["--"]
            return _run(options.command[1:] if separated else options.command)


def _up() -> int:
    if _running(_UP):
        print(f"It is up already: {_UP}")
    else:
        assets.find_or_build()
        shutil.rmtree(_UP, ignore_errors=True)
        _UP.mkdir(parents=True)
        log = _UP / "serve.log"
        with log.open("wb") as output:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "lab", "serve", _UP],
                cwd=building.ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        while not (_UP / "state.json").exists():
            if keeper.poll() is not None:
                sys.stderr.write(log.read_text())
                return 1
            time.sleep(0.1)
        (_UP / "keeper.pid").write_text(str(keeper.pid))
    cluster = Cluster.read(_UP)
    print(f"export KUBECONFIG={cluster.admin_kubeconfig}")
    print(f"export {VARIABLE}={_UP}  # tests use this one instead of starting their own")
    print("# python -m lab down  stops it")
    return 0


def _down() -> int:
    if not _running(_UP):
        print("Nothing is up.")
        return 0
    pid = int((_UP / "keeper.pid").read_text())
    os.kill(pid, signal.SIGTERM)
    while _running(_UP):
        time.sleep(0.1)
    print("Stopped.")
    return 0


def _running(directory: Path) -> bool:
    """Whether the keeper of directory is alive. Its servers die with it, so nothing else counts."""
    try:
        pid = int((directory / "keeper.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline")
        os.kill(pid, 0)
    except (OSError, ValueError):
        return False
    # A recycled process id belongs to another program; without /proc we have to believe it.
    return not command.parent.exists() or b"lab" in command.read_bytes()


def _serve(directory: Path) -> int:
    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    with ControlPlane.start(directory):
        while True:
            signal.pause()


def _run(command: Sequence[str]) -> int:
    directory = _HOME / f"run-{os.getpid()}"
    with ControlPlane.start(directory) as plane:
        environment = {**plane.environment(), VARIABLE: str(directory)}
        code = subprocess.run(command, env=environment, check=False).returncode
    if code == 0:
        shutil.rmtree(directory)
    else:
        print(f"\nkube-apiserver's and etcd's logs are kept in {directory}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
