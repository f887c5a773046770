"""What a first day takes place on: an empty cluster, a cloud account, a home, and what is typed.

Each command is printed with the seconds that it took. One that stands in the documentation is typed
as it stands there.
"""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Final

import alibabacloud_ram20150501.client as ram_client
import yaml

from lab import Cluster, ControlPlane
from lab.building import ROOT
from lab.emulator_process import EmulatorProcess
from lab.install import wait_served
from lab.operator_process import OperatorProcess
from lab.waiting import PATIENCE, Deadline
from lab.world import client
from ram_emulator.admin import AccountKeys
from tests.support import documented

Json = dict[str, Any]
README: Final = "README.md"
INSTALL: Final = "docs/operations/install.md"
APPROVALS: Final = "docs/user/approvals.md"
GUIDE: Final = "docs/user/guide.md"
READY: Final = "kubectl wait ramaccount/default --for=condition=Ready --timeout=10m"
IMAGE: Final = "registry.example/ram-operator:0.1.0"
NAMESPACE: Final = "identity"
ACCOUNT: Final = "1234567890123456"
"""That of the samples."""
YES: Final = "yes\n"
"""Typed on a terminal; other texts come from a pipe."""


def page(name: str) -> str:
    """The text of a page of the documentation."""
    return (ROOT / name).read_text()


@dataclass
class Day:
    """One person's. `home` is where everything is typed, and empty at first."""

    cluster: Cluster
    emulator: EmulatorProcess
    keys: AccountKeys
    home: Path
    hand: ram_client.Client = field(repr=False)
    started: float = field(default_factory=time.monotonic)
    typed: list[str] = field(default_factory=list)
    """All of it, documented commands as they stand there."""
    where: Path | None = None

    def types(self, line: str, *, text: str = "", by: str = "") -> str:
        """Its output. `by`: as whom kubectl is to act. Raises AssertionError where it fails."""
        done = self._run(line, text, by)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def is_refused(self, line: str, *words: str, text: str = "", by: str = "") -> None:
        """It has to fail, and to say all the words."""
        done = self._run(line, text, by)
        said = done.stdout + done.stderr
        assert done.returncode != 0, said
        assert [each for each in words if each not in said] == [], said

    def follows(self, name: str, line: str, *, by: str = "", text: str = "", **names: str) -> str:
        """Types what the page says, which has to stand there; `names` are put in for its words."""
        blocks = [command.text for command in documented.commands() if command.page == name]
        assert line in blocks or line in page(name), f"{name} does not say: {line}"
        self.typed.append(line)
        for word, said in names.items():
            line = line.replace(word, said)
        return self.types(line, by=by, text=text)

    def sees(self, line: str, *words: str, by: str = "") -> str:
        """Types it until it shows all the words."""
        deadline = Deadline(PATIENCE)
        while True:
            done = self._run(line, "", by, quiet=True)
            if all(each in done.stdout for each in words):
                self._print(line, by, 0.0)
                return done.stdout
            assert not deadline.over, f"{line}\n{done.stdout}{done.stderr}\nwithout {words}"
            time.sleep(0.3)

    def counts(self, line: str, word: str, number: int) -> None:
        """Types it until it shows the word so many times, and no other."""
        deadline = Deadline(PATIENCE)
        begin = time.monotonic()
        while (found := self._run(line, "", "", quiet=True).stdout.split()) != [word] * number:
            assert not deadline.over, f"{line}\n{Counter(found)}"
            time.sleep(1.0)
        self._print(f"{line}   # {number} times {word}", "", time.monotonic() - begin)

    def ready(self, name: str, namespace: str = NAMESPACE) -> None:
        where = f" -n {namespace}" if namespace else ""
        self.types(f"kubectl wait {name}{where} --for=condition=Ready --timeout=10m")

    def cloud(self) -> Json:
        """What the account really has."""
        return dict(self.emulator.admin.state(self.keys.account_id))

    def _run(
        self, line: str, text: str, by: str, *, quiet: bool = False
    ) -> subprocess.CompletedProcess[str]:
        self.typed.append(line)
        typed = f"{line} --as={by}" if by else line
        environment = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "KUBECONFIG": str(self.cluster.admin_kubeconfig),
            "NO_COLOR": "1",
        }
        begin = time.monotonic()
        with _input(text) as source:
            done = subprocess.run(
                ["bash", "-c", typed],
                cwd=self.where or self.home,
                env=environment,
                stdin=source,
                capture_output=True,
                text=True,
                check=False,
            )
        if not quiet:
            self._print(line, by, time.monotonic() - begin)
        return done

    @contextmanager
    def at(self, where: Path) -> Iterator[None]:
        """What is typed meanwhile is typed in that folder."""
        self.where = where
        try:
            yield
        finally:
            self.where = None

    def _print(self, line: str, by: str, seconds: float) -> None:
        since = time.monotonic() - self.started
        print(f"{since:6.1f} s {seconds:6.1f} s  $ {line}{f' --as={by}' if by else ''}", flush=True)


