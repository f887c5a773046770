"""What the tour plays on: control plane, emulated cloud and operator, held by one keeper process.

The tour starts the keeper and talks to it in lines over its standard input; when the tour ends,
however it ends, the keeper takes everything down, unless it was told to keep it.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Final

import yaml

from lab import Cluster, ControlPlane, monitoring
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.processes import free_port, log_tail
from lab.prometheus_process import Prometheus
from ram_emulator.admin import Admin

ROOT: Final = Path(__file__).resolve().parents[1]
HOME: Final = ROOT / ".demo"
ACCOUNT: Final = "1234567890123456"
RAM_POLICY: Final = ROOT / "deploy" / "ram-policy.json"
# Reads stay stale after a write, as the cloud's may; for less time, so that the tour is short.
STALE_SECONDS: Final = 0.5
BEHAVIOURS: Final[Mapping[str, object]] = {
    "stale_read_seconds": STALE_SECONDS,
    "detach_visible_after_seconds": 0.3,
    "actiontrail_lag_seconds": 1.0,
}
RULES: Final = ROOT / "deploy" / "monitoring" / "rules.yaml"
SWEEPS: Final[Mapping[str, str]] = {
    "sweep-seconds": "2",
    "members-seconds": "2",
    "dangerous-trust-seconds": "2",
    "harmless-trust-seconds": "4",
    "harmless-members-seconds": "2",
    "trust-seconds": "4",
    "sign-in-seconds": "4",
    "author-seconds": "1",
}
"""The account is looked at as always, within seconds and not within minutes and hours."""
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy")
_TOKEN_LIFE: Final = 3600.0


class StageError(RuntimeError):
    """The stage could not be set; the message says why."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where everything is. Read from the file that the keeper writes, readable by its user only."""

    directory: str
    keeper: int
    pids: Mapping[str, int]
    endpoint: str
    admin_url: str
    operator_arn: str
    hand_key_id: str
    hand_key_secret: str = field(repr=False)
    metrics_port: int = 0
    prometheus_port: int = 0
    """0 where no Prometheus is at hand."""

    @classmethod
    def read(cls, directory: Path) -> Stage:
        """The stage that stands in directory. Raises StageError if none does."""
        try:
            return cls(**json.loads((directory / "stage.json").read_text()))
        except FileNotFoundError:
            raise StageError("no demo is up; start one with: make demo KEEP=1") from None

    def write(self) -> None:
        """Replace the file at once, so that no reader sees half of it."""
        path = Path(self.directory) / "stage.json"
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(asdict(self)))
        fresh.replace(path)

    def adding(self, name: str, pid: int) -> Stage:
        """With one more process."""
        return replace(self, pids={**self.pids, name: pid})

    @property
    def cluster(self) -> Cluster:
        """The control plane."""
        return Cluster.read(Path(self.directory) / "control-plane")

    @property
    def admin(self) -> Admin:
        """The emulator's own view, never stale."""
        return Admin(self.admin_url)

    def running(self) -> list[str]:
        """Names of the processes that are alive."""
        return [name for name, pid in self.pids.items() if alive(pid)]


class Keeper:
    """The tour's side of the keeper process. Use it in a with statement."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / "keeper.log"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Keeper:
        standing = _standing(self._directory)
        if standing is not None:
            raise StageError("a demo is up already; make demo-stop ends it")
        shutil.rmtree(self._directory, ignore_errors=True)
        self._directory.mkdir(parents=True, mode=0o700)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "demo", "keeper", "--directory", self._directory],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env=without_proxies(os.environ),
            )
        self._expect("stage")
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def start_operator(self) -> None:
        """Let the operator start as its ServiceAccount, which must exist."""
        self._tell("operator")

    def await_operator(self) -> None:
        """Wait until it is at work. Raises StageError."""
        self._expect("operator")

    def keep(self) -> None:
        """Leave everything running when this process ends."""
        self._tell("keep")
        self._expect("kept")
        process = self._release()
        if process is not None:
            # Not ours any more: nobody shall wait for it.
            process.returncode = 0

    def stop(self) -> None:
        """Take everything down and wait for it; nothing to do after keep()."""
        process = self._release()
        if process is not None:
            process.wait()

    def _release(self) -> subprocess.Popen[str] | None:
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stdout) if process is not None else ():
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return process

    def _tell(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _expect(self, word: str) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != word:
            self.stop()
            raise StageError(f"{word} did not come up\n{log_tail(self._log, 30)}")


def stop(directory: Path) -> bool:
    """End a kept stage and forget it; False when none is up."""
    stage = _standing(directory)
    if stage is None:
        return False
    os.kill(stage.keeper, signal.SIGTERM)
    while alive(stage.keeper) or stage.running():
        time.sleep(0.1)
    shutil.rmtree(directory, ignore_errors=True)
    return True


def serve(directory: Path) -> int:
    """The keeper process itself: hold the stage until standard input ends or SIGTERM comes."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    with ThreadPoolExecutor(1) as pool:
        emulator = pool.submit(EmulatorProcess.start, log=directory / "emulator.log")
        plane = ControlPlane.start(directory / "control-plane")
    with plane, emulator.result() as cloud:
        stage = _cast(directory, plane, cloud)
        stage.write()
        print("stage", flush=True)
        _obey(directory, plane, stage)
    return 0


