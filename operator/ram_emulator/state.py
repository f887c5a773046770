"""The emulated world: accounts with their entities, keys, sessions and settings.

Handlers read and write it through `Account`, which keeps the two directions of each attachment in
step. Knows no HTTP. Every map is versioned, so that reads can lag behind writes.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass, field

from ram_emulator.behaviours import QUOTAS, Setting, preset
from ram_emulator.clock import Clock
from ram_emulator.entities import (
    AccessKey,
    Attachment,
    Group,
    Holder,
    Policy,
    Role,
    Session,
    User,
    fold,
    policy_key,
)
from ram_emulator.system_policies import system_policies
from ram_emulator.versioned import Versioned

_ALPHANUMERIC = string.ascii_letters + string.digits


def random_text(length: int, alphabet: str = _ALPHANUMERIC) -> str:
    """Random letters and digits for ids, keys and tokens."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def random_id() -> str:
    """An 18-digit id as RAM gives to users and roles."""
    return "3" + random_text(17, string.digits)


@dataclass(slots=True)
class Account:
    """One Alibaba Cloud account."""

    account_id: str
    alias: str
    behaviours: dict[str, Setting] = field(default_factory=lambda: preset("hostile"))
    quotas: dict[str, int] = field(default_factory=lambda: dict(QUOTAS))
    roles: Versioned[Role] = field(default_factory=Versioned)
    policies: Versioned[Policy] = field(default_factory=Versioned)
    users: Versioned[User] = field(default_factory=Versioned)
    groups: Versioned[Group] = field(default_factory=Versioned)
    providers: Versioned[str] = field(default_factory=Versioned)
    attached: Versioned[tuple[Attachment, ...]] = field(default_factory=Versioned)
    holders: Versioned[tuple[Holder, ...]] = field(default_factory=Versioned)

    def is_on(self, behaviour: str) -> bool:
        """A switch that is a truth value."""
        return self.behaviours[behaviour] is True

    def seconds(self, behaviour: str) -> float:
        """A switch that is a duration."""
        return float(self.behaviours[behaviour])

    def text(self, behaviour: str) -> str:
        """A switch that is a word or a code."""
        return str(self.behaviours[behaviour])

    def policy(self, policy_type: str, name: str, as_of: float) -> Policy | None:
        """A system or custom policy as of a time."""
        if policy_type == "System":
            return system_policies().get(fold(name))
        return self.policies.seen(fold(name), as_of)

    def policy_by_key(self, key: str, as_of: float) -> Policy | None:
        """A policy by its `Type/name` key."""
        policy_type, _, name = key.partition("/")
        return self.policy(policy_type, name, as_of)

    def attach(self, principal: str, policy: Policy, at: float) -> None:
        """Attach, in both directions."""
        key = policy_key(policy.type, policy.name)
        mine = self.attached.get(principal) or ()
        self.attached.put(principal, (*mine, Attachment(key, at)), at)
        theirs = self.holders.get(key) or ()
        self.holders.put(key, (*theirs, Holder(principal, at)), at)

    def detach(self, principal: str, key: str, at: float) -> bool:
        """Detach, in both directions; False if it was not attached."""
        mine = self.attached.get(principal) or ()
        rest = tuple(a for a in mine if a.policy_key != key)
        if len(rest) == len(mine):
            return False
        self.attached.put(principal, rest, at)
        theirs = self.holders.get(key) or ()
        self.holders.put(key, tuple(h for h in theirs if h.principal_key != principal), at)
        return True

    def attachments(self, principal: str, as_of: float) -> tuple[Attachment, ...]:
        """What a principal holds, in the order of attaching."""
        return self.attached.seen(principal, as_of) or ()

    def policy_holders(self, key: str, as_of: float) -> tuple[Holder, ...]:
        """Who holds a policy, in the order of attaching."""
        return self.holders.seen(key, as_of) or ()


class Universe:
    """Everything on one server."""

    def __init__(self, *, strict: bool = True) -> None:
        self.clock = Clock()
        self.strict = strict
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, AccessKey] = {}
        self.sessions: dict[str, Session] = {}
        self.generation = 0

    def touch(self) -> None:
        """Note that something was written, for whoever saves the state."""
        self.generation += 1

    def add_account(self, account_id: str | None = None) -> Account:
        """A new account; ValueError if the id is taken or is not 16 digits."""
        identifier = account_id or "1" + random_text(15, string.digits)
        if len(identifier) != 16 or not identifier.isdigit():
            raise ValueError("an account id has 16 digits")
        if identifier in self.accounts:
            raise ValueError(f"account {identifier} exists already")
        account = Account(identifier, alias=f"emulated-{identifier}")
        self.accounts[identifier] = account
        self.touch()
        return account

    def add_key(self, account_id: str, user: str) -> AccessKey:
        """A new key for a user, or for the root if `user` is empty."""
        key = AccessKey(f"LTAI5t{random_text(18)}", random_text(30), account_id, user)
        self.keys[key.key_id] = key
        self.touch()
        return key

    def add_session(self, session: Session) -> None:
        """Keep temporary credentials; those that ended an hour ago are dropped."""
        horizon = self.clock.now() - 3600
        if len(self.sessions) % 1000 == 999:
            for key_id in [k for k, s in self.sessions.items() if s.expires < horizon]:
                del self.sessions[key_id]
        self.sessions[session.key_id] = session
        self.touch()
