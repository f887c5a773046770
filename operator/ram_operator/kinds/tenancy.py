"""What a namespace may claim, and what nobody may. Pure; judged before anything is written.

Nothing is allowed that is not listed, and names are compared folded, as RAM compares them.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..constants import SERVICE_LINKED_NAMES, Reason
from ..errors import Stalled
from ..model.objects import Account, Entry, Key, Tenant
from ..model.state import Desired, Live
from .schema import Field, Kind
from .table import KINDS

ANY = "*"


def check(account: Account, row: Kind, key: Key, desired: Desired) -> Tenant:
    """Raise Stalled(NotPermitted | Protected) unless the object may manage that identity."""
    tenant = _tenant(account, row, key, desired.cloud_name)
    check_protected(account, row, desired.cloud_name)
    for field in row.fields:
        entries = desired.fields.get(field.name)
        if field.entries_widen and isinstance(entries, Mapping):
            for name, entry in entries.items():
                _check_own_member(account, field, entry)
                if name in desired.referenced:
                    continue
                if field.prefixed:
                    _check_name(account, tenant, row, entry.display)
                else:
                    _check_policy(account, tenant, entry)
    return tenant


def _tenant(account: Account, row: Kind, key: Key, cloud_name: str) -> Tenant:
    tenant = account.tenants.get(key.namespace)
    where = f"RamAccount {account.name}, spec.tenants"
    if tenant is None:
        raise Stalled(
            Reason.NOT_PERMITTED,
            f"namespace {key.namespace} may not use account {account.account_id};"
            f" add it to {where}",
        )
    if row.kind not in tenant.kinds:
        raise Stalled(
            Reason.NOT_PERMITTED,
            f"namespace {key.namespace} may not manage {row.kind}; add the kind to {where}",
        )
    _check_name(account, tenant, row, cloud_name)
    return tenant


def _check_name(account: Account, tenant: Tenant, row: Kind, name: str) -> None:
    folded = name.lower()
    if not any(prefix == ANY or folded.startswith(prefix) for prefix in tenant.prefixes):
        raise Stalled(
            Reason.NOT_PERMITTED,
            f"{row.noun}: the name {name} has none of the prefixes of namespace {tenant.namespace}"
            f" ({', '.join(tenant.prefixes) or 'none'}); rename it or extend RamAccount"
            f" {account.name}, spec.tenants",
        )


def _check_policy(account: Account, tenant: Tenant, entry: Entry) -> None:
    policy_type, _, name = entry.display.partition("/")
    folded = name.lower()
    for allowed_type, pattern in tenant.policies:
        if allowed_type != policy_type:
            continue
        if pattern == folded or (pattern.endswith(ANY) and folded.startswith(pattern[:-1])):
            return
    raise Stalled(
        Reason.NOT_PERMITTED,
        f"namespace {tenant.namespace} may not attach policy {entry.display};"
        f" add it to RamAccount {account.name}, spec.tenants[].policies",
    )


def check_protected(account: Account, row: Kind, cloud_name: str) -> None:
    """Raise Stalled(Protected) for names that no object may claim."""
    folded = cloud_name.lower()
    why = ""
    if folded.startswith(SERVICE_LINKED_NAMES):
        why = "it is a service-linked role, which its service alone manages"
    elif folded in account.protected_names:
        why = f"it is on the list of protected names of RamAccount {account.name}"
    elif any(folded.startswith(prefix) for prefix in account.protected_prefixes):
        why = f"it has a protected prefix of RamAccount {account.name}"
    elif runs_as(account, row, cloud_name):
        why = "the operator itself runs as it"
    if why:
        raise Stalled(Reason.PROTECTED, f"{row.noun} {cloud_name} is protected: {why}")


def runs_as(account: Account, row: Kind, cloud_name: str) -> bool:
    """Whether the operator itself runs as that identity."""
    return principal(account.own_principal) == (row.noun, cloud_name.lower())


def check_live(row: Kind, live: Live) -> None:
    """Raise Stalled(Protected) for a service-linked identity under any name."""
    if live.service_linked:
        raise Stalled(
            Reason.PROTECTED,
            f"{row.noun} {live.cloud_name} is protected: it is a service-linked role,"
            " which its service alone manages",
        )


def _check_own_member(account: Account, field: Field, entry: Entry) -> None:
    """A policy of a group may deny: who is made a member of it may lose rights by that."""
    if is_itself(account, field, entry):
        raise Stalled(
            Reason.PROTECTED,
            f"{field.name}: {KINDS[field.shown_on].noun} {entry.display} is protected: the"
            " operator itself runs as it; remove it here",
        )


def is_itself(account: Account, field: Field, entry: Entry) -> bool:
    """Whether a member is whom the operator itself runs as."""
    noun = KINDS[field.shown_on].noun if field.shown_on else ""
    return bool(noun) and principal(account.own_principal) == (noun, entry.display.lower())


def principal(arn: str) -> tuple[str, str]:
    """(noun, folded name) of who calls, as GetCallerIdentity names it.

    Sessions appear as role/<name>/<session> or assumed-role/<name>/<session>. ("root", "") is the
    account itself, and ("", "") says that it cannot be told.
    """
    path = arn.lower().rpartition(":")[2].split("/")
    if path == ["root"]:
        return "root", ""
    if len(path) < 2 or not all(path[:2]):
        return "", ""
    return path[0].removeprefix("assumed-"), path[1]