def _cast(directory: Path, plane: ControlPlane, cloud: EmulatorProcess) -> Stage:
    """The emulated account with its people: the operator's user, somebody with a key, a CI."""
    admin = cloud.admin
    admin.create_account(ACCOUNT, behaviours=BEHAVIOURS)
    admin.create_provider(ACCOUNT, "oidc", "shop-ci")
    own = admin.create_user(ACCOUNT, "ram-operator", document=json.loads(RAM_POLICY.read_text()))
    hand = admin.create_user(ACCOUNT, "by-hand", policies=[("System", "AdministratorAccess")])
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_ID"] = own.access_key_id
    os.environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = own.access_key_secret
    pids = {name: child.pid for name, child in plane.processes.items()}
    return Stage(
        directory=str(directory),
        keeper=os.getpid(),
        pids={**pids, "emulator": cloud.pid},
        endpoint=cloud.endpoint,
        admin_url=cloud.admin_url,
        operator_arn=own.arn,
        hand_key_id=hand.access_key_id,
        hand_key_secret=hand.access_key_secret,
        metrics_port=free_port(),
    )


def _obey(directory: Path, plane: ControlPlane, stage: Stage) -> None:
    operator: OperatorProcess | None = None
    prometheus: Prometheus | None = None
    try:
        for line in sys.stdin:
            if line.strip() == "operator":
                operator = _operator(directory, plane, stage)
                prometheus = _watched(directory, stage)
                print("operator", flush=True)
            elif line.strip() == "keep":
                print("kept", flush=True)
                break
        else:
            return
        while True:
            # Its token lasts two hours: a kept demo starts the operator anew before that.
            time.sleep(_TOKEN_LIFE)
            if operator is not None:
                operator.stop()
                operator = _operator(directory, plane, stage)
    finally:
        if prometheus is not None:
            prometheus.child.stop()
        if operator is not None:
            operator.stop()


def _operator(directory: Path, plane: ControlPlane, stage: Stage) -> OperatorProcess:
    metrics = {"metrics-address": f"127.0.0.1:{stage.metrics_port}"}
    process = OperatorProcess.start(plane, directory / "operator.log", {**SWEEPS, **metrics})
    Stage.read(directory).adding("operator", process.child.pid).write()
    return process


def _watched(directory: Path, stage: Stage) -> Prometheus | None:
    """A Prometheus that scrapes the operator under the rules of deploy/monitoring."""
    if monitoring.at_hand() is None:
        return None
    home = directory / "prometheus"
    home.mkdir()
    # Each second, and not each minute: what is pending shall show soon.
    found = yaml.safe_load(RULES.read_text())["groups"]
    groups = [{**group, "interval": "1s"} for group in found]
    process = Prometheus.start(home, [stage.metrics_port], groups)
    known = Stage.read(directory).adding("prometheus", process.child.pid)
    replace(known, prometheus_port=process.port).write()
    return process


def _standing(directory: Path) -> Stage | None:
    """The stage in directory whose keeper is alive. Everything dies with it, so it alone counts."""
    try:
        stage = Stage.read(directory)
    except StageError:
        return None
    if not alive(stage.keeper):
        return None
    # A recycled process id belongs to another program; without /proc we have to believe it.
    command = Path(f"/proc/{stage.keeper}/cmdline")
    return stage if not command.exists() or b"keeper" in command.read_bytes() else None


def alive(pid: int) -> bool:
    """Whether a process with that id exists and is no zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    status = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError):
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def without_proxies(environment: Mapping[str, str]) -> dict[str, str]:
    """The SDK would send even loopback calls to a proxy that the environment names."""
    return {k: v for k, v in environment.items() if k.lower() not in _PROXIES}
