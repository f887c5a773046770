"""Our finalizer, by JSON patch with a test on resourceVersion.

A merge patch from a stale copy would replace the whole list and delete other people's finalizers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..constants import FINALIZER
from ..model.objects import Key
from .api import ClusterApi


def add(api: ClusterApi, key: Key, fresh: Mapping[str, Any]) -> dict[str, Any]:
    """The object with it. Raises Conflicted when the object moved since `fresh` was read."""
    present = list(fresh["metadata"].get("finalizers") or ())
    if FINALIZER in present:
        return dict(fresh)
    return _write(api, key, fresh, [*present, FINALIZER])


def remove(api: ClusterApi, key: Key, fresh: Mapping[str, Any]) -> dict[str, Any]:
    """The object without it. Raises Conflicted when the object moved since `fresh` was read."""
    present = list(fresh["metadata"].get("finalizers") or ())
    if FINALIZER not in present:
        return dict(fresh)
    return _write(api, key, fresh, [name for name in present if name != FINALIZER])


def _write(api: ClusterApi, key: Key, fresh: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    version = fresh["metadata"]["resourceVersion"]
    return api.json_patch(
        key,
        [
            {"op": "test", "path": "/metadata/resourceVersion", "value": version},
            {"op": "add", "path": "/metadata/finalizers", "value": names},
        ],
        "finalizer",
    )
