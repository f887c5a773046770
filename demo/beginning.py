"""The first steps of the tour: an empty cluster, an account, and what the samples ask for.

Each step is called once by tour.py, in order. It decides nothing but what has to be seen.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from demo.guide import Guide, entities
from demo.stage import ACCOUNT, ROOT
from lab.install import wait_served

KINDS: Final = ("RamAccount", "RamGroup", "RamPolicy", "RamRecord", "RamRole", "RamUser")
OVERLAY: Final = """\
resources:
  - {samples}
patches:
  - target:
      kind: RamAccount
    patch: |-
      - op: add
        path: /spec/endpoints
        value:
          ram: http://{endpoint}
          sts: http://{endpoint}
      - op: add
        path: /spec/rateLimit
        value:
          writesPerSecond: 20
          attachmentsPerSecond: 20
"""
IN: Final = {"ann": "shop-developers", "bob": "shop-developers", "carol": "shop-auditors"}
GROUPS_OF: Final = "custom-columns=NAME:.metadata.name,USER:.status.cloudName,GROUPS:.status.groups"


def install(guide: Guide) -> None:
    guide.screen.say(
        "An empty cluster: kube-apiserver and etcd, both real. It takes the CRDs, the"
        " operator's rights, and the rules of who may approve and configure, and that only"
        " the operator writes RamRecords and statuses."
    )
    guide.kubectl("version")
    guide.kubectl("apply", "--server-side", "-k", "deploy/kustomize/base")
    guide.keeper.start_operator()
    guide.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=3m")
    served = guide.kubectl("api-resources", "--api-group=ram.alibabacloud.com")
    guide.expect(all(kind in served for kind in KINDS), "the API server serves the kinds")
    # Admission learns of new kinds later than the API server serves them.
    wait_served(guide.stage.cluster)
    guide.screen.say(
        "No kubelet runs here, so the operator is started as a process, with the token of"
        " its ServiceAccount and the rights above, no others."
    )
    guide.keeper.await_operator()


def samples(guide: Guide) -> None:
    guide.screen.say(
        "deploy/samples with two changes: the account's endpoints are those of the emulator, and"
        " nobody else uses its rate limits. What its lists show is looked at every two seconds"
        " instead of five minutes, what they do not show every four instead of some hours."
    )
    home = Path(guide.stage.directory) / "samples"
    where = os.path.relpath(ROOT / "deploy" / "samples", home)
    text = OVERLAY.format(samples=where, endpoint=guide.stage.endpoint)
    guide.file(home / "kustomization.yaml", text)
    guide.kubectl("apply", "-k", f"{guide.directory}/samples")
    guide.kubectl("wait", "ramaccount/default", "--for=condition=Ready", "--timeout=3m")
    table = guide.kubectl("get", "ramaccounts")
    guide.expect(ACCOUNT in table, "the account behind the credentials is the one that was named")


def roles(guide: Guide) -> None:
    guide.wait("rampolicies --all", "condition=Ready")
    guide.wait("ramroles --all", "condition=Ready")
    guide.get("rampolicies")
    guide.get("ramroles")
    guide.show_cloud("roles", "policies")
    state = guide.state()
    guide.expect(
        len(state["roles"]) == 3 and len(state["policies"]) == 5,
        "three roles and five policies are in the cloud",
    )
    export = state["roles"]["shop-order-export"]
    guide.expect(
        entities(export) == {"fc.aliyuncs.com"}
        and export["policies"] == [["Custom", "shop-order-export"]],
        "the export role is trusted to Function Compute alone and has its one policy",
    )


def people(guide: Guide) -> None:
    guide.screen.say(
        "Who is in a group stands on the group, and only there. No user has a policy of its own,"
        " and none can sign in: none is a program with a key, and passwords are not managed yet."
    )
    guide.wait("ramusers --all", "condition=Ready")
    guide.wait("ramgroups --all", "condition=Ready")
    for name, group in IN.items():
        guide.wait(f"ramuser/{name}", f"jsonpath={{.status.groups[0]}}={group}")
    guide.get("ramusers")
    guide.get("ramgroups")
    guide.show_cloud("groups")
    groups = guide.state()["groups"]
    guide.expect(
        groups["shop-developers"]["members"] == ["shop-ann", "shop-bob"]
        and groups["shop-auditors"]["members"] == ["shop-carol"],
        "each group has its members",
    )
    guide.screen.say("The other way round, a user's status says what it is in:")
    guide.expect("shop-developers" in guide.get("ramusers", GROUPS_OF), "Bob is a developer")
    made = guide.operator_writes()
    guide.expect(len(made) == _EXPECTED_WRITES, "everything was written once, nothing twice")


_CREATED: Final = 3 + 5 + 3 + 2  # roles, policies, users, groups
_JOINED: Final = 4 + 2 + 3  # policies of roles and of groups, memberships
_TAGGED: Final = 3  # a user is marked in a call of its own
_EXPECTED_WRITES: Final = _CREATED + _JOINED + _TAGGED
