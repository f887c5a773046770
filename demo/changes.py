"""The middle of the tour: what changes, by hand in the cloud and by an edit of a manifest.

Each step is called once by tour.py, in order. Checks look at the cloud's state and journal, never
at the operator's word alone.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from demo.beginning import GROUPS_OF
from demo.guide import NAMESPACE, Guide, entities
from lab.waiting import until

OUTSIDER: Final = "acs:ram::9999888877776666:root"
CORRECTED: Final = 'jsonpath={.status.conditions[?(@.type=="Drifted")].reason}=DriftCorrected'
VISIT: Final = timedelta(seconds=8)


def by_hand(guide: Guide) -> None:
    guide.screen.say(
        "Somebody with a key of the account attaches AdministratorAccess to one role, lets a"
        " stranger assume another, puts Bob among the auditors, who may see how everything is set"
        " up, and makes an access key for Carol. Nobody tells the operator."
    )
    guide.by_hand(
        "AttachPolicyToRole",
        RoleName="shop-order-export",
        PolicyType="System",
        PolicyName="AdministratorAccess",
    )
    trust = guide.state()["roles"]["shop-auditor"]["trust"]
    added = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [OUTSIDER]}}
    wider = {**trust, "Statement": [*trust["Statement"], added]}
    guide.by_hand(
        "UpdateRole",
        RoleName="shop-auditor",
        NewAssumeRolePolicyDocument=json.dumps(wider, separators=(",", ":")),
    )
    guide.by_hand("AddUserToGroup", UserName="shop-bob", GroupName="shop-auditors")
    guide.by_hand("CreateAccessKey", UserName="shop-carol")
    guide.show_cloud("roles", "groups")
    state = guide.state()
    guide.expect(
        OUTSIDER in entities(state["roles"]["shop-auditor"])
        and ["System", "AdministratorAccess"] in state["roles"]["shop-order-export"]["policies"]
        and "shop-bob" in state["groups"]["shop-auditors"]["members"],
        "the cloud was changed",
    )
    guide.screen.say(
        "The operator reads the lists of the account and, more rarely, what they do not show, and"
        " finds all of it. What was added is taken away again:"
    )
    for what in ("ramrole/shop-order-export", "ramrole/shop-auditor", "ramgroup/shop-auditors"):
        guide.wait(what, CORRECTED)
    guide.get(
        "events --field-selector=reason=DriftCorrected",
        "custom-columns=OBJECT:.involvedObject.name,MESSAGE:.message",
    )
    guide.show_cloud("roles", "groups")
    _put_right(guide)


def _put_right(guide: Guide) -> None:
    state = guide.state()
    guide.expect(
        state["roles"]["shop-order-export"]["policies"] == [["Custom", "shop-order-export"]],
        "AdministratorAccess is detached again",
    )
    guide.expect(
        entities(state["roles"]["shop-auditor"]) == {"acs:ram::6543210987654321:root"},
        "the stranger is out of the trust again",
    )
    guide.expect(
        state["groups"]["shop-auditors"]["members"] == ["shop-carol"],
        "Bob is out of the auditors again",
    )
    actions = sorted(entry["action"] for entry in guide.operator_writes())
    wanted = ["DetachPolicyFromRole", "RemoveUserFromGroup", "UpdateRole"]
    guide.expect(actions == wanted, "by one write each")


def come_and_go(guide: Guide) -> None:
    end = (datetime.now(UTC) + VISIT).isoformat(timespec="seconds").replace("+00:00", "Z")
    guide.screen.say(f"Ann helps the auditors for {VISIT.seconds} seconds, and Bob leaves.")
    ann = {"type": "RamUser", "name": "ann"}
    visit = [{"op": "add", "path": "/spec/members/-", "value": {**ann, "expiresAt": end}}]
    guide.patch("ramgroup/shop-auditors", visit)
    guide.patch("ramgroup/shop-developers", {"spec": {"members": [ann]}})
    guide.wait("ramuser/ann", "jsonpath={.status.groups[0]}=shop-auditors")
    guide.show_cloud("groups")
    guide.screen.say("When the seconds are over, her membership ends by itself:")
    guide.wait("ramuser/ann", "jsonpath={.status.groups[0]}=shop-developers")
    # His own object tells it at its next look.
    until(partial(_left, guide), "that the status of Bob tells it")
    guide.get("ramusers", GROUPS_OF)
    guide.show_cloud("groups")
    groups = guide.state()["groups"]
    everywhere = [name for group in groups.values() for name in group["members"]]
    guide.expect("shop-bob" not in everywhere, "Bob is in no group")
    guide.expect(groups["shop-auditors"]["members"] == ["shop-carol"], "Ann is no auditor now")
    found = [f"{entry['action']} {_member(entry)}" for entry in guide.operator_writes()]
    joined, left = "AddUserToGroup shop-ann", ["shop-ann", "shop-bob"]
    wanted = [joined, *(f"RemoveUserFromGroup {name}" for name in left)]
    guide.expect(sorted(found) == wanted, "Ann came and went, Bob went, nothing else was written")


def _left(guide: Guide) -> bool:
    return not guide.quietly(
        "get", "ramuser/bob", "-n", NAMESPACE, "-o=jsonpath={.status.groups[*]}"
    )


def key_found(guide: Guide) -> None:
    guide.screen.say(
        "Carol's key was found where the ways to sign in of each user are read. It is reported and"
        " left: a program may live on it."
    )
    guide.wait("ramuser/carol", "condition=Drifted")
    shown = guide.get("ramuser/carol", "jsonpath-as-json={.status.drift}")
    guide.expect('"critical"' in shown, "a way in that nobody asked for is critical")
    keys = guide.state()["users"]["shop-carol"]["accessKeys"]
    guide.expect(len(keys) == 1 and keys[0]["id"] not in shown, "the key is there, and not shown")
    guide.by_hand("DeleteAccessKey", UserName="shop-carol", UserAccessKeyId=keys[0]["id"])


def _member(entry: dict[str, Any]) -> str:
    return str(entry["parameters"].get("UserName", ""))
