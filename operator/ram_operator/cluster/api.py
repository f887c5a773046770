"""Requests to the API server: read one, list in pages, create, patch. Knows no reconciling.

Built on the generic request of the official client, so that any path can be asked with any content
type and raw bytes come back. Raises errors.* only; nothing is cached here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

import urllib3.exceptions
from kubernetes.client.api_client import ApiClient
from kubernetes.client.exceptions import ApiException

from ..constants import FIELD_MANAGER, GROUP, VERSION, Reason
from ..errors import Retry, Stalled
from ..kinds.table import PLURALS
from ..model.objects import Key, nothing

PAGE: Final = 500
FIRST_PAGE: Final = 20
PAGE_BYTES: Final = 2_000_000
"""What a page of a list is to take; an object has 1.5 MB at most, by etcd."""
MERGE_PATCH: Final = "application/merge-patch+json"
JSON_PATCH: Final = "application/json-patch+json"
JSON: Final = "application/json"
METADATA: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
_UNFIT: Final = "the server rejected our request due to an error in our request"
"""All that the API server says of a JSON patch that does not fit the object."""
TIMEOUT: Final = 15.0
DEFINITIONS: Final = "customresourcedefinitions"
_ESTABLISHED: Final = ("Established", "True")


class Conflicted(Retry):
    """The object moved since it was read (HTTP 409), or it exists already."""


class Gone(Retry):
    """The object does not exist (HTTP 404)."""


class Unfit(Retry):
    """The server refuses what was sent, whenever it is sent again (HTTP 413, 422)."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What the API server says of a write that it judges and does not store."""

    status: int
    """Of HTTP."""
    message: str = ""
    """Why it was refused, at most 512 letters of it."""
    body: Mapping[str, Any] = field(default_factory=nothing)
    """The object as it would be."""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status <= 299


@dataclass(frozen=True, slots=True)
class _Request:
    """One request, as the official client wants to hear it."""

    method: str
    where: str
    query: tuple[tuple[str, str], ...] = ()
    body: Any = None
    content_type: str = JSON
    timeout: float = TIMEOUT
    agent: str = ""
    """In place of the client's own name."""
    accept: str = JSON


def path(key: Key, subresource: str = "") -> str:
    """URL path of one of our objects; an empty name gives the collection."""
    parts = ["/apis", GROUP, VERSION]
    if key.namespace:
        parts += ["namespaces", quote(key.namespace, safe="")]
    parts.append(PLURALS[key.kind])
    if key.name:
        parts.append(quote(key.name, safe=""))
    if subresource:
        parts.append(subresource)
    return "/".join(parts)


