"""One watch per kind for all worlds of a run, in place of a poll per waiting thread.

Sees every status that is ever written, so that none escapes the check for kstatus. Survives
restarts of the API server.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any, Final

from lab import Cluster, RequestFailed
from lab.kstatus import assert_kstatus_legal
from lab.waiting import PATIENCE, Deadline
from lab.world import GROUP, PLURALS, World, is_ready

Json = dict[str, Any]
Place = tuple[str, str, str]
KINDS: Final = ("RamRole", "RamPolicy", "RamUser", "RamGroup", "RamAccount")
_PAUSE: Final = 0.2


class Board:
    """The latest of each object by (kind, namespace, name). Use it in a with statement."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._context = ssl.create_default_context(cafile=str(cluster.ca_file))
        self._changed = threading.Condition()
        self._objects: dict[Place, Json] = {}
        self._illegal: dict[str, list[str]] = {}
        self._closed = threading.Event()
        self._threads = [
            threading.Thread(target=self._follow, args=(kind,), daemon=True) for kind in KINDS
        ]

    def __enter__(self) -> Board:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        # The threads are daemons and end with their watch, at the latest when the server ends.
        self._closed.set()

    def get(self, world: World, kind: str, name: str) -> Json | None:
        with self._changed:
            return self._objects.get(_place(world, kind, name))

    def wait(
        self,
        world: World,
        kind: str,
        name: str,
        until: Callable[[Json | None], bool],
        seconds: float = PATIENCE,
    ) -> Json | None:
        """The object (None: it is gone) once `until` holds; AssertionError with the last one."""
        place = _place(world, kind, name)
        deadline = Deadline(seconds)
        with self._changed:
            while not deadline.over:
                if self._changed.wait_for(lambda: until(self._objects.get(place)), _PAUSE):
                    return self._objects.get(place)
            last = self._objects.get(place)
        status = (last or {}).get("status")
        raise AssertionError(f"{kind} {name} did not get there in {seconds} s; status: {status}")

    def ready(self, world: World, kind: str, name: str) -> Json:
        """Wait until Ready is True for the current generation."""
        found = self.wait(world, kind, name, lambda o: o is not None and is_ready(o))
        assert found is not None
        return found

    def look(self, world: World, kind: str, name: str) -> Json:
        """Ask for a look now and wait until it was made."""
        stamp = f"{time.time():.6f}"
        world.annotate(kind, name, reconcile_requested_at=stamp)
        field = "lastHandledReconcileAt"
        found = self.wait(
            world,
            kind,
            name,
            lambda o: o is not None and (o.get("status") or {}).get(field) == stamp,
        )
        assert found is not None
        return found

    def illegal(self, world: World) -> list[str]:
        """Each status of the world that kstatus would misread."""
        with self._changed:
            return list(self._illegal.get(world.namespace, ()))

    def _follow(self, kind: str) -> None:
        while not self._closed.is_set():
            try:
                self._watch(kind, self._list(kind))
            except urllib.error.HTTPError as refused:
                # An API server that stops or starts answers so; the answer holds its connection.
                refused.close()
                self._closed.wait(_PAUSE)
            except (OSError, http.client.HTTPException, RequestFailed, ValueError):
                self._closed.wait(_PAUSE)

    def _list(self, kind: str) -> str:
        listed = self._cluster.request("GET", f"{GROUP}/{PLURALS[kind]}")
        with self._changed:
            for place in [place for place in self._objects if place[0] == kind]:
                del self._objects[place]
            for item in listed["items"]:
                self._put(kind, item)
            self._changed.notify_all()
        return str(listed["metadata"]["resourceVersion"])

    def _watch(self, kind: str, version: str) -> None:
        where = f"{GROUP}/{PLURALS[kind]}?watch=1&resourceVersion={version}&timeoutSeconds=290"
        request = urllib.request.Request(  # noqa: S310 - the https URL of the API server
            self._cluster.url + where,
            headers={"Authorization": f"Bearer {self._cluster.admin_token}"},
        )
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._context)
        )
        with opener.open(request, timeout=300) as reply:
            for line in reply:
                event = json.loads(line)
                if event["type"] == "ERROR" or self._closed.is_set():
                    return
                with self._changed:
                    if event["type"] == "DELETED":
                        self._objects.pop(_of(kind, event["object"]), None)
                    else:
                        self._put(kind, event["object"])
                    self._changed.notify_all()

    def _put(self, kind: str, item: Json) -> None:
        self._objects[_of(kind, item)] = item
        try:
            assert_kstatus_legal(item)
        except AssertionError as error:
            meta = item["metadata"]
            text = f"{kind} {meta['name']}: {error}: {item.get('status')}"
            self._illegal.setdefault(meta.get("namespace", meta["name"]), []).append(text)


def _of(kind: str, item: Json) -> Place:
    meta = item["metadata"]
    return kind, meta.get("namespace", ""), meta["name"]


def _place(world: World, kind: str, name: str) -> Place:
    return kind, "" if kind == "RamAccount" else world.namespace, name
