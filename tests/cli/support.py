"""A desk: writes objects that wait, as author and operator would, and runs `kubectl ram`."""

from __future__ import annotations

import base64
import copy
import json
import os
import pty
import select
import ssl
import subprocess
import tempfile
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from lab import Cluster
from lab.connection import KUBECTL
from lab.waiting import Deadline

Json = dict[str, Any]
GROUP: Final = "ram.alibabacloud.com"
API: Final = f"{GROUP}/v1alpha1"
APPROVE: Final = f"{GROUP}/approve"
REJECT: Final = f"{GROUP}/reject"
DIGEST: Final = "sha256:" + "a1" * 32
OTHER: Final = "sha256:" + "b2" * 32
PLURALS: Final = {
    "RamRole": "ramroles",
    "RamPolicy": "rampolicies",
    "RamUser": "ramusers",
    "RamGroup": "ramgroups",
}
TRUST: Final[Json] = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["fc.aliyuncs.com"]},
        }
    ],
}
DOCUMENT: Final[Json] = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["*"]}],
}
SPECS: Final[Mapping[str, Json]] = {
    "RamRole": {"trustPolicy": TRUST},
    "RamPolicy": {"document": DOCUMENT},
    "RamUser": {},
    "RamGroup": {},
}
PENDING: Final[Json] = {
    "kind": "TrustChange",
    "verdict": "mixed",
    "summary": "trust change (mixed)",
    "gains": ["account 9999888877776666, outside the trusted list, can now assume this role"],
    "losses": ["service fc.aliyuncs.com can no longer assume this role"],
    "findings": [
        {
            "id": "RAM002",
            "severity": "critical",
            "text": "acs:ram::9999888877776666:root is outside the accounts that are trusted",
            "remedy": "remove the account from the trust",
        }
    ],
    "since": "2026-11-20T08:00:00Z",
    "expires": "2099-11-27T08:00:00Z",
    "digest": DIGEST,
    "before": '{"trustPolicy":{"Version":"1","Statement":[{"Effect":"Allow","Principal":'
    '{"Service":["fc.aliyuncs.com"]}}]}}',
    "after": '{"trustPolicy":{"Version":"1","Statement":[{"Effect":"Allow","Principal":'
    '{"RAM":["acs:ram::9999888877776666:root"]}}]}}',
}


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    code: int
    out: str
    err: str


