"""A cloud of a few policies and a writer to it, for tests of what is read right before a write."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from ram_operator import documents
from ram_operator.cloud.cached_reads import PolicyDocuments
from ram_operator.cloud.jobs import Needs, Reply
from ram_operator.cloud.readings import GroupPolicies
from ram_operator.cloud.writing import Kept, Writer
from ram_operator.errors import Absent
from ram_operator.model.state import CloudCalls
from tests.unit.core import ALLOW_ALL, ALLOW_READ, policy
from tests.unit.fake_clock import FakeClock

READ, ALL = policy(ALLOW_READ), policy(ALLOW_ALL)
MORE = policy({"Effect": "Allow", "Action": "oss:PutObject", "Resource": "*"})
SETTLE = 60.0
CREATED = "2026-01-01T00:00:00Z"


class Cloud:
    """Answers as told; `hook` runs before each call and may change what it finds."""

    def __init__(self, inherited: float = 0.0) -> None:
        self.clock = FakeClock()
        self.policies: dict[str, documents.Policy] = {"p": READ}
        self.created = CREATED
        self.attached: list[str] = ["Custom/p"]
        self.members: list[str] = ["ann"]
        self.groups: list[str] = []
        self.users: list[str] = []
        """Those that have the policy."""
        self.trust = ""
        self.calls: list[str] = []
        self.sent: list[tuple[str, Mapping[str, Any]]] = []
        self.needs: list[Needs] = []
        self.hook: Callable[[str], None] = lambda _: None
        kept = PolicyDocuments(SETTLE, self.clock, inherited)
        self.kept = Kept(kept, groups=GroupPolicies(self.clock))
        self.writer = Writer(self, self.kept, 0.05)

    @property
    def documents(self) -> PolicyDocuments:
        return self.kept.policies

    def run(self, needs: Needs, work: Callable[[CloudCalls], Reply]) -> Reply:
        self.needs.append(needs)
        before = len(self.calls)
        try:
            return work(self)
        finally:
            reads = [call for call in self.calls[before:] if call.startswith(("Get", "List"))]
            assert len(reads) <= needs.reads, "it reads more than it has tokens for"

    def call(self, action: str, parameters: Mapping[str, Any]) -> Reply:
        self.hook(action)
        self.calls.append(action)
        if action == "GetPolicy":
            return self._policy(str(parameters["PolicyName"]).lower())
        if action == "GetRole":
            return {"Role": {"AssumeRolePolicyDocument": self.trust}}
        if action == "ListPoliciesForGroup":
            pairs = [key.partition("/") for key in self.attached]
            rows = [{"PolicyType": kind, "PolicyName": name} for kind, _, name in pairs]
            return {"Policies": {"Policy": rows}}
        if action == "ListUsersForGroup":
            return self._members(parameters)
        if action == "ListEntitiesForPolicy":
            return self.holders()
        if action == "ListPolicyVersions":
            return {"PolicyVersions": {"PolicyVersion": []}}
        self.sent.append((action, parameters))
        return {"Policy": {"CreateDate": self.created}} if action == "CreatePolicy" else {}

    def _policy(self, name: str) -> Reply:
        if name not in self.policies:
            raise Absent("no such policy", code="EntityNotExist.Policy", relation=False)
        version = {"VersionId": "v1", "PolicyDocument": self.policies[name].to_json()}
        return {"Policy": {"CreateDate": self.created}, "DefaultPolicyVersion": version}

    def _members(self, parameters: Mapping[str, Any]) -> Reply:
        start, size = int(parameters.get("Marker") or 0), int(parameters["MaxItems"])
        page = self.members[start : start + size]
        more = start + size < len(self.members)
        rows = {"User": [{"UserName": name} for name in page]}
        return {
            "Users": rows,
            "IsTruncated": more,
            **({"Marker": str(start + size)} if more else {}),
        }

    def holders(self) -> Reply:
        return {
            "Groups": {"Group": [{"GroupName": name} for name in self.groups]},
            "Users": {"User": [{"UserName": name} for name in self.users]},
            "Roles": {"Role": []},
        }

    def actions(self) -> list[str]:
        return [action for action, _ in self.sent]


def text_of(document: documents.Policy) -> Any:
    return json.loads(document.to_json())
