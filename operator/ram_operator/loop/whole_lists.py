"""Lists that say of every identity of an account what it has, against what close looks found.

Part of the sweep. Where both differ, or the list moved, the object that has the identity looks.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from ..cloud import attachment_list, member_list
from ..cloud.held import Held
from ..constants import Reason
from ..errors import RamOperatorError, Retry
from ..kinds.group import GROUP
from ..kinds.identity import Identity
from ..kinds.table import KINDS
from ..model.objects import Key
from ..runtime.compared_list import ComparedList
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from ..runtime.sweep_rules import DOUBT
from .ports import Ports

log = logging.getLogger(__name__)

ATTACHMENTS: Final = "attachments"
MEMBERSHIPS: Final = "memberships"
CLASSES: Final = (ATTACHMENTS, MEMBERSHIPS)
"""Classes of what is looked at that are no lists of one kind."""
KINDS_OF: Final[Mapping[str, str]] = {row.noun: kind for kind, row in KINDS.items()}
Read = Callable[[], dict[str, Held]]


def attachments(
    ports: Ports, session: Session, lists: AccountLists
) -> Mapping[str, frozenset[str]] | None:
    """Who has which policies, as `attachment_list.Attached` says; None where nobody knows. Raises
    nothing of the cloud: what cannot be listed is told.
    """

    policies: dict[str, frozenset[str]] = {}

    def read() -> dict[str, Held]:
        found = attachment_list.read(session.client)
        policies.update({name: each.policies for name, each in found.items()})
        return {name: each.held for name, each in found.items()}

    believed = _compare(ports, session, (ATTACHMENTS, lists, lists.attachments), read)
    return policies if believed else None


def memberships(
    ports: Ports, session: Session, lists: AccountLists
) -> Mapping[str, list[str]] | None:
    """Who is in which group, as often as that is due: it is a call for each group. The groups of
    each user; None where it is not due, or nobody knows. Of groups that give no right to change
    rights it may be the reading before.
    """
    every, now = ports.settings.members_seconds, ports.clock.monotonic()
    last = lists.looked().get(MEMBERSHIPS)
    # The sweep that comes next would be late.
    if last is not None and now - last + ports.settings.sweep_seconds / 2.0 < every:
        return None

    joined: dict[str, list[str]] = {}
    known = lists.group_readings

    def read() -> dict[str, Held]:
        groups = lists.rows(GROUP.kind)
        if groups is None:
            raise Retry(Reason.DEPENDENCY_NOT_READY, "the groups of the account are not known")
        known.keep(groups)
        recent = known.recent(now - _harmless(ports))
        found = member_list.read(session.client, [row.name for row in groups.values()], recent)
        for group, names in found.read.items():
            known.took(group, names, now)
        joined.update(found.groups)
        return found.held

    believed = _compare(ports, session, (MEMBERSHIPS, lists, lists.memberships), read)
    return joined if believed else None


def _harmless(ports: Ports) -> float:
    """Seconds for which a reading of a group without rights serves: the turn that comes next would
    be late.
    """
    settings = ports.settings
    return settings.harmless_members_seconds - settings.members_seconds / 2.0


def _compare(
    ports: Ports, session: Session, which: tuple[str, AccountLists, ComparedList], read: Read
) -> bool:
    """Whether it was read, and is believed."""
    (name, lists, compared), account = which, session.account
    asked = ports.clock.monotonic()

    def owner(identity: str) -> Key | None:
        noun, _, folded = identity.partition("/")
        return owner_of(ports, Identity(account.account_id, KINDS_OF[noun], folded))

    compared.keep(lambda identity: owner(identity) is not None)
    try:
        listed = read()
    except RamOperatorError as error:
        text = "RamAccount %s: %s could not be listed: %s"
        log.warning(text, account.name, name, error.message)
        lists.failed(name, error.reason)
        return False
    moved = compared.took(listed, asked, ports.consistency.settle)
    if moved.doubted:
        text = "RamAccount %s: the list of %s misses too much at once, of %d identities more than"
        log.warning(text + " are looked at", account.name, name, moved.doubted)
        lists.failed(name, DOUBT)
    else:
        lists.believed(name, asked)
    if moved.names:
        # Who was looked at since an older reading is no reason for another look.
        lists.group_readings.doubt()
    for identity in sorted(moved.names):
        if (key := owner(identity)) is not None:
            ports.queue.add(key, Lane.PERIODIC)
    return not moved.doubted


def owner_of(ports: Ports, identity: Identity) -> Key | None:
    """The object that is there and has the identity, or waits to make it."""
    facts = ports.cache.facts(identity.key)
    owner = facts.owner if facts is not None else None
    return owner if owner is not None and ports.cache.facts(owner) is not None else None
