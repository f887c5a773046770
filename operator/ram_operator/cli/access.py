"""The API server under the kubeconfig of whoever runs the plugin: list, read, annotate.

Raises PluginError only. Sends no request besides those three, and of objects writes annotations
alone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import urllib3.exceptions
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config
from urllib3 import HTTPHeaderDict

from .. import legible
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
_IN_CLUSTER_NAMESPACE: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_NAMESPACE: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Moved(Exception):
    """The object is not what it was when it was read (HTTP 409)."""


class Access:
    """One API server. `warn` is called with each warning that it sends along with an answer.

    Certificates that stand in the kubeconfig are put into `folder`, which is the caller's.
    """

    def __init__(self, where: Where, folder: Path, warn: Callable[[str], None]) -> None:
        """Raises Failed where there is no usable kubeconfig, or a plugin of it fails."""
        configuration = Configuration()
        configuration.retries = False
        login = kubeconfig.load(where, os.environ)
        if login is None:
            identity = where.identity
            self.namespace = where.namespace or _in_cluster(configuration)
        else:
            identity = login.identity
            log_in.configure(login, folder, configuration)
            self.namespace = login.namespace
        if not _NAMESPACE.fullmatch(self.namespace):
            raise Failed(f"{plain(self.namespace)!r} is no name of a namespace")
        self._headers = tuple(log_in.headers(identity))
        self._client = ApiClient(configuration)
        self._timeout = where.timeout
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
        parameters = self._client.param_serialize(
            method,
            path,
            query_params=query or [],
            header_params={"Accept": _JSON, "Content-Type": _JSON if body is None else _MERGE},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            reply = self._client.call_api(
                *self._as_whom(*parameters), _request_timeout=self._timeout
            )
            data = reply.read()  # type: ignore[no-untyped-call]
        except ApiException as error:
            raise _Answered(int(error.status or 0), error.body) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            host = self._client.configuration.host
            why = legible.line(f"the API server {host} does not answer: {_cause(error)}")
            raise Failed(why) from None
        for warning in reply.headers.getlist("Warning"):
            self._warn(legible.line(warning.partition('"')[2].rpartition('"')[0]))
        if not 200 <= reply.status <= 299:
            raise _Answered(reply.status, data)
        try:
            result = json.loads(data)
        except (ValueError, RecursionError):
            result = None
        if not isinstance(result, dict):
            raise Failed("the answer is no object in JSON: is that an API server?")
        return result

    def _as_whom(
        self, method: str, url: str, headers: Mapping[str, str], body: Any, form: Any
    ) -> tuple[str, str, HTTPHeaderDict, Any, Any]:
        """With one header for each group, which a dict cannot hold."""
        named = HTTPHeaderDict(headers)
        for name, value in self._headers:
            named.add(name, value)
        return method, url, named, body, form


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


def _in_cluster(configuration: Configuration) -> str:
    """The pod's own account, where there is no kubeconfig; the namespace of the pod."""
    if "KUBERNETES_SERVICE_HOST" not in os.environ:
        raise Failed("there is no kubeconfig: name one by --kubeconfig or KUBECONFIG")
    try:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return _IN_CLUSTER_NAMESPACE.read_text(encoding="utf-8").strip()
    except (ConfigException, OSError, ValueError) as error:
        why = legible.line(str(error))
        raise Failed(f"the pod's own account cannot be used: {why}") from None


def _path(kind: str, namespace: str, name: str) -> str:
    parts = ["/apis", GROUP, VERSION]
    if namespace:
        parts += ["namespaces", quote(namespace, safe="")]
    return "/".join([*parts, PLURALS[kind], *([quote(name, safe="")] if name else [])])


def _cause(error: BaseException) -> str:
    """The innermost reason: urllib3 wraps it in sentences about its pools."""
    reason = getattr(error, "reason", None)
    return _cause(reason) if isinstance(reason, BaseException) else str(error)