@dataclass
class Desk:
    """One namespace. `carol` may approve, `erin` may edit and not approve."""

    cluster: Cluster
    namespace: str
    home: Path
    _operator: str = field(default="", repr=False)

    def path(self, kind: str, name: str, subresource: str = "") -> str:
        tail = f"/{subresource}" if subresource else ""
        where = f"/apis/{API}/namespaces/{self.namespace}/{PLURALS[kind]}"
        return f"{where}/{name}{tail}" if name else where

    def waits(self, name: str, of: str = "RamRole", **pending: Any) -> Json:
        """An object of an author, with what the operator would write when a change waits."""
        manifest: Json = {
            "apiVersion": API,
            "kind": of,
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": copy.deepcopy(SPECS[of]),
        }
        self.cluster.request("POST", self.path(of, ""), manifest)
        return self.offer(name, of, **pending)

    def offer(self, name: str, of: str = "RamRole", **pending: Any) -> Json:
        """Writes the status under the operator's own identity, as only that may."""
        generation = self.get(name, of)["metadata"]["generation"]
        common = {"lastTransitionTime": "2026-11-20T08:00:00Z", "observedGeneration": generation}
        held = {"type": "ApprovalRequired", "status": "True", "reason": "DangerousChange"}
        block = {key: value for key, value in {**PENDING, **pending}.items() if value is not None}
        status = {
            "observedGeneration": generation,
            "accountId": "1234567890123456",
            "cloudName": name,
            "conditions": [{**held, "message": "held", **common}],
            # A merge patch: what an earlier offer had and this one lacks has to go.
            "pending": {**dict.fromkeys(PENDING), **block},
        }
        return self.as_operator(name, of, {"status": status})

    def as_operator(self, name: str, kind: str, body: Json) -> Json:
        if not self._operator:
            self._operator = self.cluster.service_account_token("ram-system", "ram-operator")
        return self.cluster.request(
            "PATCH",
            self.path(kind, name, "status"),
            body,
            content_type="application/merge-patch+json",
            token=self._operator,
        )

    def as_person(self, user: str, path: str, body: object, content_type: str) -> Json:
        """A PATCH under a person's own certificate: a program that sends what kubectl does not."""
        file = self.cluster.kubeconfig_for_user(user)
        entry = yaml.safe_load(file.read_text())["users"][0]["user"]
        context = ssl.create_default_context(cafile=str(self.cluster.ca_file))
        with tempfile.NamedTemporaryFile("wb") as chain:
            for part in ("client-certificate-data", "client-key-data"):
                chain.write(base64.b64decode(entry[part]))
            chain.flush()
            context.load_cert_chain(chain.name)
        request = urllib.request.Request(  # noqa: S310 - the address is https on the loopback
            self.cluster.url + path,
            data=json.dumps(body).encode(),
            method="PATCH",
            headers={"Content-Type": content_type, "Accept": "application/json"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(request, timeout=120) as response:
            answer: Json = json.load(response)
        return answer

    def get(self, name: str, kind: str = "RamRole") -> Json:
        return self.cluster.request("GET", self.path(kind, name))

    def annotations(self, name: str, kind: str = "RamRole") -> dict[str, str]:
        return dict(self.get(name, kind)["metadata"].get("annotations") or {})

    def environment(self, user: str, variables: Mapping[str, str]) -> dict[str, str]:
        kubeconfig = self.cluster.kubeconfig_for_user(user)
        environment = self.cluster.environment(kubeconfig)
        environment.pop("NO_COLOR", None)
        path = f"{KUBECTL.parent}{os.pathsep}{environment['PATH']}"
        return {**environment, "HOME": str(self.home), "PATH": path, "TERM": "xterm", **variables}

    def command(self, arguments: tuple[str, ...], namespace: bool) -> list[str]:
        place = ["-n", self.namespace] if namespace else []
        return [str(KUBECTL), "ram", *arguments, *place]

    def ram(
        self, *arguments: str, user: str = "carol", namespace: bool = True, **variables: str
    ) -> Result:
        """`kubectl ram ARGUMENTS` by kubectl itself, with pipes for streams."""
        done = subprocess.run(
            self.command(arguments, namespace),
            env=self.environment(user, variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def terminal(self, *arguments: str, user: str = "carol", **variables: str) -> Terminal:
        """The same on a terminal, to be answered."""
        return Terminal.start(self.command(arguments, True), self.environment(user, variables))


@dataclass
class Terminal:
    """A process on a pseudo-terminal: what it shows, and what is typed."""

    process: subprocess.Popen[bytes]
    master: int
    shown: str = ""

    @classmethod
    def start(cls, command: list[str], environment: Mapping[str, str]) -> Terminal:
        master, slave = pty.openpty()
        process = subprocess.Popen(
            command, env=environment, stdin=slave, stdout=slave, stderr=slave, close_fds=True
        )
        os.close(slave)
        return cls(process, master)

    def until(self, text: str) -> None:
        """Waits until the text was shown."""
        deadline = Deadline()
        while text not in self.shown:
            assert not deadline.over, f"{text!r} was not shown: {self.shown}"
            assert self._read(0.2), f"{text!r} was not shown: {self.shown}"

    def answer(self, line: str) -> int:
        """Types a line; the exit code."""
        os.write(self.master, f"{line}\n".encode())
        while self._read(0.2):
            pass
        os.close(self.master)
        return self.process.wait()

    def _read(self, seconds: float) -> bool:
        """Reads what there is; False when the process has closed the terminal."""
        if not select.select([self.master], [], [], seconds)[0]:
            return self.process.poll() is None
        try:
            data = os.read(self.master, 65536)
        except OSError:
            return False
        self.shown += data.decode()
        return bool(data)
