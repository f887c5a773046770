"""Does to a real world and to its model what a history says: by hand in the cloud, by manifest."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
from Tea.exceptions import TeaException

from lab.world import World
from tests.histories.commands import OUTSIDER, SYSTEM, THEIRS
from tests.histories.model import OUTSIDE, Model, Name
from tests.support.hands import Hands

Json = dict[str, Any]
TEAM: Final = "team"
_SPELLED: Final = {"session": "maxSessionDurationSeconds", "trust": "trustPolicy", "tag": "tags"}
_TRIES: Final = 40


def trust_document(principals: Any) -> Json:
    """One statement per principal."""
    statements = [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"RAM" if name == OUTSIDE else "Service": [name]},
        }
        for name in sorted(principals)
    ]
    return {"Version": "1", "Statement": statements}


def policy_document(actions: Any) -> Json:
    """One statement with all actions."""
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": ["*"]}
    return {"Version": "1", "Statement": [statement]}


def spelled(spec: Json) -> Json:
    """A history's spec as the manifest has it."""
    return {_SPELLED.get(key, key): _value(key, value) for key, value in spec.items()}


def _value(key: str, value: Any) -> Any:
    if key == "trust":
        return trust_document(value)
    if key == "document":
        return policy_document(value)
    if key == "tag":
        return None if value is None else {TEAM: value}
    if key in ("policies", "members"):
        return [{"type": kind, "name": name} for kind, name in value]
    return value


