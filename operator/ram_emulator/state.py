"""The emulated world: accounts with their entities, keys, sessions and settings.

Handlers read and write it through `Account`, which keeps the two directions of each attachment and
membership in step. Knows no HTTP. Every map is versioned, so that reads can lag behind writes.
"""

from __future__ import annotations

import re
import secrets
import string
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .behaviours import Setting, preset
from .clock import Clock
from .entities import (
    AccessKey,
    Attachment,
    Group,
    Holder,
    LoginProfile,
    Membership,
    MfaDevice,
    Policy,
    Provider,
    Report,
    Role,
    ServiceCredential,
    Session,
    User,
    fold,
    policy_key,
)
from .quotas import QUOTAS
from .system_policies import system_policies
from .trail import Trail
from .versioned import Versioned

ROOT = ""
"""The name under which the account itself has keys."""

# So many uses of a key are remembered, and none closer to the one before it.
_USES, _USE_SECONDS = 96, 300.0
_ACCOUNT_ID = re.compile(r"[0-9]{16}")
_ALPHANUMERIC = string.ascii_letters + string.digits


def random_text(length: int, alphabet: str = _ALPHANUMERIC) -> str:
    """Random letters and digits for ids, keys and tokens."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def random_id() -> str:
    """An 18-digit id as RAM gives to users and roles."""
    return "3" + random_text(17, string.digits)


@dataclass(slots=True)
class Account:
    """One Alibaba Cloud account.

    site: `international` keeps no email addresses and phone numbers of users. settings: the alias,
    the password policy and the security preference, each a map of wire names. keys and profiles:
    by the folded name of the user. members: of a group; memberships: of a user. providers: by
    `provider_key`. wrote: when each caller, by ARN, last wrote. refusals: by their
    encoded message. resource_groups: names by id.
    report_asked: when the credential report that is being made was asked for, 0 for none.
    """

    account_id: str
    site: str = "china"
    behaviours: dict[str, Setting] = field(default_factory=lambda: preset("hostile"))
    quotas: dict[str, int] = field(default_factory=lambda: dict(QUOTAS))
    roles: Versioned[Role] = field(default_factory=Versioned)
    policies: Versioned[Policy] = field(default_factory=Versioned)
    users: Versioned[User] = field(default_factory=lambda: Versioned(lambda user: user.user_id))
    groups: Versioned[Group] = field(default_factory=Versioned)
    providers: Versioned[Provider] = field(default_factory=Versioned)
    keys: Versioned[tuple[AccessKey, ...]] = field(default_factory=Versioned)
    profiles: Versioned[LoginProfile] = field(default_factory=Versioned)
    devices: Versioned[MfaDevice] = field(default_factory=Versioned)
    settings: Versioned[Mapping[str, Setting]] = field(default_factory=Versioned)
    members: Versioned[tuple[Membership, ...]] = field(default_factory=Versioned)
    memberships: Versioned[tuple[Membership, ...]] = field(default_factory=Versioned)
    deleted_users: dict[str, float] = field(default_factory=dict)
    wrote: dict[str, float] = field(default_factory=dict)
    refusals: dict[str, dict[str, Any]] = field(default_factory=dict)
    attached: Versioned[tuple[Attachment, ...]] = field(default_factory=Versioned)
    holders: Versioned[tuple[Holder, ...]] = field(default_factory=Versioned)
    service_credentials: Versioned[ServiceCredential] = field(default_factory=Versioned)
    resource_groups: dict[str, str] = field(default_factory=dict)
    report: Report | None = None
    report_asked: float = 0.0

    def is_on(self, behaviour: str) -> bool:
        """A switch that is a truth value."""
        return self.behaviours[behaviour] is True

    def seconds(self, behaviour: str) -> float:
        """A switch that is a duration."""
        return float(self.behaviours[behaviour])

    def text(self, behaviour: str) -> str:
        """A switch that is a word or a code."""
        return str(self.behaviours[behaviour])

    @property
    def alias(self) -> str:
        """The account's alias, empty if it has none."""
        return str((self.settings.get("alias") or {}).get("AccountAlias", ""))

    @property
    def default_domain(self) -> str:
        """The domain of user principal names."""
        return f"{self.alias or self.account_id}.onaliyun.com"

    def policy(self, policy_type: str, name: str, as_of: float) -> Policy | None:
        """A system or custom policy as of a time."""
        if policy_type == "System":
            return system_policies().get(fold(name))
        return self.policies.seen(fold(name), as_of)

    def policy_by_key(self, key: str, as_of: float) -> Policy | None:
        """A policy by its `Type/name` key."""
        policy_type, _, name = key.partition("/")
        return self.policy(policy_type, name, as_of)

    def attach(self, principal: str, policy: Policy, at: float, scope: str = "") -> None:
        """Attach, in both directions; scope: a resource group, empty for the whole account."""
        key = policy_key(policy.type, policy.name)
        mine = self.attached.get(principal) or ()
        self.attached.put(principal, (*mine, Attachment(key, at, scope)), at)
        theirs = self.holders.get(key) or ()
        self.holders.put(key, (*theirs, Holder(principal, at, scope)), at)

    def detach(self, principal: str, key: str, at: float, scope: str = "") -> bool:
        """Detach, in both directions; False if it was not attached in that scope."""
        mine = self.attached.get(principal) or ()
        rest = tuple(a for a in mine if (a.policy_key, a.scope) != (key, scope))
        if len(rest) == len(mine):
            return False
        self.attached.put(principal, rest, at)
        theirs = self.holders.get(key) or ()
        kept = tuple(h for h in theirs if (h.principal_key, h.scope) != (principal, scope))
        self.holders.put(key, kept, at)
        return True

    def attachments(self, principal: str, as_of: float) -> tuple[Attachment, ...]:
        """What a principal holds in the whole account, in the order of attaching."""
        return tuple(a for a in self.attached.seen(principal, as_of) or () if not a.scope)

    def policy_holders(self, key: str, as_of: float) -> tuple[Holder, ...]:
        """Who holds a policy in the whole account, in the order of attaching."""
        return tuple(h for h in self.holders.seen(key, as_of) or () if not h.scope)

    def join(self, group: str, user: str, at: float) -> None:
        """Make a user a member of a group, in both directions; the names are folded."""
        members = self.members.get(group) or ()
        self.members.put(group, (*members, Membership(user, at)), at)
        groups = self.memberships.get(user) or ()
        self.memberships.put(user, (*groups, Membership(group, at)), at)

    def leave(self, group: str, user: str, at: float) -> bool:
        """End a membership, in both directions; False if there is none."""
        members = self.members.get(group) or ()
        rest = tuple(m for m in members if m.key != user)
        if len(rest) == len(members):
            return False
        self.members.put(group, rest, at)
        groups = self.memberships.get(user) or ()
        self.memberships.put(user, tuple(m for m in groups if m.key != group), at)
        return True

    def device_of(self, user: str, as_of: float) -> MfaDevice | None:
        """The MFA device that is bound to a user, by folded name."""
        bound = (d for _, d in self.devices.items_seen(as_of) if d.user == user)
        return next(bound, None)


