"""The platform engineer: from an empty cluster to an account that is observed, then managed."""

from __future__ import annotations

import json

import alibabacloud_ram20150501.models as ram

from lab.world import TRUST_FC
from tests.first_days.day import (
    INSTALL,
    README,
    READY,
    Day,
    applies,
    gives_the_key,
    installed,
    manifest_of_the_account,
    page,
)

LEGACY = """\
apiVersion: ram.alibabacloud.com/v1alpha1
kind: RamRole
metadata: {name: shop-legacy, namespace: identity}
spec:
  adoptionPolicy: IfExists
  trustPolicy:
    Version: "1"
    Statement:
      - Effect: Allow
        Action: sts:AssumeRole
        Principal: {Service: [fc.aliyuncs.com]}
  policies:
    - {type: System, name: ReadOnlyAccess}
"""
WOULD_DO = (
    "kubectl get ramroles -n identity"
    " -o custom-columns='NAME:.metadata.name,WOULD DO:.status.wouldDo'"
)
MANAGE = """kubectl patch ramaccount default --type=merge -p '{"spec":{"mode":"Manage"}}'"""


def live(today: Day) -> None:
    """The key comes last, which README.md says does not matter."""
    request = ram.CreateRoleRequest(
        role_name="shop-legacy", assume_role_policy_document=json.dumps(TRUST_FC)
    )
    today.hand.create_role(request)
    with installed(today):
        applies(today, manifest_of_the_account(today, "Observe"))
        why = "kubectl get ramaccount default -o jsonpath={.status.conditions}"
        today.sees(why, "CredentialsInvalid", "kubectl create secret generic")
        gives_the_key(today)
        today.follows(INSTALL, READY)

        before = today.cloud()["roles"]
        today.types("kubectl apply -f -", text=LEGACY)
        assert WOULD_DO in page(README)
        today.sees(WOULD_DO, "shop-legacy", "attach System/ReadOnlyAccess")
        assert today.cloud()["roles"] == before, "it is only observed"

        today.follows(INSTALL, MANAGE)
        today.ready("ramrole/shop-legacy")
        assert today.cloud()["roles"]["shop-legacy"]["policies"] == [["System", "ReadOnlyAccess"]]
