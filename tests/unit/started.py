"""The operator as a process, by a kubeconfig for whatever answers in an API server's stead."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from lab.operator_process import QUICK, SOURCES
from lab.processes import Child


@contextmanager
def started(folder: Path, server: str, flags: Mapping[str, str]) -> Iterator[Child]:
    """For the length of a block, with its log in that folder."""
    config = folder / "kubeconfig"
    config.write_text(yaml.safe_dump(_kubeconfig(server)))
    settings = {**QUICK, "metrics-address": "", "health-address": "", **flags}
    words = [f"--{name}={value}" for name, value in settings.items()]
    environment = [f"KUBECONFIG={config}", f"PYTHONPATH={SOURCES}"]
    command = ["env", *environment, sys.executable, "-m", "ram_operator", "run", *words]
    process = Child.start("operator", command, folder / "operator.log")
    try:
        yield process
    finally:
        process.stop()


def _kubeconfig(server: str) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "stub",
        "contexts": [{"name": "stub", "context": {"cluster": "stub", "user": "stub"}}],
        "clusters": [{"name": "stub", "cluster": {"server": server}}],
        "users": [{"name": "stub", "user": {"token": "none"}}],
    }
