"""`kubectl ram unmanaged`: all that is in the account and that no object has.

The cloud is read under the person's own credentials, the cluster under the person's own kubeconfig:
what either does not show is said, and makes the list incomplete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .. import documents
from ..constants import ACK_NAMES
from ..kinds.account import account_settings
from ..kinds.group import GROUP
from ..kinds.record import holder, identity_of, stored
from ..kinds.role import ROLE
from ..kinds.table import ACCOUNT, KINDS, PLURALS, PROVIDERS, RECORD
from ..model.objects import Account
from . import own_cloud, rendering
from .access import Access
from .commands import Run
from .outcomes import Exit, PluginError
from .unmanaged_list import Cloud, Cluster, Inventory, Reading, judged

_MANY: Final = 100
"""Roles above which a person is told that it takes a while."""


def unmanaged(run: Run) -> Exit:
    """The list, the worst first."""
    with own_cloud.opened(run.arguments.profile, run.arguments.endpoint) as account:
        cluster = _cluster(run.access, account.account_id)
        rows = {kind: account.rows(kind) for kind in (*KINDS, *PROVIDERS)}
        groups = account.groups([row.name for row in rows[GROUP.kind].values()])
        cloud = Cloud(account.account_id, rows, account.policies(), groups)
        trust = None if run.arguments.no_trusts else account.trust
        roles = len(rows[ROLE.kind])
        if trust is not None and roles > _MANY:
            run.console.say(f"reading whom up to {roles} roles trust; --no-trusts leaves it out")
        found = judged(cluster, cloud, Reading(account.says, trust))
    _write(run, found)
    return Exit.FAILED if found.unseen else Exit.DONE


def _write(run: Run, found: Inventory) -> None:
    form = run.arguments.output
    if form in ("json", "yaml"):
        run.console.output.write(rendering.machine(found.document(), form))
    elif found.items:
        run.console.output.write(found.table())
    elif not found.left_out:
        run.console.say(f"Account {found.account_id} has nothing that nobody manages.")
    for sentence in (found.left_out, *found.unseen):
        if sentence:
            run.console.say(sentence)


def _cluster(access: Access, account_id: str) -> Cluster:
    unseen: list[str] = []
    account = _account(access, account_id, unseen)
    managed = _by_records(access, account_id)
    if managed is None:
        managed = _by_objects(access, account_id, unseen)
    return Cluster(frozenset(managed), account, tuple(unseen))


def _account(access: Access, account_id: str, unseen: list[str]) -> Account:
    """Its settings: whom it trusts, and what it ignores."""
    try:
        found = access.every(ACCOUNT, "")
    except PluginError as error:
        unseen.append(f"what the RamAccount trusts and ignores is not known: {_first(error)}")
        found = []
    ours = [each for item in found if (each := _settings(item, account_id)) is not None]
    first, *others = sorted(ours, key=lambda each: each.name) or [_without_rules(account_id)]
    if unlike := [each.name for each in others if _rules(each) != _rules(first)]:
        unseen.append(
            f"the account has more than one RamAccount: what {first.name} trusts and ignores counts"
            f" here, and {', '.join(unlike)} says something else; give them the same rules"
        )
    return first


def _without_rules(account_id: str) -> Account:
    return account_settings("", {"accountId": account_id})


def _settings(item: Mapping[str, Any], account_id: str) -> Account | None:
    spec = item.get("spec")
    if not isinstance(spec, Mapping) or spec.get("accountId") != account_id:
        return None
    return account_settings(str((item.get("metadata") or {}).get("name")), spec)


def _rules(account: Account) -> Sequence[object]:
    """What of a RamAccount says how an identity is judged, and whether it is listed."""
    gate = (account.trusted_accounts, account.trusted_services, account.trusted_providers)
    return (*gate, account.trusted_subjects, account.ignored)


def _by_records(access: Access, account_id: str) -> set[tuple[str, str]] | None:
    """By the operator's own books, which say it of all namespaces; None where nobody shows them."""
    try:
        records = access.every(RECORD, "")
    except PluginError:
        return None
    found: set[tuple[str, str]] = set()
    for record in records:
        identity = identity_of(record)
        if identity.account_id == account_id and holder(record) is not None:
            found.add((identity.kind, identity.folded))
            found |= _providers(stored(record).baseline, account_id)
    return found


def _by_objects(access: Access, account_id: str, unseen: list[str]) -> set[tuple[str, str]]:
    """By the objects of all namespaces, or else of the one that is asked in."""
    found: set[tuple[str, str]] = set()
    for kind in KINDS:
        for namespace in ("", access.namespace):
            try:
                items = access.every(kind, namespace)
            except PluginError as error:
                where = f"in namespace {namespace}" if namespace else "in other namespaces"
                unseen.append(
                    f"which {PLURALS[kind]} there are {where} is not known, and their identities"
                    f" are listed as if nobody managed them: {_first(error)}"
                )
                continue
            ours = {name: item for item in items if (name := _name(item, account_id))}
            found |= {(kind, name) for name in ours}
            for item in ours.values():
                found |= _providers(_trust(item), account_id)
            break
    return found


def _trust(item: Mapping[str, Any]) -> documents.Trust | None:
    """What the manifest of a role asks for; nothing of what cannot be read."""
    try:
        return documents.parse_trust(item["spec"]["trustPolicy"], lenient=True)
    except (KeyError, TypeError, documents.DocumentError):
        return None


def _providers(trust: documents.Trust | None, account_id: str) -> set[tuple[str, str]]:
    """The identity providers of the account that a trust names, but those that ACK keeps."""
    names = documents.mentioned(trust) if trust is not None else frozenset()
    found = set[tuple[str, str]]()
    for kind, noun in PROVIDERS.items():
        begins = f"acs:ram::{account_id}:{noun}/"
        ours = {name.removeprefix(begins) for name in names if name.startswith(begins)}
        found |= {(kind, name) for name in ours if not name.startswith(ACK_NAMES)}
    return found


def _name(item: Mapping[str, Any], account_id: str) -> str:
    status = item.get("status")
    if not isinstance(status, Mapping) or status.get("accountId") != account_id:
        return ""
    return str(status.get("cloudName") or "").lower()


def _first(error: PluginError) -> str:
    return str(error).partition("\n")[0]
