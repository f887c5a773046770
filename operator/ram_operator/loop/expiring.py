"""What of an object ends or is due, for its status: by its record, or by the account's session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import InvalidSpec
from ..kinds import manifest
from ..kinds.record import Identity, facts_of
from ..kinds.table import ACCOUNT
from ..model.objects import Key
from ..reporting import expiries
from .ports import Ports


def shown(ports: Ports, key: Key, body: Mapping[str, Any]) -> dict[str, str]:
    """Fields of the status. What is not recorded yet is told with the next look."""
    if key.kind == ACCOUNT:
        session = ports.accounts.find(key.name)
        return expiries.of_credentials(session.expires if session is not None else None)
    status = body.get("status") or {}
    named = (str(status.get("accountId") or ""), key.kind, str(status.get("cloudName") or ""))
    identity = Identity(*named)
    record = ports.cache.get(identity.key) if all(named) else None
    try:
        rotate = manifest.rotation(body.get("spec") or {})
    except InvalidSpec:
        rotate = None
    return expiries.of_record(facts_of(record, identity), rotate, ports.clock.wall())
