"""The API server under the kubeconfig of whoever runs the plugin: list, read, annotate.

Raises PluginError only. Sends no request besides those three, and of objects writes annotations
alone.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import urllib3.exceptions
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import (
    ConfigException,
    list_kube_config_contexts,
    load_incluster_config,
    load_kube_config,
)
from urllib3 import HTTPHeaderDict

from ..constants import APPROVER_FIELD_MANAGER, GROUP, VERSION
from ..kinds.table import PLURALS, RECORD
from .outcomes import Failed
from .refusals import Answer, explain
from .targets import Target

PAGE: Final = 500
_JSON: Final = "application/json"
_MERGE: Final = "application/merge-patch+json"
_IN_CLUSTER_NAMESPACE: Final = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"


class Moved(Exception):
    """The object is not what it was when it was read (HTTP 409)."""


@dataclass(frozen=True, slots=True)
class Where:
    """What the flags say about the cluster; empty is "as the kubeconfig says"."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    timeout: float = 30.0
    """Seconds to wait for each answer."""
    user: str = ""
    """Whom to impersonate."""
    groups: tuple[str, ...] = ()
    """Of what that user is to be a member."""


class Access:
    """One API server. `warn` is called with each warning that it sends along with an answer."""

    def __init__(self, where: Where, warn: Callable[[str], None]) -> None:
        """Raises Failed where there is no usable kubeconfig."""
        configuration = Configuration()
        configuration.retries = False
        try:
            self.namespace = _configure(where, configuration)
        except (ConfigException, OSError, ValueError) as error:
            raise Failed(f"the kubeconfig cannot be used: {error}") from None
        self._client = ApiClient(configuration)
        if where.user:
            self._client.default_headers["Impersonate-User"] = where.user
        self._groups = where.groups
        self._timeout = where.timeout
        self._warn = warn

    def every(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        """All objects of a kind in a namespace, or everywhere if it is empty."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            query = [("limit", str(PAGE))] + ([("continue", token)] if token else [])
            try:
                page = self._request("GET", _path(kind, namespace, ""), query)
            except _Answered as error:
                raise explain(error.answer, None, f"list {PLURALS[kind]}, all") from None
            found += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return found

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
                *self._with_groups(*parameters), _request_timeout=self._timeout
            )
            data = reply.read()  # type: ignore[no-untyped-call]
        except ApiException as error:
            raise _Answered(int(error.status or 0), error.body) from None
        except (urllib3.exceptions.HTTPError, OSError) as error:
            host = self._client.configuration.host
            raise Failed(f"the API server {host} does not answer: {_cause(error)}") from None
        for warning in reply.headers.getlist("Warning"):
            self._warn(warning.partition('"')[2].rpartition('"')[0])
        if not 200 <= reply.status <= 299:
            raise _Answered(reply.status, data)
        try:
            result = json.loads(data)
        except ValueError:
            result = None
        if not isinstance(result, dict):
            raise Failed("the answer is no object in JSON: is that an API server?")
        return result

    def _with_groups(
        self, method: str, url: str, headers: Mapping[str, str], body: Any, form: Any
    ) -> tuple[str, str, HTTPHeaderDict, Any, Any]:
        """One header for each group, which a dict cannot hold."""
        named = HTTPHeaderDict(headers)
        for group in self._groups:
            named.add("Impersonate-Group", group)
        return method, url, named, body, form


class _Answered(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, body: Any) -> None:
        try:
            message = str(json.loads(body or "{}").get("message", ""))
        except (ValueError, AttributeError, TypeError):
            message = ""
        self.answer = Answer(status, message)
        super().__init__(status)


def _configure(where: Where, configuration: Configuration) -> str:
    """Fills the configuration; the namespace to work in where none is named."""
    files = where.kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    if not where.kubeconfig and not _exists(files) and "KUBERNETES_SERVICE_HOST" in os.environ:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        with open(_IN_CLUSTER_NAMESPACE, encoding="utf-8") as file:
            return where.namespace or file.read().strip()
    context = where.context or None
    load_kube_config(files, context, configuration, persist_config=False)  # type: ignore[no-untyped-call]
    contexts, active = list_kube_config_contexts(files)  # type: ignore[no-untyped-call]
    chosen = next((each for each in contexts if each["name"] == context), active)
    return where.namespace or chosen["context"].get("namespace") or "default"


def _exists(files: str) -> bool:
    return any(os.path.exists(os.path.expanduser(file)) for file in files.split(os.pathsep))


def _path(kind: str, namespace: str, name: str) -> str:
    parts = ["/apis", GROUP, VERSION]
    if namespace:
        parts += ["namespaces", quote(namespace, safe="")]
    return "/".join([*parts, PLURALS[kind], *([quote(name, safe="")] if name else [])])


def _cause(error: BaseException) -> str:
    """The innermost reason: urllib3 wraps it in sentences about its pools."""
    reason = getattr(error, "reason", None)
    return _cause(reason) if isinstance(reason, BaseException) else str(error)
