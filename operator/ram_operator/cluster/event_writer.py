"""Kubernetes events, one per transition."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from ..constants import API_VERSION, COMPONENT, GROUP
from ..model.objects import Key
from ..model.sentences import clip
from ..reporting.events import Event
from .api import ClusterApi

MESSAGE_LIMIT = 1000
OF_CLUSTER_OBJECTS = "default"
"""The one namespace in which the API server takes an event about an object without namespace."""


def post(
    api: ClusterApi, key: Key, body: Mapping[str, Any], event: Event, by: tuple[str, str]
) -> None:
    """Post one event. `by` = (the operator's instance name, time now)."""
    instance, now = by
    meta = body["metadata"]
    target = key.namespace or OF_CLUSTER_OBJECTS
    api.create_event(
        target,
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": _name(key), "namespace": target},
            "involvedObject": {
                "apiVersion": API_VERSION,
                "kind": key.kind,
                "namespace": key.namespace,
                "name": key.name,
                "uid": meta["uid"],
                "resourceVersion": meta.get("resourceVersion", ""),
            },
            "type": "Warning" if event.warning else "Normal",
            "reason": event.reason.value,
            "action": event.reason.value,
            "message": clip(event.message, MESSAGE_LIMIT),
            "reportingComponent": f"{GROUP}/{COMPONENT}",
            "reportingInstance": instance,
            "source": {"component": COMPONENT},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        },
    )


def _name(key: Key) -> str:
    """One of its own. The API server takes none with a part that ends in a hyphen or in nothing, as
    a long one may that is cut: its object's events would come to nobody.
    """
    return f"{key.name[:200].rstrip('-.')}.{uuid.uuid4().hex[:12]}"
