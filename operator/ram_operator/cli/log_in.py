"""From the chosen login to what the client sends: certificates, tokens, exec plugins, headers.

Starts the exec plugin that a kubeconfig names, as kubectl does, and sends nothing. Raises Failed
only: a plugin that fails is an error, and nothing goes on without credentials.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from .. import legible
from .kubeconfig import Identity, Login
from .outcomes import Failed

Json = Mapping[str, Any]
_VERSIONS: Final = tuple(f"client.authentication.k8s.io/{v}" for v in ("v1", "v1beta1"))
_CLUSTER_INFO: Final = "client.authentication.k8s.io/exec"
POD: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_SAFE: Final = "!#$&'*+-.^_`|~"
"""What the name of a header may have beside letters and digits."""


class Asks(StrEnum):
    """`interactiveMode` of an exec plugin: whether it asks whoever sits there."""

    NEVER = "Never"
    IF_AVAILABLE = "IfAvailable"
    ALWAYS = "Always"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where the API server is, and what is shown to it. Paths are of files in PEM."""

    server: str
    namespace: str
    authority: str | None = None
    """Whom to believe who it is; None is whom this machine believes."""
    verified: bool = True
    server_name: str | None = None
    proxy: str = ""
    """As the kubeconfig says; empty is as the environment says."""
    certificate: str | None = None
    key: str | None = None
    authorization: str = field(default="", repr=False)


def connection(login: Login, folder: Path) -> Connection:
    """By the login. Certificates that stand in a kubeconfig go into `folder`."""
    cluster, user = login.cluster, login.user
    token = _token(user)
    if not token and user.get("exec"):
        # Like kubectl: with a token the plugin is not asked.
        said = _ask_plugin(user["exec"], login)
        token = str(said.get("token") or "")
        user = {**user, **_certificate(said)}
    return Connection(
        login.server,
        login.namespace,
        _file(cluster, "certificate-authority", folder),
        not cluster.get("insecure-skip-tls-verify"),
        str(cluster.get("tls-server-name") or "") or None,
        str(cluster.get("proxy-url") or ""),
        _file(user, "client-certificate", folder),
        _file(user, "client-key", folder),
        _authorization(user, token),
    )


def of_the_pod(environment: Mapping[str, str], folder: Path = POD) -> Connection:
    """The pod's own account, where there is no kubeconfig. Raises Failed."""
    host, port = (environment.get(f"KUBERNETES_SERVICE_{name}") for name in ("HOST", "PORT"))
    if not host or not port:
        raise Failed("there is no kubeconfig: name one by --kubeconfig or KUBECONFIG")
    authority = folder / "ca.crt"
    try:
        authority.read_bytes()
        token, namespace = (
            (folder / name).read_text(encoding="utf-8").strip() for name in ("token", "namespace")
        )
    except (OSError, ValueError) as error:
        raise Failed(f"the pod's own account cannot be used: {_why(error)}") from None
    server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
    return Connection(server, namespace, str(authority), authorization=_authorization({}, token))


def _authorization(user: Json, token: str) -> str:
    if token:
        return f"Bearer {_header(token, 'the token')}"
    if "username" in user or "password" in user:
        pair = f"{user.get('username') or ''}:{user.get('password') or ''}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return ""


def headers(identity: Identity) -> Iterator[tuple[str, str]]:
    """Those that ask for an impersonation, each by its name; a name may come more than once."""
    if not identity.user:
        return
    yield "Impersonate-User", _header(identity.user, "the user to impersonate")
    if identity.uid:
        yield "Impersonate-Uid", _header(identity.uid, "the uid to impersonate")
    for group in identity.groups:
        yield "Impersonate-Group", _header(group, "a group to impersonate")
    for name, values in identity.extra.items():
        for value in values:
            yield f"Impersonate-Extra-{quote(name, safe=_SAFE)}", _header(value, "as-user-extra")


def _header(value: str, what: str) -> str:
    """As the client has to get it, so that the server gets UTF-8."""
    if not value or not value.isprintable():
        raise Failed(f"{what} is empty, or has letters that no header can have")
    return value.encode().decode("latin-1")


def _token(user: Json) -> str:
    """That of the file, which may be newer, else the one that stands there."""
    if file := user.get("tokenFile"):
        try:
            if found := Path(file).read_text(encoding="utf-8").strip():
                return found
        except (OSError, ValueError) as error:
            if not user.get("token"):
                raise Failed(f"tokenFile of the kubeconfig: {_why(error)}") from None
    return str(user.get("token") or "")


