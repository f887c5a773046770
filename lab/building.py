"""Builds upstream programs from locked Go modules, once for a machine, in the user's cache.

Called by assets.py and monitoring.py, which say what to build. Go is the machine's own, else the
one that requirements/go.txt locks.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
_OLDEST_GO = (1, 21)  # the first that fetches a newer toolchain when go.mod asks for one


class BuildFailed(RuntimeError):
    """The binaries could not be built; the message says what to install or what failed."""


@dataclass(frozen=True)
class Program:
    """One program: the folder here whose go.mod locks it, its package, and the flags of go build.

    `minutes` is said to the person who waits, for two cores.
    """

    name: str
    module: str
    package: str
    flags: tuple[str, ...]
    minutes: str


def built(programs: Sequence[Program]) -> Path:
    """The directory that holds all these programs, from the cache or built now.

    Raises BuildFailed.
    """
    if (found := already_built(programs)) is not None:
        return found
    directory = _cache() / _fingerprint(programs)
    with _locked(_cache() / "build.lock"):
        if not directory.is_dir():  # whoever held the lock may have built them
            _build(programs, directory)
    return directory


def already_built(programs: Sequence[Program]) -> Path | None:
    """The directory that holds all these programs, if they were built on this machine."""
    directory = _cache() / _fingerprint(programs)
    return directory if directory.is_dir() else None


def numbers(text: str) -> tuple[int, int]:
    """The first two numbers of a version, (0, 0) if there is none."""
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def output(*command: str | Path) -> str:
    """What a command prints, asked outside of any Go module: inside one, go would first fetch the
    toolchain that go.mod names.
    """
    with tempfile.TemporaryDirectory() as elsewhere:
        result = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    return result.stdout.strip()


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)


def cache(name: str) -> Path:
    """A directory in the user's cache; it may be missing still."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ram-operator" / name


def _cache() -> Path:
    return cache("assets")


def _fingerprint(programs: Sequence[Program]) -> str:
    """Changes with the sources, the locked modules, the build flags and the machine."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()}".encode())
    for program in programs:
        digest.update(" ".join((program.name, program.package, *program.flags)).encode())
        folder = HERE / program.module
        for path in sorted(path for path in folder.iterdir() if path.name.startswith("go.")):
            digest.update(path.read_bytes())
        for path in sorted(folder.glob("*.go")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _build(programs: Sequence[Program], directory: Path) -> None:
    go = _go()
    # With fewer collections, and without the debug information that -s drops anyway, a build takes
    # a fifth less processor time.
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off", "GOGC": "400"}
    if numbers(_go_version(go)) < (1, 26):
        environment["GOTOOLCHAIN"] = "auto"
    temporary = Path(tempfile.mkdtemp(dir=_cache()))
    try:
        for program in programs:
            _build_one(go, program, temporary / program.name, environment)
        temporary.rename(directory)  # atomic: nobody sees half of it
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _build_one(go: Path, program: Program, target: Path, environment: dict[str, str]) -> None:
    name = program.name
    say(f"Building {name} from source, once for this machine: {program.minutes} on two cores ...")
    begin = time.monotonic()
    fixed = ["-trimpath", "-mod=readonly", "-buildvcs=false", "-gcflags=all=-dwarf=false"]
    command: list[str | Path] = [go, "build", *fixed, *program.flags, "-o", target, program.package]
    result = subprocess.run(
        command,
        cwd=HERE / program.module,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise BuildFailed(f"go build of {name} failed:\n{result.stdout}{result.stderr}")
    say(f"Built {name} in {time.monotonic() - begin:.0f} s.")


def _go() -> Path:
    """Go of the machine if it is recent enough to help itself, else one that is locked."""
    own = shutil.which("go")
    if own is not None and numbers(_go_version(Path(own))) >= _OLDEST_GO:
        return Path(own)
    environment = _cache() / "go"
    packaged = sorted(environment.glob("lib/python*/site-packages/go/bin/go"))
    if packaged:
        return packaged[0]
    uv = ROOT / ".tools" / "bin" / "uv"
    if not uv.exists():
        raise BuildFailed("No Go found: install Go 1.26 or newer, or run `make venv` first.")
    say("No recent Go on this machine: fetching one (about 70 MB) ...")
    site = environment / "lib" / "python3" / "site-packages"
    lock = ROOT / "requirements" / "go.txt"
    install: list[str | Path] = [uv, "pip", "install", "--quiet", "--require-hashes"]
    certificates = {"UV_NATIVE_TLS": "1", "UV_SYSTEM_CERTS": "1"}
    subprocess.run(
        [*install, "--target", site, "-r", lock], check=True, env={**os.environ, **certificates}
    )
    go = site / "go" / "bin" / "go"
    for tool in (*go.parent.iterdir(), *go.parents[1].glob("pkg/tool/*/*")):
        tool.chmod(0o755)  # a wheel need not keep the mode
    return go


def _go_version(go: Path) -> str:
    return output(go, "env", "GOVERSION")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a file lock, so that two runs do not build at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another run is building: waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
