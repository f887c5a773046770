"""The container image: what its Dockerfile promises, and its steps replayed and started."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest
import yaml

import ram_operator
from lab.building import ROOT, cache
from tests.deploy import dockerfile
from tests.deploy.dockerfile import Replay, Stage
from tests.deploy.layers import Layers

STAGES = dockerfile.stages((ROOT / "Dockerfile").read_text())
FINAL = STAGES[-1]
# From nothing this takes half a minute of processor time.
built = pytest.mark.slow
IGNORE = (ROOT / ".dockerignore").read_text()
# Whatever installs or compiles has no place in an image that only runs.
TOOLS = re.compile(
    r"(?:pip|uv|uvx|wheel|gcc|g\+\+|cc|c\+\+|clang|make|ld|cargo|rustc|go|apt|apt-get)[\d.]*"
)


@dataclass(frozen=True)
class Image:
    """The replayed last stage."""

    root: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """As an engine starts it: the entry point with these arguments in place of CMD's."""
        (entry,) = FINAL.of("ENTRYPOINT")
        return self.execute(*dockerfile.words(entry), *arguments)

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        program = shutil.which(command[0], path=self.environment["PATH"])
        assert program is not None
        return subprocess.run(
            [program, *command[1:]],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    home = tmp_path_factory.mktemp("image")
    dockerfile.send_context(ROOT, home / "context")
    replay = Replay(home, home / "context", Layers(cache("image")))
    root = replay.run(STAGES)
    path = replay.path(root)
    # What the last stage needs it has to hold itself.
    for name in {stage.name for stage in STAGES[:-1]} | {"context"}:
        shutil.rmtree(home / name if name == "context" else replay.root(name))
    yield Image(root, dockerfile.clean(path, replay.environment))
    shutil.rmtree(root)


@built
def test_the_result_knows_its_version(image: Image) -> None:
    result = image.start("version")
    assert (result.returncode, result.stdout.strip()) == (0, ram_operator.__version__), (
        result.stderr
    )


@built
def test_the_command_that_the_documents_name_is_there(image: Image) -> None:
    """A person runs it in a pod, to void approvals."""
    result = image.execute("ram-operator", "version")
    assert (result.returncode, result.stdout.strip()) == (0, ram_operator.__version__)
    assert "void-approvals" in image.execute("ram-operator").stderr


@built
def test_the_result_runs(image: Image) -> None:
    (default,) = FINAL.of("CMD")
    result = image.start(*dockerfile.words(default), "--help")
    assert result.returncode == 0, result.stderr
    assert "--cluster-name" in result.stdout
    wrong = image.start("run", "--cluster-name=a", "--workers=0", "--metrics-address=x")
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 2, "both problems, and no trace back"


@built
def test_the_result_can_import_all_that_it_uses_later(image: Image) -> None:
    code = "import ram_operator.startup, ram_operator.cloud.credentials, ram_operator.cluster.api"
    result = image.execute("python", "-I", "-c", code)
    assert result.returncode == 0, result.stderr


def test_what_the_emulator_alone_needs_is_not_locked_for_the_image() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    rows = extras["optional-dependencies"]["emulator"]
    names = {re.split(r"[^A-Za-z0-9-]", row)[0] for row in rows}
    lock = (ROOT / "requirements" / "run.txt").read_text()
    assert names
    assert not names & set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))


@built
def test_the_result_holds_what_is_locked_and_nothing_else(image: Image) -> None:
    code = (
        "import importlib.metadata as m; print(*sorted("
        "d.name.lower().replace('_', '-').replace('.', '-') + '==' + d.version"
        " for d in m.distributions()))"
    )
    installed = set(image.execute("python", "-I", "-c", code).stdout.split())
    lock = (ROOT / "requirements" / "run.txt").read_text()
    # A row with a marker may be for another platform or version of Python.
    rows = re.findall(r"^([\w.-]+)==([^\s;]+)( ;)?", lock, re.MULTILINE)
    locked = {f"{name.lower().replace('_', '-').replace('.', '-')}=={v}": m for name, v, m in rows}
    assert installed <= set(locked)
    assert {name for name, marker in locked.items() if not marker} <= installed


@built
def test_the_result_cannot_install_or_compile(image: Image) -> None:
    programs = [path for path in (image.root / "opt").rglob("bin/*") if TOOLS.fullmatch(path.name)]
    assert programs == []
    for module in ("pip", "uv", "setuptools", "ram_emulator"):
        result = image.execute("python", "-I", "-c", f"import {module}")
        assert result.returncode != 0, module
    assert image.execute("python", "-m", "pip", "--version").returncode != 0


@built
def test_the_result_can_be_read_by_its_user(image: Image) -> None:
    """The user of the container owns nothing, and the root file system is read-only."""
    unreadable = [
        path
        for path in (image.root / "opt").rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o004 == 0
    ]
    assert unreadable == []
    assert list((image.root / "opt").rglob("ram_operator/__pycache__/startup.*.pyc"))


def test_the_user_is_a_number_and_the_deployments() -> None:
    (user,) = FINAL.of("USER")
    uid, gid = user.split(":")
    assert int(uid) > 0
    path = ROOT / "deploy" / "kustomize" / "base" / "deployment.yaml"
    security = yaml.safe_load(path.read_text())["spec"]["template"]["spec"]["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (int(uid), int(gid))
    assert [step.name for step in FINAL.steps][-3:] == ["USER", "ENTRYPOINT", "CMD"]


def test_the_base_is_one_image_of_one_version() -> None:
    names = {stage.name for stage in STAGES}
    (base,) = {stage.base for stage in STAGES} - names
    pinned = re.fullmatch(
        r"python:(3\.\d+)\.\d+-slim-(?:bookworm|trixie)(?:@sha256:[0-9a-f]{64})?", base
    )
    assert pinned is not None, base
    # Where a step names the base's own Python it has to be the one that is there.
    for text in (text for stage in STAGES for text in stage.of("RUN")):
        assert set(re.findall(r"python(3\.\d+)", text)) <= {pinned[1]}


def test_installing_is_locked_and_stays_in_its_stage() -> None:
    def installs(stage: Stage) -> list[str]:
        return [
            c
            for text in stage.of("RUN")
            for c in text.split("&&")
            if re.search(r" (install|sync) ", c)
        ]

    commands = [command for stage in STAGES[:-1] for command in installs(stage)]
    assert commands
    assert all("--require-hashes" in command for command in commands)
    assert installs(FINAL) == []
    assert all(text.startswith("--from=") for text in FINAL.of("COPY"))
    everything = "\n".join(text for stage in STAGES for text in stage.of("RUN"))
    assert not re.search(r"apt-get|apk |curl |wget ", everything)
    assert not any(stage.of(name) for stage in STAGES for name in ("ADD", "ARG"))


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("operator/ram_operator/startup.py", False),
        ("operator/ram_operator/cloud/client.py", False),
        ("requirements/run.txt", False),
        ("requirements/uv.txt", False),
        ("operator/ram_operator/__pycache__/startup.cpython-312.pyc", True),
        ("operator/ram_emulator/server.py", True),
        ("tests/conftest.py", True),
        ("demo/stage.py", True),
        (".env", True),
        (".git/config", True),
        (".demo/kubeconfig", True),
        (".cluster/up/admin.kubeconfig", True),
        ("kubeconfig", True),
        ("deploy/secret.yaml", True),
        ("Dockerfile", True),
    ],
)
def test_the_build_is_given_sources_and_locks_only(path: str, out: bool) -> None:
    assert dockerfile.ignored(IGNORE, PurePosixPath(path)) is out
