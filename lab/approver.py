"""Somebody with the verb approve who is no author: the world's own user writes the specs."""

from __future__ import annotations

from typing import Final

from lab import RequestFailed
from lab.world import World

APPROVER: Final = "pat@shop.example"


def approve_anyhow(world: World, kind: str, name: str, value: str) -> bool:
    """Write that approval, as a member of system:masters. False when admission refuses it."""
    body = {"metadata": {"annotations": {_KEY: value}}}
    try:
        world.cluster.patch_as(APPROVER, world.path(kind, name), body)
    except RequestFailed as refused:
        if "ValidatingAdmissionPolicy" not in str(refused):
            raise
        return False
    return True


_KEY: Final = "ram.alibabacloud.com/approve"
