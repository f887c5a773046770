"""RamAccount → the settings that decisions depend on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..constants import Mode
from ..model.objects import Account, IgnoreRule, Tenant
from .manifest import choice, duration


def account_settings(name: str, spec: Mapping[str, Any]) -> Account:
    """RamAccount → its settings. Absent sections mean the strictest. Raises InvalidSpec."""
    protected = spec.get("protected") or {}
    gate = spec.get("gate") or {}
    authors = spec.get("driftAuthors") or {}
    inventory = spec.get("inventory") or {}
    interval = duration(spec.get("driftInterval", "10m"))
    minimum = duration(spec.get("minimumDriftInterval", "1m"), "minimumDriftInterval")
    return Account(
        name=name,
        account_id=str(spec["accountId"]),
        mode=choice(spec, "mode", Mode.OBSERVE),
        suspend=bool(spec.get("suspend", False)),
        tenants={item["namespace"]: _tenant(item) for item in spec.get("tenants") or ()},
        protected_names=frozenset(n.lower() for n in protected.get("names") or ()),
        protected_prefixes=tuple(p.lower() for p in protected.get("prefixes") or ()),
        trusted_accounts=frozenset(gate.get("trustedAccounts") or ()),
        interval=interval,
        interval_given="driftInterval" in spec,
        # Whoever has the account looked at more often has its objects looked at as often.
        minimum_interval=min(minimum, interval),
        trusted_services=_listed(gate, "trustedServices"),
        trusted_providers=_listed(gate, "trustedProviders"),
        trusted_subjects=tuple(str(item) for item in gate.get("trustedSubjects") or ()),
        hold_indirect=gate.get("holdIndirect") is True,
        hold_deletions=gate.get("holdDeletions") is True,
        author_names=authors.get("names") is not False,
        author_addresses=authors.get("addresses") is True,
        four_eyes=gate.get("fourEyes") is not False,
        ignored=tuple(
            IgnoreRule(str(rule["kind"]), str(rule["name"]))
            for rule in inventory.get("ignore") or ()
        ),
    )


def _tenant(item: Mapping[str, Any]) -> Tenant:
    return Tenant(
        namespace=item["namespace"],
        kinds=frozenset(item.get("kinds") or ()),
        prefixes=tuple(prefix.lower() for prefix in item.get("namePrefixes") or ()),
        policies=tuple((p["type"], p["name"].lower()) for p in item.get("policies") or ()),
        adoption=item.get("adoption") is True,
    )


def _listed(gate: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """None where the list is not there; an empty one trusts nobody."""
    names = gate.get(name)
    return None if names is None else frozenset(str(item).lower() for item in names)
