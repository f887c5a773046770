"""A running control plane as its users see it: address, kubeconfigs, kubectl, audit log.

Made by controlplane.py, or read back from the file that another process wrote. Starts and stops
nothing.
"""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from lab import credentials
from lab.kept import Connections
from lab.lookups import asked_again

KUBECTL = Path(sys.executable).with_name("kubectl")
AGENT = "ram-operator-lab"
"""What the audit log calls whoever asks by `request`."""
_PATIENCE = 120.0
"""Seconds for an answer."""


class KubectlError(RuntimeError):
    """kubectl failed; the message is the command and what kubectl said."""

    def __init__(self, arguments: Sequence[str], result: subprocess.CompletedProcess[str]) -> None:
        self.returncode = result.returncode
        self.stdout = result.stdout
        self.stderr = result.stderr
        super().__init__(f"kubectl {' '.join(arguments)}: exit {result.returncode}\n{self.stderr}")


class RequestFailed(RuntimeError):
    """The API server refused a request; status is the HTTP status, body the Status object."""

    def __init__(self, method: str, path: str, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{method} {path}: {status} {body.get('message', '')}")


@dataclass(frozen=True)
class Cluster:
    """Where the API server listens and the credentials of its administrator.

    directory holds everything of this control plane: logs, keys, kubeconfigs, the audit log.
    """

    directory: Path
    url: str
    admin_token: str = field(repr=False)

    @property
    def ca_file(self) -> Path:
        """The certificate that clients check the API server against."""
        return self.directory / "server-ca.crt"

    @property
    def audit_log(self) -> Path:
        """One JSON event per line, at level Metadata, written before the request is answered."""
        return self.directory / "audit.log"

    @property
    def admin_kubeconfig(self) -> Path:
        """A kubeconfig of a member of system:masters."""
        return self.directory / "admin.kubeconfig"

    @property
    def state_file(self) -> Path:
        """What read() needs to find this control plane from another process."""
        return self.directory / "state.json"

    def write_state(self) -> None:
        """Writes state_file, readable by this user only."""
        self.state_file.touch(mode=0o600)
        self.state_file.write_text(json.dumps({"url": self.url, "adminToken": self.admin_token}))

    @classmethod
    def read(cls, directory: Path) -> Cluster:
        """The control plane that runs in directory. Raises FileNotFoundError if none does."""
        state = json.loads((directory / "state.json").read_text())
        return cls(directory, state["url"], state["adminToken"])

    def kubeconfig_for_user(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig with a client certificate for any user name; it has the rights that RBAC
        gives to the user and the groups, and no others.
        """
        certificate, key = credentials.client_certificate(self.directory, user, groups)
        entry = credentials.client_certificate_user(certificate, key)
        return self._write_kubeconfig("-".join((user, *groups)), entry)

    def service_account_token(self, namespace: str, name: str, seconds: int = 7200) -> str:
        """A token by TokenRequest, as a pod would get it. The ServiceAccount must exist."""
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        spec = {"expirationSeconds": seconds}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        token: str = self.request("POST", path, body)["status"]["token"]
        return token

    def kubeconfig_for_service_account(
        self, namespace: str, name: str, seconds: int = 7200
    ) -> Path:
        """A kubeconfig with a fresh token of the ServiceAccount."""
        token = self.service_account_token(namespace, name, seconds)
        return self._write_kubeconfig(f"sa-{namespace}-{name}", {"token": token})

    def kubectl(
        self,
        *arguments: str | Path,
        kubeconfig: Path | None = None,
        stdin: str | None = None,
        check: bool = True,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        """Runs kubectl, by default as administrator, and returns its result with text output.

        Raises KubectlError if it fails and check is true. Discovery is cached in the run's
        directory, never in the home of whoever runs the tests.
        """
        command = [str(argument) for argument in arguments]
        result = subprocess.run(
            [KUBECTL, *command],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=self.environment(kubeconfig),
        )
        if check and result.returncode != 0:
            raise KubectlError(command, result)
        return result

    def environment(self, kubeconfig: Path | None = None) -> dict[str, str]:
        """Environment variables for a process that shall use this cluster (default: as admin)."""
        return {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or self.admin_kubeconfig),
            "KUBECACHEDIR": str(self.directory / "kubectl-cache"),
        }

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        content_type: str = "application/json",
        token: str | None = None,
        timeout: float = _PATIENCE,
    ) -> dict[str, Any]:
        """One request to the API server, by default as administrator; the answer's JSON object.

        Raises RequestFailed for an error status, OSError when there is no answer.
        """
        data = None if body is None else json.dumps(body).encode()
        headers = self._headers(content_type, token)
        ask = partial(self._connections.ask, method, path, data, headers, timeout)
        return _answered(method, path, *asked_again(ask))

    def patch_as(
        self, user: str, path: str, body: object, *, group: str = "system:masters"
    ) -> dict[str, Any]:
        """A merge patch by somebody of that name, whom the group gives all rights. Raises as
        `request` does.
        """
        who = {"Impersonate-User": user, "Impersonate-Group": group}
        headers = {**self._headers("application/merge-patch+json"), **who}
        data = json.dumps(body).encode()
        ask = partial(self._connections.ask, "PATCH", path, data, headers, _PATIENCE)
        return _answered("PATCH", path, *asked_again(ask))

    def audit_events(self, user: str | None = None) -> Iterator[dict[str, Any]]:
        """The audit events so far, oldest first, of one user name or of all."""
        if not self.audit_log.exists():
            return
        with self.audit_log.open(encoding="utf-8") as lines:
            for line in lines:
                if not line.endswith("\n"):
                    return  # being written this moment
                event: dict[str, Any] = json.loads(line)
                if user is None or event["user"].get("username") == user:  # a wrong token has none
                    yield event

    def _headers(self, content_type: str, token: str | None = None) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {token or self.admin_token}",
            "Content-Type": content_type,
            "Accept": "application/json",
            "User-Agent": AGENT,
        }

    @cached_property
    def _connections(self) -> Connections:
        # No proxy: the address is on the loopback, whatever the environment says.
        context = ssl.create_default_context(cafile=str(self.ca_file))
        return Connections(self.url.removeprefix("https://"), context)

    def _write_kubeconfig(self, name: str, user: dict[str, str]) -> Path:
        file_name = re.sub(r"[^A-Za-z0-9.-]+", "_", name) + ".kubeconfig"
        path = self.directory / "kubeconfigs" / file_name
        return credentials.write_kubeconfig(path, self.url, self.ca_file, user)


def _answered(method: str, path: str, status: int, answer: bytes) -> dict[str, Any]:
    content = _json_object(answer)
    if status >= 400:
        raise RequestFailed(method, path, status, content)
    return content


def _json_object(content: bytes) -> dict[str, Any]:
    """The body as an object; anything else (/readyz answers in text) as {"message": text}."""
    try:
        value = json.loads(content)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"message": content.decode(errors="replace")}
