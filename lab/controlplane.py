"""Starts and stops a kube-apiserver and its etcd: ControlPlane.start(directory).

Used by the test fixtures, the command line in __main__.py and the demo. Both servers listen on
127.0.0.1 alone and end with the process that started them. There is no controller manager:
namespaces do not finish deleting, owner references are not collected, roles are not aggregated.
"""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from lab import assets, credentials
from lab.connection import Cluster, RequestFailed
from lab.processes import Child, StartFailed, free_port, log_tail
from lab.waiting import Deadline

_READY_SECONDS = 90.0
_FEWER_COLLECTIONS: tuple[str | Path, ...] = ("env", "GOGC=250")
"""A quarter less processor time for a start, a tenth for requests, for some more memory."""
_ATTEMPTS = 3  # another process may take a port between our look and the server's bind
_AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    # The server's requests to itself would be most of the log.
    "rules": [{"level": "None", "users": ["system:apiserver"]}, {"level": "Metadata"}],
}


@dataclass(frozen=True)
class ControlPlane(Cluster):
    """A Cluster whose servers belong to this process. Use it in a with statement, or stop() it."""

    found: assets.Assets
    processes: dict[str, Child]
    flags: tuple[str, ...] = ()
    """Of the API server, beside those that it has here in any case."""

    @classmethod
    def start(cls, directory: Path, *flags: str) -> ControlPlane:
        """Starts both servers in directory, which is made if it is missing, and waits until ready.

        Raises StartFailed with the end of the log that tells why.
        """
        found = assets.find_or_build()
        directory = directory.resolve()
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        token = secrets.token_urlsafe(24)
        _write_inputs(directory, token)
        for attempt in range(1, _ATTEMPTS + 1):
            url = f"https://127.0.0.1:{free_port()}"
            plane = cls(directory, url, token, found, {}, flags)
            try:
                plane._start_etcd(free_port(), free_port())
                plane.start_apiserver()
                break
            except BaseException as error:
                plane.stop()
                if not isinstance(error, StartFailed) or attempt == _ATTEMPTS:
                    raise
        credentials.write_kubeconfig(
            plane.admin_kubeconfig, plane.url, plane.ca_file, {"token": token}
        )
        plane.write_state()
        return plane

    def start_apiserver(self) -> None:
        """Starts the API server on the address it always had and waits until it is ready."""
        flags = [*_apiserver_flags(self), *self.flags]
        command = [*_FEWER_COLLECTIONS, self.found.kube_apiserver, *flags]
        child = Child.start("kube-apiserver", command, self.directory / "kube-apiserver.log")
        self.processes["kube-apiserver"] = child
        _wait(child, self._apiserver_ready)

    def stop_apiserver(self, *, kill: bool = False) -> None:
        """Stops the API server, with kill as a crash would; what etcd holds stays."""
        self.processes.pop("kube-apiserver").stop(kill=kill)

    def restart_apiserver(self, *, kill: bool = False) -> None:
        """Stops and starts the API server: same address, certificates and data, no watches left."""
        self.stop_apiserver(kill=kill)
        self.start_apiserver()

    def stop(self) -> None:
        """Stops both servers; files stay. May be called again."""
        self.state_file.unlink(missing_ok=True)
        while self.processes:
            _, child = self.processes.popitem()
            child.stop()

    def __enter__(self) -> ControlPlane:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _start_etcd(self, client_port: int, peer_port: int) -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in (client_port, peer_port))
        command = [
            *_FEWER_COLLECTIONS,
            self.found.etcd,
            "--name=local",
            f"--data-dir={self.directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=local={peer}",
            "--unsafe-no-fsync",  # a crash of the machine may lose the data: it is a test's
            "--log-level=warn",
        ]
        (self.directory / "etcd.url").write_text(client)
        child = Child.start("etcd", command, self.directory / "etcd.log")
        self.processes["etcd"] = child
        _wait(child, lambda: _answers(f"{client}/readyz"))

    def _apiserver_ready(self) -> bool:
        try:
            self.request("GET", "/readyz", timeout=5)
            # Readiness does not wait for the namespace that kubectl uses when none is given.
            self.request("GET", "/api/v1/namespaces/default", timeout=5)
        except (OSError, RequestFailed):
            return False
        return True


def _write_inputs(directory: Path, token: str) -> None:
    credentials.write_service_account_key(directory / "service-account.key")
    credentials.write_client_ca(directory)
    credentials.write_serving_certificate(directory)
    tokens = directory / "tokens.csv"
    tokens.touch(mode=0o600)
    tokens.write_text(f'{token},admin,admin,"system:masters"\n')
    (directory / "audit-policy.json").write_text(json.dumps(_AUDIT_POLICY))


def _apiserver_flags(cluster: Cluster) -> list[str]:
    home = cluster.directory
    issuer = "https://kubernetes.default.svc"
    return [
        f"--etcd-servers={(home / 'etcd.url').read_text()}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={cluster.url.rpartition(':')[2]}",
        f"--tls-cert-file={home / 'server.crt'}",
        f"--tls-private-key-file={home / 'server.key'}",
        # The loopback address is no legal endpoint of the service "kubernetes", and nobody uses it.
        "--endpoint-reconciler-type=none",
        "--service-cluster-ip-range=10.96.0.0/16",
        f"--service-account-issuer={issuer}",
        f"--api-audiences={issuer}",
        f"--service-account-key-file={home / 'service-account.key'}",
        f"--service-account-signing-key-file={home / 'service-account.key'}",
        f"--client-ca-file={home / 'client-ca.crt'}",
        f"--token-auth-file={home / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        # It would hold back pods until a controller that does not run here made their account.
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-policy-file={home / 'audit-policy.json'}",
        f"--audit-log-path={cluster.audit_log}",
    ]


def _wait(child: Child, ready: Callable[[], bool]) -> None:
    """Polls until ready. Raises StartFailed if the child ends first or takes too long."""
    deadline = Deadline(_READY_SECONDS)
    while child.running and not deadline.over:
        if ready():
            return
        time.sleep(0.1)
    what = "is not ready" if child.running else "ended"
    raise StartFailed(f"{child.name} {what}; the end of {child.log}:\n{log_tail(child.log)}")


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False
