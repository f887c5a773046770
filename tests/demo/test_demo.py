"""The tour as `make demo` runs it: what it shows, that it can fail, and that nothing is left."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo import cloud, stage
from demo.screen import Screen
from demo.tour import KEPT, STEPS
from lab import Cluster
from lab.waiting import Deadline
from tests.support import documented

MARK = "RAM_OPERATOR_DEMO_TEST"
pytestmark = pytest.mark.slow


class Tour:
    """Runs `python -m demo`, with a mark in the environment that all its processes inherit."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "demo"
        self.mark = uuid.uuid4().hex
        self.environment = {**os.environ, MARK: self.mark, "PYTHONPATH": "operator:."}

    def command(self, verb: str, *arguments: str) -> list[str]:
        where = ["--directory", str(self.directory)]
        return [sys.executable, "-m", "demo", verb, *where, *arguments]

    def run(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(verb, *arguments),
            cwd=stage.ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextlib.contextmanager
    def started(self) -> Iterator[subprocess.Popen[str]]:
        """The tour once its stage stands."""
        with subprocess.Popen(
            self.command("tour"),
            cwd=stage.ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            deadline = Deadline(120)
            while not (self.directory / "stage.json").exists():
                assert process.poll() is None, "the tour ended early"
                assert not deadline.over, "the stage did not come up"
                time.sleep(0.05)
            yield process

    def alive(self) -> list[str]:
        """Command lines of all processes that bear the mark."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes():
                    found.append((entry / "cmdline").read_bytes().decode().replace("\0", " "))
        return found

    def gone(self) -> bool:
        deadline = Deadline()
        while self.alive() and not deadline.over:
            time.sleep(0.1)
        return self.alive() == []


@pytest.fixture
def tour(tmp_path: Path) -> Iterator[Tour]:
    made = Tour(tmp_path)
    yield made
    stage.stop(made.directory)


def test_every_step_is_shown_and_nothing_is_left(tour: Tour) -> None:
    result = tour.run("tour")

    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-2000:]
    for number, title in enumerate(STEPS, 1):
        assert f"== {number}. {title} ==" in result.stdout
    assert "FAILED" not in result.stdout
    assert "\x1b[" not in result.stdout
    where = os.path.relpath(tour.directory, stage.ROOT)
    typed = re.findall(r"^\$ (.*)$", result.stdout.replace(where, ".demo"), re.MULTILINE)
    test = "tests/demo/test_demo.py::test_every_step_is_shown_and_nothing_is_left"
    assert documented.untyped(test, typed) == []
    assert _not_printed(result.stdout.replace(where, ".demo")) == []
    assert tour.alive() == []
    assert not tour.directory.exists()


def _not_printed(tour: str) -> list[str]:
    """Commands of the README below which it shows what the tour did not print."""
    runs = [part.partition("\n") for part in re.split(r"^\$ ", tour, flags=re.MULTILINE)[1:]]
    return [
        f"{command}\n{said}"
        for command, said in documented.printed(stage.ROOT / "README.md", "Five minutes")
        if not any(
            documented.same(command, typed) and documented.prints(said, seen)
            for typed, _, seen in runs
        )
    ]


def test_no_secret_is_shown(tour: Tour) -> None:
    with tour.started() as process:
        standing = stage.Stage.read(tour.directory)
        token = standing.cluster.admin_token
        text = process.communicate()[0]
    assert process.returncode == 0, text[-3000:]
    assert standing.hand_key_secret not in text
    assert token not in text
    assert not re.search(r"accessKeySecret\S*:", text)


def test_a_step_that_shows_something_else_fails(tour: Tour) -> None:
    with tour.started() as process:
        standing = stage.Stage.read(tour.directory)
        cloud.call(
            standing,
            "CreatePolicy",
            {
                "PolicyName": "uninvited",
                "PolicyDocument": '{"Version":"1","Statement":[{"Effect":"Allow",'
                '"Action":"oss:GetObject","Resource":"*"}]}',
            },
        )
        text = process.communicate()[0]
    assert process.returncode == 1
    assert "FAILED: three roles and five policies are in the cloud" in text
    assert tour.gone()


def test_a_tour_that_is_killed_leaves_nothing(tour: Tour) -> None:
    with tour.started() as process:
        process.kill()
        process.communicate()
    assert tour.gone()


def test_a_kept_demo_can_be_used_and_stopped(tour: Tour) -> None:
    kept = tour.run("tour", "--keep")
    assert kept.returncode == 0, kept.stdout[-3000:]
    assert f"{len(KEPT)}. {KEPT[-1]}" in kept.stdout
    assert "KUBECONFIG" in kept.stdout

    shown = tour.run("cloud")
    assert "role   shop-auditor: trusts" in shown.stdout
    assert "group  shop-developers: members shop-ann; has" in shown.stdout
    only = tour.run("cloud", "users").stdout
    assert "user   shop-carol: in shop-auditors" in only
    assert "role   " not in only
    changed = tour.run("cloud", "UntagResources", "ResourceType=role", "ResourceNames=[]")
    assert changed.returncode == 1

    _type_what_the_pages_say(tour)
    _apply_the_manifest_of_the_readme(stage.Stage.read(tour.directory).cluster)
    _samples_again(stage.Stage.read(tour.directory).cluster, tour.directory / "samples")

    second = tour.run("tour")
    assert second.returncode == 1
    assert "up already" in second.stdout

    assert tour.run("stop").stdout == "Stopped.\n"
    assert tour.alive() == []
    assert tour.run("stop").stdout == "Nothing is up.\n"
    assert tour.run("cloud").returncode == 1


def _type_what_the_pages_say(tour: Tour) -> None:
    """In one shell, as README.md and the guide have it, on the folder of this tour."""
    test = "tests/demo/test_demo.py::test_a_kept_demo_can_be_used_and_stopped"
    lines = "\n".join(documented.assigned(test))
    for said, here in (
        ("$PWD/.demo", str(tour.directory)),
        ("mine.yaml", str(tour.directory.parent / "mine.yaml")),
        ("demo cloud", f"demo cloud --directory {shlex.quote(str(tour.directory))}"),
        ('["3…"]', json.dumps([_carol(tour)["userId"]])),
    ):
        assert said in lines, said
        lines = lines.replace(said, here)
    done = subprocess.run(
        ["bash", "-ec", lines],
        cwd=stage.ROOT,
        env=tour.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "role   shop-mine: trusts fc.aliyuncs.com" in done.stdout
    assert _carol(tour)["tags"]["team"] == "shop"


def _carol(tour: Tour) -> dict[str, Any]:
    state = stage.Stage.read(tour.directory).admin.state(stage.ACCOUNT)
    return dict(state["users"]["shop-carol"])


def _apply_the_manifest_of_the_readme(cluster: Cluster) -> None:
    text = (stage.ROOT / "README.md").read_text()
    found = re.search(r"<<'EOF'\n(.*?)^EOF$", text, re.DOTALL | re.MULTILINE)
    assert found is not None
    mine = "ramrole/shop-mine"
    cluster.kubectl("apply", "-f", "-", stdin=found[1])
    cluster.kubectl("wait", mine, "-n", "identity", "--for=condition=Ready", "--timeout=10m")

    for typed, instead, named in (
        ("Effect: Allow", "efect: Allow", "Effect"),
        ("        Action: sts:AssumeRole\n", "", "Action"),
    ):
        broken = found[1].replace(typed, instead)
        assert broken != found[1]
        refused = cluster.kubectl("apply", "-f", "-", stdin=broken, check=False)
        assert refused.returncode == 1
        assert named in refused.stderr
    for typed, instead, reason in (
        ("ReadOnlyAccess", "AdministratorAccess", "NotPermitted"),
        ("fc.aliyuncs.com", "ecs.aliyuncs.com", "ApprovalRequired"),
    ):
        cluster.kubectl("apply", "-f", "-", stdin=found[1].replace(typed, instead))
        until = f'jsonpath={{.status.conditions[?(@.type=="Ready")].reason}}={reason}'
        cluster.kubectl("wait", mine, "-n", "identity", f"--for={until}", "--timeout=10m")
    cluster.kubectl("delete", mine, "-n", "identity", "--timeout=10m")


def _samples_again(cluster: Cluster, samples: Path) -> None:
    """As the README says: they are as in git again, once somebody agreed to the trust."""
    role = ("ramrole/shop-order-export", "-n", "identity")
    applied = cluster.kubectl("apply", "-k", samples).stdout.splitlines()
    cluster.kubectl("wait", *role, "--for=condition=ApprovalRequired", "--timeout=4m")
    digest = cluster.kubectl("get", *role, "-o=jsonpath={.status.pending.digest}").stdout
    approval = f"ram.alibabacloud.com/approve={digest}"
    cluster.kubectl("annotate", "--overwrite", *role, approval, "--as=olga@shop.example")
    for line in applied:
        kind, _, name = line.split()[0].partition("/")
        if kind.split(".")[0] in ("ramrole", "rampolicy", "ramuser", "ramgroup"):
            ready = ("--for=condition=Ready", "--timeout=4m")
            cluster.kubectl("wait", f"{kind}/{name}", "-n", "identity", *ready)
    again = cluster.kubectl("apply", "-k", samples).stdout.splitlines()
    assert all(line.endswith("unchanged") for line in again), again


class _Terminal:
    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...


@pytest.mark.parametrize(("environment", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colour_is_for_terminals_that_want_it(
    environment: dict[str, str], *, coloured: bool
) -> None:
    terminal = _Terminal()
    Screen(terminal, environment).title("A step")  # type: ignore[arg-type]  # the part in use
    assert ("\x1b[" in terminal.text) is coloured
