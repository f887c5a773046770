"""The ways on which the plugin reaches an API server: proxies, TLS, and from within a pod."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from lab import credentials
from ram_operator.cli import log_in
from ram_operator.cli.main import main
from ram_operator.cli.outcomes import Failed
from tests.support.proxy import Proxy, proxy

Json = dict[str, Any]
SERVER: Final = "http://cluster.example:6443"
VARIABLES: Final = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
)


@pytest.fixture
def between(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy that passes nothing on, in an environment that names none."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with proxy() as running:
        running.refuses = 502
        yield running


def pending(tmp_path: Path, cluster: Json, user: Json | None = None) -> int:
    """The exit code of the list of what waits, on a cluster of that entry."""
    whole = {
        "current-context": "x",
        "clusters": [{"name": "x", "cluster": cluster}],
        "users": [{"name": "x", "user": user or {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(json.dumps(whole))
    return main(["pending", "--kubeconfig", str(file), "--request-timeout", "5"])


@pytest.mark.parametrize(
    ("environment", "cluster", "taken"),
    [
        ({"HTTP_PROXY": "{place}"}, {"server": SERVER}, True),
        ({"http_proxy": "http://ann:p%40ss@{place}"}, {"server": SERVER}, True),
        ({}, {"server": SERVER, "proxy-url": "http://{place}"}, True),
        ({"HTTP_PROXY": "127.0.0.1:9"}, {"server": SERVER, "proxy-url": "http://{place}"}, True),
        ({"HTTP_PROXY": "{place}", "NO_PROXY": ".example"}, {"server": SERVER}, False),
        (
            {"HTTP_PROXY": "{place}", "NO_PROXY": "127.0.0.0/8,[::1]"},
            {"server": "http://127.0.0.1:9"},
            False,
        ),
        ({"HTTP_PROXY": "{place}"}, {"server": "http://127.0.0.1:9"}, False),
        ({"HTTP_PROXY": "{place}"}, {"server": "http://localhost:9"}, False),
        ({"HTTPS_PROXY": "{place}"}, {"server": "https://cluster.example"}, True),
        ({"HTTPS_PROXY": "{place}"}, {"server": SERVER}, False),
    ],
)
def test_by_the_proxy_that_kubectl_would_take(
    tmp_path: Path,
    between: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    cluster: Json,
    taken: bool,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value.format(place=between.place))
    named = {name: value.format(place=between.place) for name, value in cluster.items()}
    assert pending(tmp_path, named) == 2
    assert bool(between.asked) is taken
    if "ann" in environment.get("http_proxy", ""):
        assert set(between.signed) == {"Basic YW5uOnBAc3M="}


def test_a_proxy_that_is_none_is_said_so_without_its_password(
    tmp_path: Path,
    between: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://ann:secret@p:1")
    assert pending(tmp_path, {"server": SERVER}) == 2
    said = capsys.readouterr().err
    assert "HTTP_PROXY" in said
    assert "secret" not in said


# --- TLS


@contextmanager
def server(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """An API server over TLS that knows people by their certificates; its URL, and who has come."""
    credentials.write_serving_certificate(folder)
    credentials.write_client_ca(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    context.load_verify_locations(folder / "client-ca.crt")
    context.verify_mode = ssl.CERT_OPTIONAL
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown = self.connection.getpeercert()  # type: ignore[attr-defined]  # wrapped below
            came.append(dict(pair for row in shown["subject"] for pair in row)["commonName"])
            body = b'{"items": []}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Of clients that do not believe the certificate."""

    with Server(("127.0.0.1", 0), Handler) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"https://127.0.0.1:{running.server_port}", came
        finally:
            running.shutdown()
            thread.join()


TRUST: Final[dict[str, tuple[Json, bool]]] = {
    # entries of the cluster, and whether the server is to be believed
    "its authority": ({"certificate-authority": "server-ca.crt"}, True),
    "another authority": ({"certificate-authority": "client-ca.crt"}, False),
    "those of this machine": ({}, False),
    "everybody": ({"insecure-skip-tls-verify": True}, True),
    "a name that it has": (
        {"certificate-authority": "server-ca.crt", "tls-server-name": "localhost"},
        True,
    ),
    "a name that it has not": (
        {"certificate-authority": "server-ca.crt", "tls-server-name": "cluster.example"},
        False,
    ),
}


@pytest.mark.parametrize(("entry", "believed"), TRUST.values(), ids=TRUST)
def test_whom_a_kubeconfig_believes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entry: Json, believed: bool
) -> None:
    with server(tmp_path) as (url, came):
        certificate, key = credentials.client_certificate(tmp_path, "ann", ())
        user = credentials.client_certificate_user(certificate, key)
        code = pending(tmp_path, {"server": url, **entry}, user)
    said = capsys.readouterr().err
    assert (code, set(came)) == ((0, {"ann"}) if believed else (2, set())), said
    assert believed or "does not answer" in said
    assert "Warning" not in said


# --- from within a pod


def pod(folder: Path, **left_out: str) -> Path:
    for name, text in {"token": "of-the-pod\n", "ca.crt": "x", "namespace": "ops\n"}.items():
        if name.replace(".", "_") not in left_out:
            (folder / name).write_text(text)
    return folder


def test_a_pods_own_account(tmp_path: Path) -> None:
    where = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    found = log_in.of_the_pod(where, pod(tmp_path))
    assert found.server == "https://[fd00::1]:443"
    assert (found.namespace, found.authorization) == ("ops", "Bearer of-the-pod")
    assert found.authority == str(tmp_path / "ca.crt")
    assert "of-the-pod" not in repr(found)


@pytest.mark.parametrize("name", ["token", "ca_crt", "namespace"])
def test_a_pod_without_an_account_says_so(tmp_path: Path, name: str) -> None:
    where = {"KUBERNETES_SERVICE_HOST": "h", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(Failed, match="the pod's own account cannot be used: No such file"):
        log_in.of_the_pod(where, pod(tmp_path, **{name: ""}))


def test_neither_a_kubeconfig_nor_a_pod() -> None:
    with pytest.raises(Failed, match="there is no kubeconfig"):
        log_in.of_the_pod({})
