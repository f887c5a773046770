"""What the operator gave away, by what each policy said at that very call: the journal of the
account is replayed from its beginning.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from lab.world import World

Json = dict[str, Any]
EVERYTHING: Final[Json] = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}],
}


@dataclass
class Replay:
    """Custom policies and what groups have of them. Shares no code with operator or emulator."""

    versions: dict[str, list[str]] = field(default_factory=dict)
    default: dict[str, int] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)

    def allows_everything(self, policy: str) -> bool:
        name = policy.lower()
        if name not in self.versions:
            return False
        statements = json.loads(self.versions[name][self.default[name]])["Statement"]
        return any("*" in statement["Action"] for statement in statements)

    def gives(self, entry: Json) -> bool:
        """Whether the call hands out the right to everything."""
        action, asked = entry["action"], entry["parameters"]
        if action.startswith("AttachPolicyTo") and asked["PolicyType"] == "Custom":
            return self.allows_everything(asked["PolicyName"])
        if action in ("CreatePolicyVersion", "SetDefaultPolicyVersion"):
            # Whoever asks for it here was not allowed to.
            return "ram:*" in asked.get("PolicyDocument", "")
        if action == "AddUserToGroup":
            has = self.groups.get(asked["GroupName"].lower(), set())
            return any(self.allows_everything(policy) for policy in has)
        return False

    def play(self, entry: Json) -> None:
        action, asked = entry["action"], entry["parameters"]
        name = str(asked.get("PolicyName", "")).lower()
        if action == "CreatePolicy":
            self.versions[name], self.default[name] = [asked["PolicyDocument"]], 0
        elif action == "CreatePolicyVersion":
            self.versions[name].append(asked["PolicyDocument"])
            self.default[name] = len(self.versions[name]) - 1
        elif action == "SetDefaultPolicyVersion":
            self.default[name] = int(asked["VersionId"][1:]) - 1
        elif action == "DeletePolicy":
            del self.versions[name]
        elif action == "AttachPolicyToGroup" and asked["PolicyType"] == "Custom":
            self.groups.setdefault(asked["GroupName"].lower(), set()).add(name)
        elif action == "DetachPolicyFromGroup":
            self.groups.get(asked["GroupName"].lower(), set()).discard(name)


def given_away(world: World, since: int) -> list[Json]:
    """The operator's calls after `since` that gave somebody the right to everything."""
    replay, found = Replay(), []
    for entry in world.admin.journal(world.account_id):
        if entry["effect"] != "write":
            continue
        if entry["n"] > since and entry["caller"] == world.keys.admin_arn and replay.gives(entry):
            found.append(entry)
        replay.play(entry)
    return found
