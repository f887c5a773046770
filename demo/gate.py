"""The gate in the tour: what is held, who may let it through, and what a used approval opens.

Each step is called once by tour.py, in order. Checks look at the cloud's state and journal.
"""

from __future__ import annotations

import json
from typing import Final

from demo.guide import NAMESPACE, Guide, entities

ROLE: Final = "ramrole/shop-order-export"
HELD: Final = 'jsonpath={.status.conditions[?(@.type=="ApprovalRequired")].message}'
SERVICES: Final = "/spec/trustPolicy/Statement/0/Principal/Service"
APPROVE: Final = "ram.alibabacloud.com/approve"
EDITOR: Final = "dana@shop.example"
APPROVER: Final = "olga@shop.example"
TRUSTED: Final = {"fc.aliyuncs.com", "ecs.aliyuncs.com"}


def _trusted(guide: Guide) -> set[str]:
    return entities(guide.state()["roles"]["shop-order-export"])


def held(guide: Guide) -> None:
    guide.screen.say(
        "A manifest changes who may assume a role that exists: a second service is"
        " to be trusted with the order exports. The change is stored, and held."
    )
    guide.patch(ROLE, [{"op": "add", "path": f"{SERVICES}/-", "value": "ecs.aliyuncs.com"}])
    guide.wait(ROLE, "condition=ApprovalRequired")
    guide.expect("ApprovalRequired" in guide.get("ramroles"), "the table says what it waits for")
    shown = guide.kubectl("ram", "show", ROLE, "-n", NAMESPACE)
    guide.expect("ecs.aliyuncs.com" in shown, "and the plugin says who would gain")
    guide.kubectl("get", "ramrecords")
    guide.expect(_trusted(guide) == {"fc.aliyuncs.com"}, "in the cloud nobody new is trusted")
    guide.expect(guide.operator_writes() == [], "nothing was written")


def approved(guide: Guide) -> None:
    guide.screen.say("Dana may edit roles, Olga may approve. Whoever made the change is neither.")
    for rights, user in (("view", EDITOR), ("edit", EDITOR), ("approver", APPROVER)):
        role, whom = f"--clusterrole=ram-operator-{rights}", f"--user={user}"
        guide.kubectl("create", "rolebinding", rights, "-n", NAMESPACE, role, whom)
    digest = guide.kubectl("ram", "digest", ROLE, "-n", NAMESPACE).strip()
    approval = ("annotate", ROLE, "-n", NAMESPACE, f"{APPROVE}={digest}")
    guide.refused(f"{EDITOR} may not approve", *approval, f"--as={EDITOR}")
    guide.refused("no author approves", *approval)
    guide.expect(_trusted(guide) == {"fc.aliyuncs.com"}, "neither of them opened anything")
    guide.screen.say("Olga has seen exactly this change:")
    guide.kubectl("ram", "approve", ROLE, "-n", NAMESPACE, "--yes", f"--as={APPROVER}")
    guide.wait(ROLE, "condition=Ready")
    guide.show_cloud("roles")
    guide.expect(_trusted(guide) == TRUSTED, "the second service is trusted")
    actions = [entry["action"] for entry in guide.operator_writes()]
    guide.expect(actions == ["UpdateRole"], "by one write")


def used(guide: Guide) -> None:
    guide.screen.say(
        "The approval is still on the object, and used. It opens neither another change nor a role"
        " that is deleted and made again."
    )
    guide.patch(ROLE, [{"op": "add", "path": f"{SERVICES}/-", "value": "rds.aliyuncs.com"}])
    guide.wait(ROLE, "condition=ApprovalRequired")
    guide.expect(guide.operator_writes() == [], "a third service is held as the second was")
    found = json.loads(guide.quietly("get", ROLE, "-n", NAMESPACE, "-o=json"))
    kept = {"name": found["metadata"]["name"], "namespace": NAMESPACE}
    copy = {key: found[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": kept}
    path = guide.path("again.json", json.dumps(copy))
    guide.kubectl("replace", "--force", "-f", path)
    guide.wait(ROLE, "jsonpath={.status.pending.kind}=RoleCreation")
    guide.expect("existed before" in guide.get(ROLE, HELD), "so is a new object of that name")
    actions = {entry["action"] for entry in guide.operator_writes()}
    wanted = {"DetachPolicyFromRole", "DeleteRole"}
    guide.expect(actions == wanted, "the old role went, and no role with another trust came")
    guide.screen.say("With the trust that was approved it may come back:")
    guide.patch(ROLE, [{"op": "remove", "path": f"{SERVICES}/2"}])
    guide.wait(ROLE, "condition=Ready")
    guide.expect(_trusted(guide) == TRUSTED, "it is there again, with that trust")
    guide.operator_writes()


def stranger(guide: Guide) -> None:
    guide.screen.say("A new role that trusts an account which nobody has listed is not created.")
    guide.kubectl("apply", "-f", "demo/manifests/partner.yaml")
    guide.wait("ramrole/shop-partner", "condition=ApprovalRequired")
    guide.get("ramrole/shop-partner")
    message = guide.get("ramrole/shop-partner", HELD)
    guide.expect("RAM002" in message, "the finding has an id and says what to do")
    guide.expect("shop-partner" not in guide.state()["roles"], "the role is not in the cloud")
    guide.kubectl("delete", "-f", "demo/manifests/partner.yaml")
    guide.expect(guide.operator_writes() == [], "nothing was written")