class Actor:
    """Acts on one world; what does not apply is skipped on both sides."""

    def __init__(self, world: World, model: Model) -> None:
        self.world = world
        self.model = model
        self._hands = Hands(world)

    def unmanaged(self) -> None:
        """Identities that nobody manages, for the operator to leave alone."""
        hand, hands = self.world.hand, self._hands
        hands.create_policy(THEIRS, policy_document(["oss:GetObject"]), "theirs")
        hands.create_role("bystander", trust_document(["fc.aliyuncs.com"]), tags={TEAM: "x"})
        hand.create_user(ram.CreateUserRequest(user_name=OUTSIDER, comments="theirs"))
        hand.create_group(ram.CreateGroupRequest(group_name="others"))
        self._call(lambda: hands.attach("bystander", SYSTEM[2]))
        self._call(lambda: hands.attach("bystander", THEIRS, "Custom"))
        request = ram.AddUserToGroupRequest(user_name=OUTSIDER, group_name="others")
        self._call(lambda: hand.add_user_to_group(request))

    # -- manifests --------------------------------------------------------------------------------

    def manifest(self, command: Json) -> None:
        name = (command["kind"], command["name"])
        thing = self.model.things.get(name)
        if thing is not None and thing.ending:
            return
        if command["spec"] is None:
            if thing is not None and not (thing.finalizer and self.model.removals >= 4):
                self.world.delete(*name)
                self.model.delete(name)
            return
        spec = dict(command["spec"])
        if thing is None:
            self._complete(name, spec)
            self.world.create(*name, {k: v for k, v in spelled(spec).items() if v is not None})
        else:
            self.world.edit(*name, **spelled(spec))
        self.model.put(name, spec)

    def _complete(self, name: Name, spec: Json) -> None:
        """What a creation needs although an edit does not."""
        needed = {"RamRole": ("trust", ["fc.aliyuncs.com"]), "RamPolicy": ("document", ["a:b"])}
        if name[0] in needed:
            spec.setdefault(*needed[name[0]])
        if name[0] == "RamUser":
            spec.setdefault("displayName", "one")

    # -- by hand ----------------------------------------------------------------------------------

    def by_hand(self, command: Json) -> None:
        name, what, value = (command["kind"], command["name"]), command["what"], command["value"]
        identity = self.model.cloud.get(name)
        if what == "create":
            if identity is None:
                self._create(name, value)
        elif identity is not None:
            deed = getattr(self, f"_{what}", None)
            if deed is None:
                self._attribute(name, what, value)
            else:
                deed(name, identity.fields, value)

    def _create(self, name: Name, value: Json) -> None:
        kind, cloud_name = name
        hand = self.world.hand
        if kind == "RamRole":
            self._call(lambda: self._hands.create_role(cloud_name, trust_document(value["trust"])))
            self.model.born(name, trust=frozenset(value["trust"]))
        elif kind == "RamPolicy":
            document = policy_document(value["document"])
            self._call(lambda: self._hands.create_policy(cloud_name, document))
            self.model.born(name, document=frozenset(value["document"]))
        elif kind == "RamUser":
            user = ram.CreateUserRequest(user_name=cloud_name, display_name="one")
            self._call(lambda: hand.create_user(user))
            self.model.born(name, displayName="one")
        else:
            group = ram.CreateGroupRequest(group_name=cloud_name)
            self._call(lambda: hand.create_group(group))
            self.model.born(name)

    def _attribute(self, name: Name, what: str, value: Any) -> None:
        kind, cloud_name = name
        fields = self.model.cloud[name].fields
        if kind == "RamRole":
            sent = trust_document(value) if what == "trust" else value
            self._call(lambda: self._hands.update_role(cloud_name, **{what: sent}))
        elif kind == "RamPolicy" and what == "document":
            request = ram.CreatePolicyVersionRequest(
                policy_name=cloud_name,
                policy_document=json.dumps(policy_document(value)),
                set_as_default=True,
                rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
            )
            self._call(lambda: self.world.hand.create_policy_version(request))
        elif kind == "RamPolicy":
            self._call(lambda: self._hands.describe_policy(cloud_name, value))
        elif kind == "RamUser":
            user = ram.UpdateUserRequest(
                user_name=cloud_name,
                new_user_name=cloud_name,
                new_display_name=fields["displayName"],
                new_comments=value,
            )
            self._call(lambda: self.world.hand.update_user(user))
        else:
            group = ram.UpdateGroupRequest(
                group_name=cloud_name, new_group_name=cloud_name, new_comments=value
            )
            self._call(lambda: self.world.hand.update_group(group))
        fields[what] = frozenset(value) if isinstance(value, list) else value

    def _tag(self, name: Name, fields: Json, value: str | None) -> None:
        noun = "role" if name[0] == "RamRole" else "policy"
        if value is not None:
            self._call(lambda: self._hands.tag(noun, name[1], {TEAM: value}))
        elif fields["tag"] is not None:
            self._call(lambda: self._hands.untag(noun, name[1], TEAM))
        fields["tag"] = value

    def _attach(self, name: Name, fields: Json, value: list[str]) -> None:
        if tuple(value) not in fields["policies"]:
            self._attachment("attach", name, value[0], value[1])
            fields["policies"] |= {tuple(value)}

    def _detach(self, name: Name, fields: Json, value: int) -> None:
        if held := sorted(fields["policies"]):
            entry = held[value % len(held)]
            self._attachment("detach", name, *entry)
            fields["policies"] -= {entry}

    def _attachment(self, verb: str, name: Name, policy_type: str, policy: str) -> None:
        noun = name[0].removeprefix("Ram")
        way = "to" if verb == "attach" else "from"
        request_type = getattr(ram, f"{verb.title()}Policy{way.title()}{noun}Request")
        request = request_type(
            policy_type=policy_type, policy_name=policy, **{f"{noun.lower()}_name": name[1]}
        )
        method = getattr(self.world.hand, f"{verb}_policy_{way}_{noun.lower()}")
        self._call(lambda: method(request))

    def _remove(self, name: Name, fields: Json, value: None) -> None:
        self._call(lambda: self._hands.delete_role(name[1]))
        del self.model.cloud[name]

    def _join(self, name: Name, fields: Json, value: str) -> None:
        known = value == OUTSIDER or ("RamUser", value) in self.model.cloud
        if known and ("User", value) not in fields["members"]:
            request = ram.AddUserToGroupRequest(user_name=value, group_name=name[1])
            self._call(lambda: self.world.hand.add_user_to_group(request))
            fields["members"] |= {("User", value)}

    def _expel(self, name: Name, fields: Json, value: int) -> None:
        if members := sorted(fields["members"]):
            entry = members[value % len(members)]
            request = ram.RemoveUserFromGroupRequest(user_name=entry[1], group_name=name[1])
            self._call(lambda: self.world.hand.remove_user_from_group(request))
            fields["members"] -= {entry}

    def _call(self, one: Callable[[], object]) -> None:
        """Make a call by hand; what was just written may not be visible yet."""
        for left in reversed(range(_TRIES)):
            try:
                one()
                return
            except TeaException as error:
                code = str(error.code)
                if not left or not code.startswith(("EntityNotExist", "DeleteConflict")):
                    raise
                time.sleep(0.2)
