"""`kubectl logs` where no kubelet runs: a pod as the Deployment has it, and what its node answers.

The API server asks the node as it asks any; what it is given is what the operator's process logs.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from lab import Cluster

NODE: Final = "here"
SYSTEM: Final = "ram-system"
DEPLOYMENT: Final = f"/apis/apps/v1/namespaces/{SYSTEM}/deployments/ram-operator"
NODES: Final = "/api/v1/nodes"


@contextmanager
def pod(cluster: Cluster, log: Path) -> Iterator[None]:
    """For the length of a block, one pod as the Deployment describes it."""
    with _kubelet(cluster.directory, log) as port:
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}}
        address = [{"type": "InternalIP", "address": "127.0.0.1"}]
        status = {"addresses": address, "daemonEndpoints": {"kubeletEndpoint": {"Port": port}}}
        cluster.request("POST", NODES, node)
        cluster.request(
            "PATCH",
            f"{NODES}/{NODE}/status",
            {"status": status},
            content_type="application/merge-patch+json",
        )
        template: dict[str, Any] = cluster.request("GET", DEPLOYMENT)["spec"]["template"]
        labels = template["metadata"]["labels"]
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "ram-operator-0", "labels": labels},
            "spec": {**template["spec"], "nodeName": NODE},
        }
        pods = f"/api/v1/namespaces/{SYSTEM}/pods"
        cluster.request("POST", pods, body)
        try:
            yield
        finally:
            gone = {"gracePeriodSeconds": 0}
            cluster.request("DELETE", f"{pods}/ram-operator-0", gone)
            cluster.request("DELETE", f"{NODES}/{NODE}", None)


@contextmanager
def _kubelet(certificates: Path, log: Path) -> Iterator[int]:
    """Its port. The control plane's own certificate will do: the API server asks for none."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The log, whatever of it is asked for: who asks has it filtered."""
            found = self.path.startswith(f"/containerLogs/{SYSTEM}/ram-operator-0/operator")
            text = log.read_bytes() if found else b""
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
