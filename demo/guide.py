"""Runs the tour's commands, prints them with their output, and fails when they show something else.

One object for the whole tour; the steps in tour.py say what is run and what has to be seen.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from demo import cloud
from demo.screen import Screen
from demo.stage import ACCOUNT, Keeper, Stage
from lab import Cluster, monitoring

NAMESPACE: Final = "identity"
REASON: Final = "jsonpath={.status.deletionBrake.reason}"
RESUME: Final = "ram.alibabacloud.com/resume-deletions"


class Unexpected(AssertionError):
    """A step did not show what it should."""


class Guide:
    """`directory` is where the tour's own files lie, as the user would type it."""

    def __init__(self, keeper: Keeper, stage: Stage, screen: Screen, directory: str) -> None:
        self.keeper = keeper
        self.stage = stage
        self.screen = screen
        self.directory = directory
        self._cluster: Cluster = stage.cluster
        self._journal = 0

    def kubectl(self, *arguments: str) -> str:
        """Run it, print both, return its output. Raises KubectlError."""
        self.screen.command(shlex.join(["kubectl", *arguments]))
        result = self._cluster.kubectl(*arguments)
        # What kubectl says beside the output is seen by a user too.
        self.screen.output(result.stdout + result.stderr)
        return result.stdout

    def refused(self, words: str, *arguments: str) -> None:
        """Run what the API server has to refuse, saying `words`."""
        self.screen.command(shlex.join(["kubectl", *arguments]))
        result = self._cluster.kubectl(*arguments, check=False)
        self.screen.output(result.stdout + result.stderr)
        self.expect(result.returncode != 0 and words in result.stderr, "the API server refuses it")

    def quietly(self, *arguments: str) -> str:
        """kubectl's output, not printed."""
        return self._cluster.kubectl(*arguments).stdout

    def scrape(self, metric: str) -> str:
        """The series of one metric, as the operator shows them; printed."""
        address = f"http://127.0.0.1:{self.stage.metrics_port}/metrics"
        self.screen.command(f"curl -s {address} | grep ^{metric}")
        with urllib.request.urlopen(address, timeout=10) as reply:
            text = reply.read().decode()
        found = "\n".join(line for line in text.splitlines() if line.startswith(metric))
        self.screen.output(found)
        return found

    @property
    def prometheus(self) -> str:
        """The address of the Prometheus, "" where none is at hand."""
        port = Stage.read(Path(self.stage.directory)).prometheus_port
        return f"http://127.0.0.1:{port}" if port else ""

    def asked(self, query: str) -> str:
        """What promtool says of an expression, one line for each series; not printed."""
        programs = monitoring.at_hand()
        assert programs is not None
        command: list[str | Path] = [programs.promtool, "query", "instant", self.prometheus, query]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    def promtool(self, query: str) -> str:
        """The same, printed with its command."""
        self.screen.command(shlex.join(["promtool", "query", "instant", self.prometheus, query]))
        found = self.asked(query)
        self.screen.output(found)
        return found

    def path(self, name: str, text: str) -> str:
        """A file of the tour's own that is not shown."""
        path = Path(self.stage.directory) / name
        path.write_text(text)
        return f"{self.directory}/{name}"

    def wait(self, what: str, until: str) -> None:
        """kubectl wait in the namespace of the samples, half a minute at most."""
        words = what.split()
        self.kubectl("wait", *words, "-n", NAMESPACE, f"--for={until}", "--timeout=3m")

    def get(self, what: str, output: str = "") -> str:
        """kubectl get in the namespace of the samples."""
        form = [f"-o={output}"] if output else []
        return self.kubectl("get", *what.split(), "-n", NAMESPACE, *form)

    def patch(self, what: str, patch: object) -> None:
        """An edit of a manifest: a list is a JSON patch, an object a merge patch."""
        form = "json" if isinstance(patch, list) else "merge"
        text = json.dumps(patch, separators=(",", ":"))
        self.kubectl("patch", what, "-n", NAMESPACE, f"--type={form}", "-p", text)

    def file(self, path: Path, text: str) -> None:
        """Write a file of the tour's own and show it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.screen.command(f"cat {self.directory}/{path.parent.name}/{path.name}")
        self.screen.output(text)

    def by_hand(self, action: str, **parameters: str) -> None:
        """A call that somebody makes in the cloud under a key of his own."""
        words = [f"{key}={value}" for key, value in parameters.items()]
        self.screen.command(shlex.join([".venv/bin/python", "-m", "demo", "cloud", action, *words]))
        self.screen.output(cloud.call(self.stage, action, parameters))

    def show_cloud(self, *nouns: str) -> None:
        """The cloud's true state; only those nouns of `demo cloud` that are named."""
        self.screen.command(" ".join([".venv/bin/python -m demo cloud", *nouns]))
        self.screen.output(cloud.show(self.stage, nouns))

    def operator_writes(self) -> list[dict[str, Any]]:
        """The operator's writes since the last call of this method; printed by action."""
        found = cloud.writes(self.stage, self._journal)
        entries = self.stage.admin.journal(ACCOUNT)
        self._journal = int(entries[-1]["n"]) if entries else 0
        self.screen.quiet(f"(cloud writes by the operator in this step: {cloud.counted(found)})")
        return found

    def state(self) -> Mapping[str, Any]:
        """The cloud's true state."""
        return self.stage.admin.state(ACCOUNT)

    def left(self) -> list[str]:
        """The managed objects that still exist; not printed."""
        kinds = "ramroles,rampolicies,ramusers,ramgroups"
        found = self._cluster.kubectl("get", kinds, "-n", NAMESPACE, "-o=name")
        return found.stdout.split()

    def brake(self) -> str:
        """By what the account says that deletions are resumed, or nothing; not printed."""
        said = self._cluster.kubectl("get", "ramaccount/default", f"-o={REASON}").stdout
        return said.partition(f"{RESUME}=")[2]

    def expect(self, holds: bool, what: str) -> None:
        """Print that it is so, or raise Unexpected."""
        if not holds:
            raise Unexpected(what)
        self.screen.checked(what)


def entities(role: Mapping[str, Any]) -> set[str]:
    """Everybody whom a role's trust names."""
    found: set[str] = set()
    for statement in role["trust"]["Statement"]:
        for values in statement["Principal"].values():
            found |= {values} if isinstance(values, str) else set(values)
    return found
