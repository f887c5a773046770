"""Finds the binaries kube-apiserver and etcd, or builds them once from source.

Order: KUBEBUILDER_ASSETS, the user's cache, a build (see building.py). Called by controlplane.py
and by `make assets`. With RAM_OPERATOR_KUBERNETES=oldest the API server is of the oldest version
that is supported, without MutatingAdmissionPolicy (`make oldest`).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from lab.building import HERE, ROOT, BuildFailed, Program, built, numbers, output, say

__all__ = ["ROOT", "Assets", "BuildFailed", "find_or_build", "from_environment"]

_NAMES = ("etcd", "kube-apiserver")
_OLDEST_KUBERNETES = (1, 36)  # MutatingAdmissionPolicy v1


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
    if os.environ.get("RAM_OPERATOR_KUBERNETES") == "oldest":
        found = Assets.inside(built(_programs("kube-apiserver-1.34")))
    else:
        found = from_environment() or Assets.inside(built(_programs("kube-apiserver")))
    if found is None:
        raise BuildFailed("The cache holds no working servers: remove it and try again.")
    return found


def from_environment() -> Assets | None:
    """What KUBEBUILDER_ASSETS names, unless it is incomplete or too old for our admission."""
    value = os.environ.get("KUBEBUILDER_ASSETS")
    found = Assets.inside(Path(value)) if value else None
    if found is None:
        return None
    version = output(found.kube_apiserver, "--version")
    if numbers(version) < _OLDEST_KUBERNETES:
        say(f"KUBEBUILDER_ASSETS holds {version}, older than needed: it is not used.")
        return None
    return found


def _programs(apiserver: str) -> tuple[Program, ...]:
    """Etcd, and the API server that this folder locks."""
    # Upstream's release script sets these; without them clients see version v0.0.0-master.
    whole = _module_version(apiserver)
    major, minor = numbers(whole)
    package = "k8s.io/component-base/version"
    values = {"gitVersion": whole, "gitMajor": major, "gitMinor": minor}
    version = "".join(f" -X {package}.{key}={value}" for key, value in values.items())
    return (
        Program("etcd", "etcd", ".", ("-ldflags", "-s -w"), "about a minute"),
        Program(
            "kube-apiserver",
            apiserver,
            ".",
            ("-ldflags", "-s -w" + version),
            "about three minutes",
        ),
    )


def _module_version(apiserver: str) -> str:
    text = (HERE / apiserver / "go.mod").read_text()
    match = re.search(r"^require k8s\.io/kubernetes (v\S+)$", text, re.MULTILINE)
    assert match is not None
    return match[1]
