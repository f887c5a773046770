"""Who has what access, told from the cloud's journal alone. Pure; nothing of the product.

A fact is either `("trust", role, principal)` or `("right", identity, action)`: that a role may be
assumed by somebody, or that a user or role may change rights. What else an identity may do is no
fact here, since nobody has to approve it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tests.histories.judging import allowed, trusted
from tests.histories.model import ESCALATING

Json = dict[str, Any]
Fact = tuple[str, str, str]
Facts = frozenset[Fact]
Reference = tuple[str, str]
ADMIN: Final = ("System", "AdministratorAccess")
_HOLDERS: Final = {"Role": "roles", "User": "users", "Group": "groups"}


@dataclass
class Account:
    """What an account holds, as far as it gives access; names are in lower case."""

    roles: dict[str, Json] = field(default_factory=dict)
    users: dict[str, Json] = field(default_factory=dict)
    groups: dict[str, Json] = field(default_factory=dict)
    policies: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    """Of each custom policy what its versions allow; `default` says which one is in force."""
    default: dict[str, int] = field(default_factory=dict)

    def escalates(self, reference: Reference) -> bool:
        kind, name = reference
        if kind == "System":
            return reference == ADMIN
        return name in self.policies and ESCALATING in self.policies[name][self.default[name]]

    def rights_of(self, policies: set[Reference]) -> bool:
        return any(self.escalates(policy) for policy in policies)

    def facts(self) -> Facts:
        found: set[Fact] = set()
        for name, role in self.roles.items():
            found.update(("trust", name, principal) for principal in role["trust"])
            if self.rights_of(role["policies"]):
                found.add(right("role", name))
        for name, user in self.users.items():
            groups = [one["policies"] for one in self.groups.values() if name in one["members"]]
            if self.rights_of(user["policies"].union(*groups)):
                found.add(right("user", name))
        return frozenset(found)

    def write(self, action: str, sent: Json) -> None:
        """One call that had an effect."""
        deed = getattr(self, f"_{action}", None)
        if deed is not None:
            deed({key: str(value) for key, value in sent.items()})
        elif action[:6] in ("Attach", "Detach"):
            self._attachment(action, sent)

    # -- calls ------------------------------------------------------------------------------------

    def _CreateRole(self, sent: Json) -> None:
        document = json.loads(sent["AssumeRolePolicyDocument"])
        self.roles[sent["RoleName"].lower()] = {"trust": trusted(document), "policies": set()}

    def _UpdateRole(self, sent: Json) -> None:
        if document := sent.get("NewAssumeRolePolicyDocument"):
            self.roles[sent["RoleName"].lower()]["trust"] = trusted(json.loads(document))

    def _DeleteRole(self, sent: Json) -> None:
        self.roles.pop(sent["RoleName"].lower(), None)

    def _CreateUser(self, sent: Json) -> None:
        self.users[sent["UserName"].lower()] = {"policies": set()}

    def _DeleteUser(self, sent: Json) -> None:
        self.users.pop(sent["UserName"].lower(), None)
        for group in self.groups.values():
            group["members"].discard(sent["UserName"].lower())

    def _CreateGroup(self, sent: Json) -> None:
        self.groups[sent["GroupName"].lower()] = {"policies": set(), "members": set()}

    def _DeleteGroup(self, sent: Json) -> None:
        self.groups.pop(sent["GroupName"].lower(), None)

    def _AddUserToGroup(self, sent: Json) -> None:
        self.groups[sent["GroupName"].lower()]["members"].add(sent["UserName"].lower())

    def _RemoveUserFromGroup(self, sent: Json) -> None:
        self.groups[sent["GroupName"].lower()]["members"].discard(sent["UserName"].lower())

    def _CreatePolicy(self, sent: Json) -> None:
        name = sent["PolicyName"].lower()
        self.policies[name] = [allowed(json.loads(sent["PolicyDocument"]))]
        self.default[name] = 0

    def _CreatePolicyVersion(self, sent: Json) -> None:
        name = sent["PolicyName"].lower()
        self.policies[name].append(allowed(json.loads(sent["PolicyDocument"])))
        if sent.get("SetAsDefault", "").lower() == "true":
            self.default[name] = len(self.policies[name]) - 1

    def _SetDefaultPolicyVersion(self, sent: Json) -> None:
        self.default[sent["PolicyName"].lower()] = int(sent["VersionId"].removeprefix("v")) - 1

    def _DeletePolicy(self, sent: Json) -> None:
        name = sent["PolicyName"].lower()
        self.policies.pop(name, None)
        for holders in (self.roles, self.users, self.groups):
            for one in holders.values():
                one["policies"].discard(("Custom", name))

    def _attachment(self, action: str, sent: Json) -> None:
        noun = action.removeprefix("AttachPolicyTo").removeprefix("DetachPolicyFrom")
        holder = getattr(self, _HOLDERS[noun])[sent[f"{noun}Name"].lower()]
        kind, name = sent["PolicyType"], sent["PolicyName"]
        reference = (kind, name.lower() if kind == "Custom" else name)
        if action.startswith("Attach"):
            holder["policies"].add(reference)
        else:
            holder["policies"].discard(reference)


def right(kind: str, name: str) -> Fact:
    """That a user or a role may change rights."""
    return ("right", f"{kind}/{name.lower()}", ESCALATING)


@dataclass(frozen=True)
class Gain:
    """A call of the operator after which somebody had access that he had not before."""

    call: int
    action: str
    facts: Facts


class Watcher:
    """Follows the journal of one account call by call."""

    def __init__(self, operator: str) -> None:
        """operator: who its calls come from, as the journal names it."""
        self.account = Account()
        self._operator = operator

    def gains(self, entries: list[Json]) -> Iterator[Gain]:
        """What each call of the operator among these gave; of those by hand nothing is said."""
        for entry in entries:
            if entry["effect"] != "write":
                continue
            before = self.account.facts()
            self.account.write(entry["action"], entry["parameters"])
            more = self.account.facts() - before
            if more and entry["caller"] == self._operator:
                yield Gain(entry["n"], entry["action"], more)
