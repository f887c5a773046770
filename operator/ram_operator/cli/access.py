"""The API server under the kubeconfig of whoever runs the plugin: list, read, annotate.

Raises PluginError only. Sends no request besides those three, and of objects writes annotations
alone.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlencode, urlsplit

import urllib3
import urllib3.exceptions

from .. import __version__, legible, proxies
from ..constants import APPROVER_FIELD_MANAGER, GROUP, VERSION
from ..kinds.table import PLURALS, RECORD
from . import kubeconfig, log_in
from .kubeconfig import Where
from .outcomes import Failed
from .refusals import Answer, explain
from .screen import plain
from .targets import Target

PAGE: Final = 500
PAGES: Final = 1000
"""Of one list: half a million objects."""
_JSON: Final = "application/json"
_MERGE: Final = "application/merge-patch+json"
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Moved(Exception):
    """The object is not what it was when it was read (HTTP 409)."""


class Access:
    """One API server. `warn` is called with each warning that it sends along with an answer.

    Certificates that stand in the kubeconfig are put into `folder`, which is the caller's.
    """

    def __init__(self, where: Where, folder: Path, warn: Callable[[str], None]) -> None:
        """Raises Failed where there is no usable kubeconfig, or a plugin of it fails."""
        login = kubeconfig.load(where, os.environ)
        identity = where.identity if login is None else login.identity
        to = log_in.of_the_pod(os.environ) if login is None else log_in.connection(login, folder)
        self.namespace = where.namespace or to.namespace
        if not _NAMESPACE.fullmatch(self.namespace):
            raise Failed(f"{plain(self.namespace)!r} is no name of a namespace")
        shown = [("Authorization", to.authorization)] if to.authorization else []
        agent = ("User-Agent", f"kubectl-ram/{__version__}")
        self._headers = (agent, ("Accept", _JSON), *shown, *log_in.headers(identity))
        self._server = to.server
        self._http = _http(to)
        self._timeout = urllib3.Timeout(total=where.timeout)
        self._warn = warn

    def every(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """All objects of a kind in a namespace, or everywhere if it is empty.

        Raises Failed where the list does not end, or a page comes twice.
        """
        found: list[dict[str, Any]] = []
        token, seen = "", set[str]()
        for _ in range(PAGES):
            query = [("limit", str(PAGE))] + ([("continue", token)] if token else [])
            try:
                page = self._request("GET", _path(kind, namespace, ""), query)
            except _Answered as error:
                raise explain(error.answer, None, f"list {PLURALS[kind]}, all") from None
            items, token = _page(page)
            found += items
            if not token:
                return found
            if token in seen:
                raise Failed(f"the list of {PLURALS[kind]} does not end: a page came twice")
            seen.add(token)
        raise Failed(f"the list of {PLURALS[kind]} does not end after {PAGES} pages")

    def get(self, target: Target) -> dict[str, Any]:
        """The object as it is now."""
        try:
            return self._request("GET", _path(target.kind, target.namespace, target.name))
        except _Answered as error:
            raise explain(error.answer, target, "read") from None

    def record(self, name: str, of: Target) -> dict[str, Any] | None:
        """The RamRecord of that name, None where there is none; `of` is the object in question."""
        try:
            return self._request("GET", _path(RECORD, "", name))
        except _Answered as error:
            if error.answer.status == 404:
                return None
            raise explain(error.answer, of, "read the record of") from None

    def annotate(
        self, target: Target, version: str, annotations: Mapping[str, str | None], doing: str
    ) -> None:
        """Sets annotations, None removes one, if the object still has that resourceVersion.

        Raises Moved if it has another one.
        """
        body = {"metadata": {"resourceVersion": version, "annotations": dict(annotations)}}
        query = [("fieldManager", APPROVER_FIELD_MANAGER)]
        path = _path(target.kind, target.namespace, target.name)
        try:
            self._request("PATCH", path, query, body)
        except _Answered as error:
            if error.answer.status == 409:
                raise Moved from None
            raise explain(error.answer, target, doing) from None

    def _request(
        self,
        method: str,
        path: str,
        query: list[tuple[str, str]] | None = None,
        body: Any = None,
    ) -> dict[str, Any]:
        headers = urllib3.HTTPHeaderDict(self._headers)
        if body is not None:
            headers["Content-Type"] = _MERGE
        url = self._server + path + (f"?{urlencode(query)}" if query else "")
        try:
            reply = self._http.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=self._timeout,
                retries=False,
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            said = f"the API server {self._server} does not answer: {_cause(error)}"
            raise Failed(legible.line(said)) from None
        for warning in reply.headers.getlist("Warning"):
            self._warn(legible.line(warning.partition('"')[2].rpartition('"')[0]))
        if not 200 <= reply.status <= 299:
            raise _Answered(reply.status, reply.data)
        try:
            result = json.loads(reply.data)
        except (ValueError, RecursionError):
            result = None
        if not isinstance(result, dict):
            raise Failed("the answer is no object in JSON: is that an API server?")
        return result


class _Answered(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        try:
            message = str(json.loads(body or "{}").get("message", ""))
        except (ValueError, AttributeError, TypeError, RecursionError):
            message = ""
        self.answer = Answer(status, legible.line(message))
        super().__init__(status)


def _page(page: Mapping[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """The objects of a page, and what asks for the next one."""
    items, meta = page.get("items") or [], page.get("metadata") or {}
    token = meta.get("continue") or "" if isinstance(meta, dict) else None
    whole = isinstance(items, list) and all(isinstance(item, dict) for item in items)
    if not whole or not isinstance(token, str):
        raise Failed("the answer is no list of objects: is that an API server?")
    return items, token


def _http(to: log_in.Connection) -> urllib3.PoolManager:
    """Connections by the proxy that is to be taken, if any. Raises Failed."""
    ways: dict[str, Any] = {
        "cert_reqs": "CERT_REQUIRED" if to.verified else "CERT_NONE",
        "ca_certs": to.authority,
        "cert_file": to.certificate,
        "key_file": to.key,
        "server_hostname": to.server_name,
    }
    if not to.verified:
        # The kubeconfig asks for it, and kubectl says nothing of it either.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    proxy = to.proxy or _proxy(to.server)
    if not proxy:
        return urllib3.PoolManager(**ways)
    word = urlsplit(proxy).netloc.rpartition("@")[0]
    login = urllib3.make_headers(proxy_basic_auth=unquote(word)) if word else None
    return urllib3.ProxyManager(proxy, proxy_headers=login, **ways)


def _proxy(server: str) -> str:
    """That of the environment; like kubectl, none on the way to this machine."""
    parts = urlsplit(server)
    try:
        here = ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        here = parts.hostname == "localhost"
    try:
        found = None if here else proxies.read(os.environ).towards(parts.scheme, parts.netloc)
    except proxies.ProxyError as error:
        raise Failed(str(error)) from None
    return found.url if found is not None else ""


def _path(kind: str, namespace: str, name: str) -> str:
    parts = ["/apis", GROUP, VERSION]
    if namespace:
        parts += ["namespaces", quote(namespace, safe="")]
    return "/".join([*parts, PLURALS[kind], *([quote(name, safe="")] if name else [])])


def _cause(error: BaseException) -> str:
    """The innermost reason: urllib3 wraps it in sentences about its pools."""
    reason = getattr(error, "reason", None)
    return _cause(reason) if isinstance(reason, BaseException) else str(error)
