"""`kubectl ram` as people install it: with what requirements/plugin.txt locks, and nothing else."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "user" / "approvals.md"
# Whoever looks for a module of another distribution is told that it is not installed.
RUN: Final = """
import json, runpy, sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
BLOCKED = set(json.loads(sys.argv.pop(1)))
sys.meta_path.insert(0, Missing())
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=False)
"""


def _locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / name).read_text()
    return {canonicalize_name(found) for found in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)}


@cache
def blocked() -> frozenset[str]:
    """Modules of what the operator needs beside the plugin, and of what only tests need."""
    others = _locked("dev.txt") - _locked("plugin.txt")
    modules = importlib.metadata.packages_distributions().items()
    return frozenset(
        module
        for module, owners in modules
        if {canonicalize_name(each) for each in owners} <= others
    )


def run(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, json.dumps(sorted(blocked())), module, *words]
    environment = {"PYTHONPATH": str(ROOT / "operator"), "HOME": "/nonexistent"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    """Of a cluster that does not answer."""
    cluster = {"name": "x", "cluster": {"server": "https://127.0.0.1:9"}}
    context = {"name": "x", "context": {"cluster": "x", "user": "x"}}
    user = {"name": "x", "user": {"token": "made-up"}}
    path = tmp_path / "kubeconfig"
    whole = {"clusters": [cluster], "contexts": [context], "users": [user], "current-context": "x"}
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", **whole}))
    return path


def test_what_is_kept_from_it_is_what_weighs() -> None:
    assert {"kopf", "alibabacloud_ram20150501", "darabonba", "prometheus_client"} <= blocked()
    assert "kubernetes" in blocked()
    assert not {"yaml", "urllib3"} & blocked()


@pytest.mark.parametrize("words", [["--help"], ["approve", "--help"]])
def test_it_helps(words: list[str]) -> None:
    done = run("ram_operator.cli.main", *words)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ["pending", "-A"],
        ["approve", "ramrole/x", "--yes"],
        ["history", "ramrole/x"],
    ],
)
def test_a_command_gets_as_far_as_the_api_server(kubeconfig: Path, words: list[str]) -> None:
    done = run("ram_operator.cli.main", *words, f"--kubeconfig={kubeconfig}")
    assert "the API server https://127.0.0.1:9 does not answer" in done.stderr
    assert "defect" not in done.stderr


def test_what_reads_the_cloud_names_the_extra_that_is_missing(kubeconfig: Path) -> None:
    done = run("ram_operator.cli.main", "unmanaged", f"--kubeconfig={kubeconfig}")
    assert done.returncode == 2
    assert "pip install 'ram-operator[cloud]'" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert "defect" not in done.stderr


def test_whoever_starts_the_operator_there_is_told_what_is_missing() -> None:
    for words in (["run", "--cluster-name=x"], ["void-approvals"]):
        done = run("ram_operator", *words)
        assert done.returncode == 2
        assert "pip install 'ram-operator[operator]'" in done.stderr
        assert "Traceback" not in done.stderr


def test_whoever_starts_the_emulator_there_is_told_what_is_missing() -> None:
    done = run("ram_emulator", "--help")
    assert done.returncode == 2
    assert "pip install 'ram-operator[operator,emulator]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_page_says_how_much_it_is() -> None:
    said = re.search(r"That is (\d+) packages and about (\d+) MB", PAGE.read_text())
    assert said is not None
    assert int(said[1]) == len(_locked("plugin.txt"))
    found = [importlib.metadata.distribution(name).files or () for name in _locked("plugin.txt")]
    size = sum(file.size or 0 for files in found for file in files if file.suffix != ".pyc")
    assert 0.8 < size / 1e6 / int(said[2]) < 1.2
    whole = re.search(r"\[operator\]'`\): (\d+) packages", PAGE.read_text())
    assert whole is not None
    assert int(whole[1]) == len(_locked("run.txt"))