@contextmanager
def _input(text: str) -> Iterator[int]:
    """A terminal on which somebody types YES, or a file with whatever else it is."""
    if text != YES:
        with TemporaryFile() as file:
            file.write(text.encode())
            file.seek(0)
            yield file.fileno()
        return
    ours, theirs = pty.openpty()
    try:
        os.write(ours, text.encode())
        yield theirs
    finally:
        os.close(theirs)
        os.close(ours)


@contextmanager
def day(directory: Path) -> Iterator[Day]:
    """An empty cluster and an account with nothing in it but a key for what is done by hand."""
    home = directory / "home"
    home.mkdir()
    with (
        ControlPlane.start(directory / "plane") as plane,
        EmulatorProcess.start(log=directory / "emulator.log") as emulator,
    ):
        keys = emulator.admin.create_account(ACCOUNT, behaviours="friendly")
        full = [("System", "AdministratorAccess")]
        by_hand = emulator.admin.create_user(keys.account_id, "by-hand", policies=full)
        hand = client(emulator, by_hand.access_key_id, by_hand.access_key_secret)
        yield Day(plane, emulator, keys, home, hand)


def manifest_of_the_account(today: Day, mode: str) -> str:
    """The one of the page on installing, with this account's id and where the emulator is."""
    blocks = re.findall(r"```yaml\n(.*?)```", page(INSTALL), re.DOTALL)
    (found,) = (block for block in blocks if "kind: RamAccount" in block)
    body = yaml.safe_load(found)
    endpoint = f"http://{today.emulator.endpoint}"
    body["spec"] |= {
        "accountId": today.keys.account_id,
        "mode": mode,
        "endpoints": {"ram": endpoint, "sts": endpoint},
    }
    return yaml.safe_dump(body)


@contextmanager
def installed(today: Day, flags: Mapping[str, str] | None = None) -> Iterator[OperatorProcess]:
    """As README.md says, up to what the kubelet does: the operator runs as a process."""
    script = ROOT / "scripts" / "install_manifests.py"
    assert f"make manifests IMAGE={IMAGE}" in page(README)
    today.types(f"python {script} dist/ram-operator --image {IMAGE}")
    today.follows(README, "kubectl apply --server-side -f dist/ram-operator/install.yaml")
    wait_served(today.cluster)
    today.follows(
        README,
        "kubectl create configmap ram-operator -n ram-system --from-literal=clusterName=production",
    )
    named = today.types("kubectl get cm ram-operator -n ram-system -o jsonpath={.data.clusterName}")
    log = today.home.parent / "operator.log"
    operator = OperatorProcess.start(today.cluster, log, {"cluster-name": named, **(flags or {})})
    try:
        yield operator
    finally:
        operator.stop()


def gives_the_key(today: Day) -> None:
    """In two files, as the page says."""
    (today.home / "accessKeyId").write_text(today.keys.admin_access_key_id)
    (today.home / "accessKeySecret").write_text(today.keys.admin_access_key_secret)
    today.follows(
        INSTALL,
        "kubectl create secret generic ram-operator-credentials -n ram-system"
        " --from-file=accessKeyId --from-file=accessKeySecret",
    )


def applies(today: Day, account: str) -> None:
    """The manifest of a RamAccount, from the file that the page speaks of."""
    today.follows(INSTALL, "kubectl create namespace identity")
    (today.home / "account.yaml").write_text(account)
    today.follows(INSTALL, "kubectl apply -f account.yaml")


@contextmanager
def started(today: Day, account: str) -> Iterator[OperatorProcess]:
    """With that RamAccount, once it is ready."""
    with installed(today) as operator:
        gives_the_key(today)
        applies(today, account)
        today.follows(INSTALL, READY)
        yield operator


@contextmanager
def managed(today: Day) -> Iterator[OperatorProcess]:
    """An account in Manage, for whoever comes when it is all there."""
    with started(today, manifest_of_the_account(today, "Manage")) as operator:
        yield operator


def manifest_of_the_readme() -> str:
    """That of the role which readers of README.md write first."""
    found = re.search(r"cat > mine.yaml <<'EOF'\n(.*?)^EOF$", page(README), re.DOTALL | re.M)
    assert found is not None
    return found[1]