@dataclass(frozen=True, slots=True)
class KeyOwner:
    """Whose key it is; `user` is the folded name or ROOT."""

    account_id: str
    user: str


class Universe:
    """Everything on one server. `used`: when each key last signed a call."""

    def __init__(self, *, strict: bool = True) -> None:
        self.clock = Clock()
        self.strict = strict
        self.accounts: dict[str, Account] = {}
        self.owners: dict[str, KeyOwner] = {}
        self.used: dict[str, float] = {}
        self._uses: dict[str, deque[float]] = {}
        self.sessions: dict[str, Session] = {}
        self.trail = Trail()
        self.generation = 0

    def touch(self) -> None:
        """Note that something was written, for whoever saves the state."""
        self.generation += 1

    def add_account(self, account_id: str | None = None) -> Account:
        """A new account; ValueError if the id is taken or is not 16 digits."""
        identifier = account_id or "1" + random_text(15, string.digits)
        if not _ACCOUNT_ID.fullmatch(identifier):
            raise ValueError("an account id has 16 digits")
        if identifier in self.accounts:
            raise ValueError(f"account {identifier} exists already")
        account = Account(identifier)
        account.settings.load("alias", {"AccountAlias": f"emulated-{identifier}"})
        self.accounts[identifier] = account
        self.touch()
        return account

    def find_key(self, key_id: str) -> AccessKey | None:
        """A long-lived key as it is now."""
        owner = self.owners.get(key_id)
        if owner is None:
            return None
        keys = self.accounts[owner.account_id].keys.get(owner.user) or ()
        return next((key for key in keys if key.key_id == key_id), None)

    def new_key(self) -> AccessKey:
        """A key with a new id and secret, which nobody owns yet."""
        secret = random_text(30)
        return AccessKey(f"LTAI5t{random_text(18)}", secret, self.clock.now())

    def own_key(self, key: AccessKey, owner: KeyOwner, at: float | None = None) -> None:
        """Give a key to an owner; without `at` it counts as having been there always."""
        keys = self.accounts[owner.account_id].keys
        held = (*(keys.get(owner.user) or ()), key)
        if at is None:
            keys.load(owner.user, held)
        else:
            keys.put(owner.user, held, at)
        self.owners[key.key_id] = owner

    def replace_key(self, key_id: str, changed: AccessKey | None, at: float) -> None:
        """Change a key that exists, or delete it."""
        owner = self.owners[key_id]
        keys = self.accounts[owner.account_id].keys
        rows = [changed if key.key_id == key_id else key for key in keys.get(owner.user) or ()]
        keys.put(owner.user, tuple(row for row in rows if row is not None), at)
        if changed is None:
            del self.owners[key_id]
            self.used.pop(key_id, None)
            self._uses.pop(key_id, None)

    def note_use(self, key_id: str) -> None:
        """Remember that a key has signed a call just now."""
        now = self.clock.now()
        self.used[key_id] = now
        uses = self._uses.setdefault(key_id, deque(maxlen=_USES))
        if not uses or now - uses[-1] >= _USE_SECONDS:
            uses.append(now)

    def last_use(self, key_id: str, at: float) -> float | None:
        """When a key had signed its last call before a time, as far back as is known."""
        latest = self.used.get(key_id)
        if latest is not None and latest <= at:
            return latest
        return max((use for use in self._uses.get(key_id, ()) if use <= at), default=None)

    def add_session(self, session: Session) -> None:
        """Keep temporary credentials; those that ended an hour ago are dropped."""
        horizon = self.clock.now() - 3600
        if len(self.sessions) % 1000 == 999:
            for key_id in [k for k, s in self.sessions.items() if s.expires < horizon]:
                del self.sessions[key_id]
        self.sessions[session.key_id] = session
        self.touch()