def _file(entry: Json, name: str, folder: Path) -> str | None:
    """The path of a certificate or key; what stands in the kubeconfig comes first."""
    data = entry.get(f"{name}-data")
    if not data:
        path = entry.get(name)
        if path and not Path(path).is_file():
            raise Failed(legible.line(f"{name} of the kubeconfig: there is no file {path}"))
        return str(path) if path else None
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError, AttributeError):
        raise Failed(f"{name}-data of the kubeconfig is no base64") from None
    file = folder / name
    file.touch(0o600)
    file.write_bytes(content)
    return str(file)


def _ask_plugin(settings: Any, login: Login) -> Json:
    """`status` of what the exec plugin answers."""
    if not isinstance(settings, dict) or not isinstance(settings.get("command"), str):
        raise Failed("the kubeconfig cannot be used: exec names no command")
    version, command = settings.get("apiVersion"), settings["command"]
    if version not in _VERSIONS:
        raise Failed(f"exec of the kubeconfig: apiVersion has to be {' or '.join(_VERSIONS)}")
    interactive = _interactive(settings)
    try:
        done = subprocess.run(
            [command, *_arguments(settings)],
            env={**os.environ, **_environment(settings), **_info(settings, login, interactive)},
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
    except (OSError, ValueError) as error:
        hint = settings.get("installHint")
        more = f"\n{hint}" if isinstance(hint, str) else ""
        why = f"the exec plugin {command} of the kubeconfig cannot be run: {_why(error)}"
        raise Failed(legible.line(why) + legible.lines(more)) from None
    name = legible.line(command)
    if done.returncode:
        raise Failed(f"the exec plugin {name} of the kubeconfig ended with {done.returncode}")
    return _status(done.stdout, version, name)


def _status(answer: bytes, version: str, name: str) -> Json:
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("status"), dict):
        raise Failed(f"the exec plugin {name} of the kubeconfig answers no ExecCredential in JSON")
    if (said.get("kind"), said.get("apiVersion")) != ("ExecCredential", version):
        raise Failed(
            f"the exec plugin {name} of the kubeconfig answers no ExecCredential {version}"
        )
    status: Json = said["status"]
    both = [bool(status.get(part)) for part in ("clientCertificateData", "clientKeyData")]
    if both[0] != both[1] or not (both[0] or status.get("token")):
        raise Failed(
            f"the exec plugin {name} of the kubeconfig answers neither a token nor a certificate"
            " with its key"
        )
    return status


def _certificate(status: Json) -> dict[str, str]:
    """As an entry of a kubeconfig has it; a plugin answers in PEM."""
    parts = {"client-certificate": "clientCertificateData", "client-key": "clientKeyData"}
    return {
        f"{name}-data": base64.b64encode(str(status[part]).encode()).decode()
        for name, part in parts.items()
        if status.get(part)
    }


def _interactive(settings: Json) -> bool:
    """Whether the plugin may ask whoever sits here."""
    mode, terminal = settings.get("interactiveMode") or Asks.IF_AVAILABLE, sys.stdin.isatty()
    if mode == Asks.ALWAYS and not terminal:
        raise Failed("the exec plugin of the kubeconfig has to ask somebody: stdin is no terminal")
    return mode != Asks.NEVER and terminal


def _arguments(settings: Json) -> list[str]:
    return [str(word) for word in settings.get("args") or ()]


def _environment(settings: Json) -> dict[str, str]:
    found = settings.get("env") or []
    if not all(isinstance(item, dict) and "name" in item for item in found):
        raise Failed("the kubeconfig cannot be used: env of exec is no list of names and values")
    return {str(item["name"]): str(item.get("value") or "") for item in found}


def _info(settings: Json, login: Login, interactive: bool) -> dict[str, str]:
    """What a plugin is told of the cluster it is to log in to."""
    of_cluster = {"cluster": _cluster_info(login)} if settings.get("provideClusterInfo") else {}
    spec = {"interactive": interactive, **of_cluster}
    told = {"kind": "ExecCredential", "apiVersion": settings["apiVersion"], "spec": spec}
    return {"KUBERNETES_EXEC_INFO": json.dumps(told)}


def _cluster_info(login: Login) -> dict[str, Any]:
    names = ("tls-server-name", "insecure-skip-tls-verify", "proxy-url")
    info = {name: login.cluster[name] for name in names if login.cluster.get(name)}
    data = login.cluster.get("certificate-authority-data")
    if not data and (file := login.cluster.get("certificate-authority")):
        data = base64.b64encode(Path(file).read_bytes()).decode()
    for extension in login.cluster.get("extensions") or ():
        if extension.get("name") == _CLUSTER_INFO:
            info["config"] = extension.get("extension")
    more = {"certificate-authority-data": data} if data else {}
    return {"server": login.server, **info, **more}


def _why(error: Exception) -> str:
    return legible.line(getattr(error, "strerror", None) or type(error).__name__)