class ClusterApi:
    """One API server. Thread-safe; counts its writes through `watch`, asks `guard` before each."""

    def __init__(
        self,
        client: ApiClient,
        watch: Callable[[str, str], None],
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        """`guard` raises when this process may not write."""
        self._client = client
        self._watch = watch
        self._guard = guard

    def get(self, key: Key) -> dict[str, Any] | None:
        """The object as it is now in the API server, or None."""
        try:
            return self._request("GET", path(key))
        except Gone:
            return None

    def pages(self, kind: str) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """All objects of a kind in all namespaces from one snapshot: (its version, a page) each.

        A page has as many as come to about PAGE_BYTES by the ones before it, so that large ones
        are never in memory all at once. Raises Retry where the list does not end.
        """
        token, size, seen = "", FIRST_PAGE, set[str]()
        while True:
            query = (("limit", str(size)), *([("continue", token)] if token else []))
            status, data = self._exchange(_Request("GET", path(Key(kind, "", "")), query))
            if not 200 <= status <= 299:
                raise _failure(status, data, "GET")
            page = _object(data)
            meta, items = page.get("metadata") or {}, page.get("items") or []
            size = _next_size(size, len(items), len(data))
            del data
            yield int(meta.get("resourceVersion") or 0), items
            token = meta.get("continue") or ""
            if not token:
                return
            if token in seen:
                raise Retry(Reason.RETRYING, "the API server sent a page of a list twice")
            seen.add(token)

    def create(self, key: Key, body: Mapping[str, Any]) -> dict[str, Any]:
        """Raises Conflicted if it exists."""
        return self._write("POST", path(Key(key.kind, key.namespace, "")), body, JSON, "create")

    def merge(self, key: Key, body: Mapping[str, Any], subresource: str = "") -> dict[str, Any]:
        """JSON merge patch. Raises Gone, or Conflicted where `body` names a resourceVersion."""
        what = subresource or "object"
        return self._write("PATCH", path(key, subresource), body, MERGE_PATCH, what)

    def delete(self, key: Key, uid: str, version: str) -> None:
        """Exactly this version of the object. Raises Gone, or Conflicted where it has moved."""
        self._guard()
        body = {"preconditions": {"uid": uid, "resourceVersion": version}}
        self._request("DELETE", path(key), body=body)
        self._watch("deletion", key.kind)

    def delete_at(self, where: str, body: Mapping[str, Any], what: str) -> None:
        """What is no object of ours, by its path. Raises Gone, or Conflicted by its conditions."""
        self._guard()
        self._request("DELETE", where, body=body)
        self._watch("deletion", what)

    def write(
        self, method: str, where: str, body: Any, content_type: str, what: str
    ) -> dict[str, Any]:
        """The same: created or patched. Raises Conflicted, Gone or Unfit."""
        return self._write(method, where, body, content_type, what)

    def json_patch(self, key: Key, body: list[dict[str, Any]], what: str) -> dict[str, Any]:
        """JSON patch; a failed `test` raises Conflicted."""
        return self._write("PATCH", path(key), body, JSON_PATCH, what)

    def rehearse(self, key: Key, body: Mapping[str, Any], agent: str) -> Rehearsal:
        """A JSON merge patch of which nothing is stored: neither counted nor guarded.

        `agent` is the user agent in the audit log. Raises Conflicted where `body` names another
        resourceVersion than there is, and Retry when nothing was answered.
        """
        query = (("dryRun", "All"), ("fieldManager", FIELD_MANAGER))
        request = _Request("PATCH", path(key), query, body, MERGE_PATCH, agent=agent)
        status, data = self._exchange(request)
        if 200 <= status <= 299:
            return Rehearsal(status, body=_object(data))
        message = _message(data)
        # Others may refuse with 409 as well, but cannot say this.
        if status == 409 and message.startswith("Operation cannot be fulfilled on"):
            raise Conflicted(Reason.RETRYING, message)
        return Rehearsal(status, message)

    def create_event(self, namespace: str, body: Mapping[str, Any]) -> None:
        self._write("POST", f"/api/v1/namespaces/{quote(namespace)}/events", body, JSON, "event")

    def secret_data(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """A Secret's base64 data, or None when it does not exist."""
        where = f"/api/v1/namespaces/{quote(namespace)}/secrets/{quote(name, safe='')}"
        try:
            return self._request("GET", where).get("data") or {}
        except Gone:
            return None

    def metadata_at(self, where: str) -> dict[str, Any] | None:
        """Of what is no object of ours its metadata alone, None where it is not there: what a
        Secret holds is not sent.
        """
        status, data = self._exchange(_Request("GET", where, accept=METADATA))
        if status == 404:
            return None
        if not 200 <= status <= 299:
            raise _failure(status, data, "GET")
        found: dict[str, Any] = _object(data)["metadata"]
        return found

    def defined(self, kind: str) -> bool:
        """Whether the kind's definition is there and not about to go."""
        found = self._definition(kind)
        return found is not None and not found["metadata"].get("deletionTimestamp")

    def serves(self, kind: str) -> bool:
        """Whether its objects can be had: of a kind that is not served in this version, or not yet,
        each object is as if it were not there.
        """
        found = self._definition(kind)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return False
        conditions = (found.get("status") or {}).get("conditions") or ()
        established = any((c.get("type"), c.get("status")) == _ESTABLISHED for c in conditions)
        versions = (found.get("spec") or {}).get("versions") or ()
        served = any(each.get("name") == VERSION and each.get("served") for each in versions)
        return established and served

    def _definition(self, kind: str) -> dict[str, Any] | None:
        name = f"{PLURALS[kind]}.{GROUP}"
        try:
            return self._request("GET", f"/apis/apiextensions.k8s.io/v1/{DEFINITIONS}/{name}")
        except Gone:
            return None

    def raw(
        self, method: str, where: str, *, timeout: float, body: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Any request, neither counted nor guarded: the Lease on which the guard itself rests."""
        return self._request(method, where, body=body, timeout=timeout)

    def _write(
        self, method: str, where: str, body: Any, content_type: str, what: str
    ) -> dict[str, Any]:
        self._guard()
        query = [("fieldManager", FIELD_MANAGER)]
        result = self._request(method, where, query=query, body=body, content_type=content_type)
        self._watch(what, result.get("kind", ""))
        return result

    def _request(
        self,
        method: str,
        where: str,
        *,
        query: list[tuple[str, str]] | None = None,
        body: Any = None,
        content_type: str = JSON,
        timeout: float = TIMEOUT,
    ) -> dict[str, Any]:
        request = _Request(method, where, tuple(query or ()), body, content_type, timeout)
        status, data = self._exchange(request)
        if not 200 <= status <= 299:
            raise _failure(status, data, method)
        return _object(data)

    def _exchange(self, request: _Request) -> tuple[int, bytes | str]:
        """Status and content of the answer, whatever it is. Raises Retry when there is none."""
        headers = {"Accept": request.accept, "Content-Type": request.content_type}
        method, url, sent, body, form, *_ = self._client.param_serialize(
            request.method,
            request.where,
            query_params=list(request.query),
            header_params=headers,
            body=request.body,
            auth_settings=["BearerToken"],
        )
        if request.agent:
            # The client's own name overrides what it is given.
            sent["User-Agent"] = request.agent
        try:
            reply = self._client.call_api(
                method, url, sent, body, form, _request_timeout=request.timeout
            )
            data: bytes = reply.read()  # type: ignore[no-untyped-call]
        except (urllib3.exceptions.HTTPError, OSError) as error:
            text = f"the API server did not answer ({type(error).__name__})"
            raise Retry(Reason.RETRYING, text) from None
        except ApiException as error:
            return int(error.status or 0), error.body or b""
        return reply.status, data


def _next_size(asked: int, came: int, length: int) -> int:
    """How many objects the next page may have, where `came` of them took `length` bytes."""
    fits = PAGE_BYTES * came // max(length, 1)
    return max(1, min(fits, 4 * asked, PAGE))


def _object(data: bytes | str) -> dict[str, Any]:
    """What was answered. On a proxy's page any other error would end the thread that lists."""
    try:
        result = json.loads(data)
    except ValueError:
        result = None
    if not isinstance(result, dict):
        raise Retry(Reason.RETRYING, "the API server's answer is no object in JSON")
    return result


def _message(data: Any) -> str:
    """What a refusal says, at most 512 letters of it."""
    try:
        return str(json.loads(data or "{}").get("message", ""))[:512]
    except (ValueError, AttributeError, TypeError):
        return ""


def _failure(status: int, data: Any, method: str) -> Exception:
    message = _message(data)
    text = f"the API server answered {status}: {message}"
    if status == 404:
        return Gone(Reason.NOT_FOUND, text)
    if status == 409:
        return Conflicted(Reason.RETRYING, text)
    if status == 422 and method == "PATCH" and _UNFIT in message:
        # A test of a JSON patch that failed: what else could be wrong in ours, tests would show.
        return Conflicted(Reason.RETRYING, text)
    if status in (413, 422):
        return Unfit(Reason.RETRYING, text)
    if status in (401, 403):
        return Stalled(Reason.ACCESS_DENIED, text + "; check the operator's ClusterRole")
    return Retry(Reason.RETRYING, text)
