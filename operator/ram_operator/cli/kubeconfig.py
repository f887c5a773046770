"""Which API server and as whom: kubeconfig files and flags, by the rules of kubectl.

Reads files, sends nothing and starts nothing. Raises Failed only, with what to mend.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from .. import legible
from .outcomes import Failed

Json = Mapping[str, Any]
_LISTS: Final = ("clusters", "contexts", "users")
_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key", "tokenFile"),
}
"""What names files; relative ones are beside the kubeconfig that names them."""


@dataclass(frozen=True, slots=True)
class Where:
    """What the flags say about the cluster; empty is "as the kubeconfig says"."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    timeout: float = 30.0
    """Seconds to wait for each answer."""
    cluster: str = ""
    user: str = ""
    """The entries of the kubeconfig to take in place of those of the context."""
    identity: Identity = field(default_factory=lambda: Identity())


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom to impersonate; nobody where `user` is empty."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def over(self, other: Identity) -> Identity:
        """This one, and what it does not say as `other` says it."""
        return Identity(
            self.user or other.user,
            self.uid or other.uid,
            self.groups or other.groups,
            {**other.extra, **self.extra},
        )


@dataclass(frozen=True, slots=True)
class Login:
    """What is left of files and flags: the entries that were chosen, paths made absolute."""

    namespace: str
    server: str
    cluster: Json
    user: Json
    identity: Identity


def load(where: Where, environment: Mapping[str, str]) -> Login | None:
    """The login that the flags choose; None where there is no kubeconfig at all."""
    merged = _merged(_paths(where.kubeconfig, environment))
    if merged is None:
        return None
    context = _context(merged, where.context)
    cluster = _chosen(merged, "clusters", where.cluster or _text(context, "cluster"))
    user = _chosen(merged, "users", where.user or _text(context, "user"))
    if not cluster:
        raise Failed("the kubeconfig chooses no cluster: name a context with --context")
    identity = where.identity.over(_identity(user))
    if not identity.user and (identity.uid or identity.groups or identity.extra):
        raise Failed(
            "uid, groups or extras are to be impersonated, and no user: write --as, or `as` in the"
            " kubeconfig"
        )
    _check(cluster, user)
    namespace = where.namespace or _text(context, "namespace") or "default"
    return Login(namespace, _server(cluster, user), cluster, user, identity)


def _paths(named: str, environment: Mapping[str, str]) -> list[Path]:
    """The files that there are, the first counts most. One that a flag names has to be there."""
    if named:
        return [Path(named).expanduser()]
    listed = environment.get("KUBECONFIG") or "~/.kube/config"
    paths = [Path(path).expanduser() for path in listed.split(os.pathsep) if path]
    return [path for path in paths if path.exists()]


def _merged(paths: Iterable[Path]) -> dict[str, Any] | None:
    """All files as one; of what several say the first word counts."""
    found: dict[str, Any] = {}
    for path in paths:
        content = _read(path)
        found.setdefault("current-context", "")
        found["current-context"] = found["current-context"] or _text(content, "current-context")
        for kind in _LISTS:
            for name, entry in _entries(content, kind, path).items():
                found.setdefault(kind, {}).setdefault(name, entry)
    return found or None


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" (line {mark.line + 1})" if mark is not None else ""
        why = getattr(error, "problem", None) or "it is nested too deep or has odd letters"
        raise _unusable(path, f"it is no YAML{line}: {why}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise _unusable(path, "it is no mapping of clusters, contexts and users")
    return content


def _entries(content: Json, kind: str, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    listed = content.get(kind) or []
    single = kind.removesuffix("s")
    for item in listed if isinstance(listed, list) else [None]:
        entry = item.get(single) if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(item.get("name"), str):
            raise _unusable(path, f"{kind} is no list of entries with a name")
        if entry is not None and not isinstance(entry, dict):
            raise _unusable(path, f"{single} of the entry {item['name']!r} is no mapping")
        found.setdefault(item["name"], _beside(path, kind, entry or {}))
    return found


def _beside(path: Path, kind: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """With absolute paths: relative ones count from the file that names them."""
    folder = path.absolute().parent
    found = dict(entry)
    for name in _FILES.get(kind, ()):
        if file := _text(entry, name):
            found[name] = str(folder / file)
    command = found.get("exec")
    if isinstance(command, dict) and os.sep in _text(command, "command"):
        found["exec"] = {**command, "command": str(folder / command["command"])}
    return found


def _context(merged: Json, named: str) -> Json:
    name = named or merged["current-context"]
    return _chosen(merged, "contexts", name)


def _chosen(merged: Json, kind: str, name: str) -> Json:
    """The entry of that name; nothing where none is named."""
    if not name:
        return {}
    found: Json | None = (merged.get(kind) or {}).get(name)
    if found is None:
        raise Failed(f"the kubeconfig cannot be used: {kind} has no entry {legible.line(name)!r}")
    return found


def _identity(user: Json) -> Identity:
    extra = user.get("as-user-extra") or {}
    if not isinstance(extra, dict):
        raise Failed("the kubeconfig cannot be used: as-user-extra is no mapping of lists of texts")
    return Identity(
        _text(user, "as"),
        _text(user, "as-uid"),
        _texts(user.get("as-groups"), "as-groups"),
        {str(name): _texts(values, "as-user-extra") for name, values in extra.items()},
    )


def _check(cluster: Json, user: Json) -> None:
    """What kubectl refuses, too, or what only kubectl can do."""
    if provider := user.get("auth-provider"):
        name = _text(provider, "name") if isinstance(provider, dict) else ""
        raise Failed(
            f"the user of the kubeconfig logs in by the auth-provider plugin {legible.line(name)},"
            " which kubectl ram does not know: use an exec plugin, or a token"
        )
    basic = "username" in user or "password" in user
    if basic and _text(user, "token"):
        raise Failed("the user of the kubeconfig has a token and a password: only one is allowed")
    secure = [f"certificate-authority{suffix}" for suffix in ("", "-data")]
    if cluster.get("insecure-skip-tls-verify") and any(map(cluster.get, secure)):
        raise Failed(
            "the cluster of the kubeconfig has insecure-skip-tls-verify and a certificate"
            " authority: only one is allowed"
        )
    proxy = _text(cluster, "proxy-url")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise Failed("proxy-url of the kubeconfig: kubectl ram knows http and https proxies only")


def _server(cluster: Json, user: Json) -> str:
    server = _text(cluster, "server").rstrip("/")
    if not server:
        raise Failed("the kubeconfig cannot be used: the cluster has no server")
    if "://" in server:
        return server
    tls = ("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify")
    mutual = ("client-certificate", "client-certificate-data")
    secure = any(map(cluster.get, tls)) or any(map(user.get, mutual))
    return f"{'https' if secure else 'http'}://{server}"


def _unusable(path: Path, why: str) -> Failed:
    return Failed(legible.line(f"the kubeconfig cannot be used: {path}: {why}"))


def _text(block: Json, name: str) -> str:
    value = block.get(name)
    if value is None or isinstance(value, str):
        return value or ""
    raise Failed(f"the kubeconfig cannot be used: {name} is no text")


def _texts(value: Any, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Failed(f"the kubeconfig cannot be used: {name} is no list of texts")
    return tuple(value)
