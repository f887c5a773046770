"""Where the servers come from, and what is said when they do not start. Nothing is built here."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import ControlPlane, assets, monitoring
from lab.processes import StartFailed


def _servers(
    directory: Path, version: str, names: tuple[str, ...] = ("etcd", "kube-apiserver")
) -> None:
    """Programs that know their version and otherwise end at once with a complaint."""
    for name in names:
        program = directory / name
        program.write_text(
            "#!/bin/sh\n"
            f'if [ "$1" = --version ]; then echo "Kubernetes {version}"; exit 0; fi\n'
            f'echo "{name} cannot work here"\n'
            "exit 3\n"
        )
        program.chmod(0o755)


@pytest.mark.parametrize(
    ("version", "taken"), [("v1.36.3", True), ("v1.40.0", True), ("v1.35.9", False), ("?", False)]
)
def test_servers_named_by_the_environment_must_be_recent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, taken: bool
) -> None:
    _servers(tmp_path, version)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert (assets.from_environment() is not None) is taken


def test_an_incomplete_directory_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _servers(tmp_path, "v1.36.3", names=("kube-apiserver",))
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))
    assert assets.from_environment() is None


def test_a_server_that_ends_is_reported_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    _servers(binaries, "v1.36.3")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(binaries))
    with pytest.raises(StartFailed, match=r"etcd ended(.|\n)*etcd cannot work here"):
        ControlPlane.start(tmp_path / "plane")


@pytest.mark.parametrize(
    ("versions", "taken"),
    [(("3.1.0", "3.0.1"), True), (("3.1.0", "2.55.1"), False), (("3.1.0",), False), ((), False)],
)
def test_the_machines_prometheus_is_taken_when_recent_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, versions: tuple[str, ...], taken: bool
) -> None:
    for name, version in zip(("promtool", "prometheus"), versions, strict=False):
        _servers(tmp_path, version, names=(name,))
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert (monitoring.from_machine() is not None) is taken
