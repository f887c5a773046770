"""The last steps of the tour: what deletion does, what the brake on it does, what is kept.

Each step is called once by tour.py, in order.
"""

from __future__ import annotations

import time
from typing import Final

from demo.guide import REASON, RESUME, Guide, Unexpected
from lab.waiting import Deadline

DELETED: Final = ("20-order-export.yaml", "40-ci-deployer.yaml", "people/groups.yaml")
KEPT: Final = ("30-auditor.yaml", "people/users.yaml")


def deletion(guide: Guide) -> None:
    guide.screen.say(
        "Roles, groups and most policies say deletionPolicy: Delete. The cloud is cleaned up before"
        " the objects go: members and attachments first, then role or group, then its policy."
    )
    guide.kubectl("delete", *_files(DELETED), "--wait=false")
    guide.screen.say("Users and the auditor's role have the default, Retain: they stay there.")
    guide.kubectl("delete", *_files(KEPT), "--timeout=3m")
    _resume(guide)
    guide.get("ramroles,rampolicies,ramusers,ramgroups")
    guide.show_cloud()
    state = guide.state()
    guide.expect(
        set(state["roles"]) == {"shop-auditor"}
        and set(state["policies"]) == {"shop-auditor-no-data"}
        and not state["groups"]
        and {"shop-ann", "shop-bob", "shop-carol"} <= set(state["users"]),
        "only what is retained is left",
    )
    guide.kubectl("get", "ramrecords")
    guide.operator_writes()


def _files(names: tuple[str, ...]) -> list[str]:
    return [word for name in names for word in ("-f", f"deploy/samples/{name}")]


def _resume(guide: Guide) -> None:
    """Lets braked deletions go, as a person would: by the name of this very stop."""
    guide.screen.say(
        "So many at once could also be a git directory that was emptied by mistake. After a few,"
        " the brake holds the others until a person says that they are meant:"
    )
    named, deadline = set[str](), Deadline(40)
    while left := guide.left():
        if deadline.over:
            raise Unexpected(f"still there: {left}")
        stop = guide.brake()
        if stop and stop not in named:
            if not named:
                guide.kubectl("get", "ramaccount/default", f"-o={REASON}")
            guide.kubectl("annotate", "--overwrite", "ramaccount/default", f"{RESUME}={stop}")
            named.add(stop)
        time.sleep(0.1)
    guide.expect(bool(named), "the brake held, and was released")


def sweep_up(guide: Guide) -> None:
    guide.screen.say("What was retained is now an ordinary role, and goes the ordinary way:")
    role = "shop-auditor"
    for kind, name in (
        ("System", "AliyunConfigReadOnlyAccess"),
        ("Custom", "shop-auditor-no-data"),
    ):
        guide.by_hand("DetachPolicyFromRole", RoleName=role, PolicyType=kind, PolicyName=name)
    # The cloud may refuse a deletion for a moment after the last policy was detached.
    time.sleep(0.5)
    guide.by_hand("DeleteRole", RoleName=role)
    guide.by_hand("DeletePolicy", PolicyName="shop-auditor-no-data")
    guide.show_cloud("roles", "policies")
    state = guide.state()
    guide.expect(not state["roles"] and not state["policies"], "no role and no policy is left")
    guide.expect(guide.operator_writes() == [], "and the operator brings nothing back")
