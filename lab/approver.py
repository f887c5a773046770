"""Somebody with the verb approve who is no author: the world's own user writes the specs."""

from __future__ import annotations

import json
from typing import Final

from lab.world import PLURALS, World

APPROVER: Final = "pat@shop.example"


def approve_anyhow(world: World, kind: str, name: str, value: str) -> bool:
    """Write that approval, as a member of system:masters. False when admission refuses it."""
    result = world.cluster.kubectl(
        *("patch", PLURALS[kind], name, f"--namespace={world.namespace}", "--type=merge"),
        f"--patch={json.dumps({'metadata': {'annotations': {_KEY: value}}})}",
        f"--as={APPROVER}",
        "--as-group=system:masters",
        check=False,
    )
    assert result.returncode == 0 or "ValidatingAdmissionPolicy" in result.stderr, result.stderr
    return result.returncode == 0


_KEY: Final = "ram.alibabacloud.com/approve"
