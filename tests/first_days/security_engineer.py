"""The security engineer: what waits, who gains, an approval, and what somebody did by hand."""

from __future__ import annotations

import alibabacloud_ram20150501.models as ram

from tests.first_days.day import APPROVALS, GUIDE, Day, managed, manifest_of_the_readme

DEV, OLGA = "dev@shop.example", "olga@shop.example"
EDITS = "--clusterrole=ram-operator-edit"
APPROVES = "--clusterrole=ram-operator-approver"
APPLY = "kubectl apply -f mine.yaml"
WAITING = "kubectl get ramrecords --field-selector=record.pending.verdict!="
ROLE = "ramrole/shop-mine -n identity"


def live(today: Day) -> None:
    with managed(today):
        today.types(f"kubectl create rolebinding edits -n identity {EDITS} --user={DEV}")
        today.types(f"kubectl create clusterrolebinding sec {APPROVES} --user={OLGA}")
        file = today.home / "mine.yaml"
        file.write_text(manifest_of_the_readme())
        today.types(APPLY, by=DEV)
        today.ready("ramrole/shop-mine")
        assert today.follows(GUIDE, WAITING, by=OLGA) == "", "an identity, and nothing that waits"
        file.write_text(file.read_text().replace("fc.aliyuncs.com", "ecs.aliyuncs.com"))
        today.types(APPLY, by=DEV)
        today.sees(WAITING, "shop-mine", DEV, by=OLGA)
        assert "ramrole/shop-mine" in today.follows(APPROVALS, "kubectl ram pending -A", by=OLGA)
        assert "+ service ecs.aliyuncs.com" in today.types(f"kubectl ram show {ROLE}", by=OLGA)
        today.types(f"kubectl ram approve {ROLE} --yes", by=OLGA)
        today.ready("ramrole/shop-mine")
        (statement,) = today.cloud()["roles"]["shop-mine"]["trust"]["Statement"]
        assert statement["Principal"]["Service"] == ["ecs.aliyuncs.com"]
        today.sees(f"kubectl ram history {ROLE}", OLGA, by=OLGA)

        today.hand.attach_policy_to_role(
            ram.AttachPolicyToRoleRequest(
                policy_type="System", policy_name="AdministratorAccess", role_name="shop-mine"
            )
        )
        look = "ram.alibabacloud.com/reconcile-requested-at=now"
        today.types(f"kubectl annotate ramrole shop-mine -n identity {look}")
        today.sees(
            "kubectl get events --field-selector=reason=DriftCorrected -n identity",
            "System/AdministratorAccess",
        )
        assert today.cloud()["roles"]["shop-mine"]["policies"] == [["System", "ReadOnlyAccess"]]
