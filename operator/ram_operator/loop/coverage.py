"""How often an object is looked at by itself: seldom, where the sweep shows all that it has.

While a class of the sweep is missing, objects of the kinds that need it are looked at as often as
without any sweep. Where somebody says how often, that holds in any case.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from .. import documents
from ..cloud import held
from ..kinds.group import GROUP
from ..kinds.policy import POLICY
from ..kinds.role import ROLE, TRUST
from ..kinds.table import KINDS
from ..kinds.user import USER
from ..model.objects import Key, Options
from ..model.outcome import Outcome
from ..model.vocabulary import Phase
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from ..runtime.sweep import AccountLists
from . import rotations
from .ports import Ports
from .provider_readings import PROVIDERS
from .rotations import SIGN_INS, TRUSTS
from .whole_lists import ATTACHMENTS, MEMBERSHIPS

SELDOM: Final = 86_400.0
"""Seconds between looks at what the sweep shows whole. System policies are believed for as long."""
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    ROLE.kind: (ROLE.kind, ATTACHMENTS, TRUSTS, PROVIDERS),
    USER.kind: (USER.kind, ATTACHMENTS, MEMBERSHIPS, SIGN_INS),
    GROUP.kind: (GROUP.kind, ATTACHMENTS, MEMBERSHIPS),
    POLICY.kind: (POLICY.kind,),
}
"""The classes of the sweep that together show all of an identity of the kind."""
OLD_DEFAULT: Final = 600.0
"""Seconds of `driftInterval` that the API server wrote into RamAccounts of earlier versions."""
_FEDERATED: Final = "Federated"
_PROVIDERS: Final = (documents.Kind.SAML, documents.Kind.OIDC)
_LATE: Final = 3
"""Sweeps after which a class that was not read counts as missing."""
LOOKS: Final = 2
"""Looks that may be late, of the object's own interval, before what they would have shown counts as
not watched.
"""


def interval(
    ports: Ports, session: Session, kind: str, options: Options, *, quiet: bool = True
) -> float:
    """Seconds between two looks at an object. `quiet`: nothing of it waits for anything."""
    account = session.account
    if options.interval is not None:
        return max(options.interval, account.minimum_interval)
    if account.interval_given or not quiet:
        return account.interval
    return SELDOM if kind in covered(ports, _lists(ports, session)) else account.interval


def remark(ports: Ports, session: Session) -> str:
    """What an account's interval costs, where nobody may have chosen it. "" elsewhere."""
    account = session.account
    old = account.interval_given and account.interval == OLD_DEFAULT
    if not old or not ports.settings.sweep_seconds:
        return ""
    return (
        "; driftInterval is 10m, once the default: each object is looked at by itself that often,"
        " and without it the sweep stands for most of these looks"
    )


def watched(ports: Ports, session: Session, kind: str, options: Options) -> float:
    """Seconds since a good look after which an object counts as not watched in between. While the
    sweep shows all that it has, somebody looks.
    """
    account = session.account
    own = LOOKS * (options.interval or account.interval)
    lists = _lists(ports, session)
    # Where an account is back that was not looked at, its objects may ask before `watch` does.
    since = lists.covered.get(kind) if kind in covered(ports, lists) else None
    if options.interval is not None or account.interval_given or since is None:
        return own
    return max(own, min(own + ports.clock.monotonic() - since, LOOKS * SELDOM))


def _lists(ports: Ports, session: Session) -> AccountLists:
    return ports.sweeps.lists(session.account.name, session.account.account_id)


def calm(ports: Ports, session: Session, key: Key, outcome: Outcome) -> bool:
    """Whether nothing of the object waits, and the sweep finds it by its record. Where there is
    none, as in an account that is observed, nobody would wake the object. Where there was none
    when the pass began, what the sweep saw meanwhile may have woken nobody.
    """
    found = outcome.recorded and bool(ports.cache.owned(key)) and quiet(outcome)
    return found and _shown(_lists(ports, session), key.kind, outcome)


def _shown(lists: AccountLists, kind: str, outcome: Outcome) -> bool:
    """Whether what the sweep has of the identity is what the looks find. One that its list leaves
    out is not watched by it, nor is one of which something could not be read, or of which they say
    different things: the same difference is a reason for a look twice, and what hides behind it
    afterwards is for nobody but the next look.
    """
    cloud_name = outcome.live.cloud_name if outcome.live is not None else ""
    if cloud_name.lower() not in (lists.rows(kind) or {}):
        return False
    name, turns = held.identity(KINDS[kind].noun, cloud_name), rotations.rotation(lists, kind)
    if lists.attachments.disputed(name) or lists.memberships.disputed(name):
        return False
    if lists.providers.disputed(name):
        return False
    return turns is None or not turns.disputed(name)


def quiet(outcome: Outcome) -> bool:
    """Whether the pass found all as it was agreed on, and wrote nothing: a write is looked at again
    soon. Of identity providers the sweep shows those of the account that the trust names.
    """
    plan, live = outcome.plan, outcome.live
    if outcome.phase is not Phase.DONE or outcome.steps_done or plan is None or live is None:
        return False
    if plan.drift or plan.held is not None or plan.waiting or not plan.in_sync:
        return False
    if live.unknown_parts():
        return False
    trust = live.value(TRUST.name)
    found = documents.trust_principals(trust) if isinstance(trust, documents.Trust) else ()
    return all(
        each.kind in _PROVIDERS
        and each.account_id == outcome.account_id
        and not documents.is_pattern(each.name)
        for each in found
        if each.kind in _PROVIDERS or each.spelled == _FEDERATED
    )


def covered(ports: Ports, lists: AccountLists) -> frozenset[str]:
    """Kinds all of whose classes were read lately."""
    settings = ports.settings
    if not settings.sweep_seconds:
        return frozenset()
    looked, now = lists.looked(), ports.clock.monotonic()
    late = _LATE * settings.sweep_seconds

    def fine(name: str) -> bool:
        if name not in looked or now - lists.failing.get(name, now) > late:
            return False
        cadence = settings.members_seconds if name == MEMBERSHIPS else 0.0
        return now - looked[name] <= cadence + late

    return frozenset(kind for kind, names in NEEDS.items() if all(map(fine, names)))


def watch(ports: Ports, session: Session, jitter: Callable[[], float] = random.random) -> None:
    """Called again and again. What is shown no more is looked at again within the interval that
    holds without a sweep, however long the next look was to be away.
    """
    account, lists, now = session.account, _lists(ports, session), ports.clock.monotonic()
    lists.failing = {name: lists.failing.get(name, now) for name in lists.broken()}
    shown, before = covered(ports, lists), lists.covered
    lists.covered = {kind: before.get(kind, now) for kind in shown}
    for kind in sorted(before.keys() - shown):
        for key in ports.cache.keys(kind):
            facts = ports.cache.facts(key)
            if facts is not None and facts.account == account.name:
                ports.queue.add(key, Lane.PERIODIC, max(0.05, jitter() * account.interval))
