"""The few facts of records and RamAccounts that the cache is asked for. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ..kinds.record import account_of, identity_of
from ..kinds.table import KINDS
from ..model.objects import Key
from ..model.records import RecordFacts


def lives(
    body: Mapping[str, Any], record: RecordFacts, owner: Key | None
) -> tuple[str, str] | None:
    """Of an identity that exists: its account's id, and its owner's namespace."""
    if owner is None or not owner.namespace or not record.cloud_id or record.deleted:
        return None
    return sys.intern(account_of(body)), owner.namespace


def idle(body: Mapping[str, Any], record: RecordFacts) -> tuple[str, str, str] | None:
    """Of a record that is idle: its account's id, since when, and whose namespace left it."""
    if not record.idle or identity_of(body).kind not in KINDS:
        return None
    account, since = sys.intern(account_of(body)), max(record.latest, record.never_made)
    return account, since, sys.intern(record.left_by)


def tenants(spec: Mapping[str, Any]) -> frozenset[str]:
    """The namespaces that may use the RamAccount."""
    return frozenset(str(item["namespace"]) for item in spec.get("tenants") or ())
