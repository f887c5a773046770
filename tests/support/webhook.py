"""A webhook of somebody else on the loopback, which refuses what the operator asks for."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from lab import ControlPlane
from lab.operator_process import IDENTITY

CONFIGURATIONS: Final = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
NAME: Final = "foreign"


def configure(plane: ControlPlane, port: int) -> None:
    """Ask it, before our policies are, of each role that the operator would write."""
    ca = base64.b64encode((plane.directory / "server-ca.crt").read_bytes()).decode()
    rule = {
        "apiGroups": ["ram.alibabacloud.com"],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["ramroles"],
    }
    webhook = {
        "name": "foreign.example.com",
        "clientConfig": {"url": f"https://127.0.0.1:{port}/", "caBundle": ca},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "matchConditions": [
            {"name": "operator", "expression": f"request.userInfo.username == '{IDENTITY}'"}
        ],
    }
    meta = {"name": NAME}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration"}
    plane.request("POST", CONFIGURATIONS, {**kind, "metadata": meta, "webhooks": [webhook]})


@contextmanager
def refusing(plane: ControlPlane, message: str) -> Iterator[int]:
    """A server that refuses everything with that message; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
            said: dict[str, Any] = {"uid": asked["request"]["uid"], "allowed": False}
            said["status"] = {"message": message, "code": 403}
            review = {"apiVersion": asked["apiVersion"], "kind": asked["kind"], "response": said}
            content = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(plane.directory / "server.crt", plane.directory / "server.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
