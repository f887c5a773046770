"""The tour: each step is one function that runs what a user would type and checks what came of it.

The story is that of deploy/samples. Checks look at the cloud's state and journal, never at the
operator's word alone.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from demo.guide import Guide, Unexpected
from demo.screen import Screen
from demo.stage import ACCOUNT, ROOT, Keeper, Stage, StageError
from tests.cluster import KubectlError

NEEDS_SEEING: Final = 'jsonpath={.status.conditions[?(@.type=="Drifted")].reason}=DriftCorrected'
HELD: Final = 'jsonpath={.status.conditions[?(@.type=="ApprovalRequired")].message}'
OUTSIDER: Final = "acs:ram::9999888877776666:root"
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
      - op: replace
        path: /spec/driftInterval
        value: 10s
"""
Step = Callable[[Guide], None]


def install(guide: Guide) -> None:
    guide.screen.say(
        "An empty cluster: kube-apiserver and etcd, both real. It takes the CRDs, the"
        " operator's rights, and the rule that only the operator writes RamRecords."
    )
    guide.kubectl("version")
    guide.kubectl("apply", "--server-side", "-k", "deploy/kustomize/base")
    guide.keeper.start_operator()
    guide.kubectl("wait", "crd", "--all", "--for=condition=Established", "--timeout=30s")
    served = guide.kubectl("api-resources", "--api-group=ram.alibabacloud.com")
    kinds = ("RamAccount", "RamPolicy", "RamRecord", "RamRole")
    guide.expect(all(kind in served for kind in kinds), "the API server serves the kinds")
    guide.screen.say(
        "No kubelet runs here, so the operator is started as a process, with the token of"
        " its ServiceAccount and the rights above, no others."
    )
    guide.keeper.await_operator()


def samples(guide: Guide) -> None:
    guide.screen.say(
        "deploy/samples with two changes: the account's endpoints are those of the"
        " emulator, and drift is looked for every 10 seconds instead of 10 minutes."
    )
    home = Path(guide.stage.directory) / "samples"
    where = os.path.relpath(ROOT / "deploy" / "samples", home)
    text = OVERLAY.format(samples=where, endpoint=guide.stage.endpoint)
    guide.file(home / "kustomization.yaml", text)
    guide.kubectl("apply", "-k", f"{guide.directory}/samples")
    guide.kubectl("wait", "ramaccount/default", "--for=condition=Ready", "--timeout=30s")
    table = guide.kubectl("get", "ramaccounts")
    guide.expect(ACCOUNT in table, "the account behind the credentials is the one that was named")


def created(guide: Guide) -> None:
    for kind in ("rampolicies", "ramroles"):
        guide.kubectl(
            "wait", kind, "--all", "-n", "identity", "--for=condition=Ready", "--timeout=30s"
        )
        guide.kubectl("get", kind, "-n", "identity")
    guide.show_cloud()
    state = guide.state()
    guide.expect(
        len(state["roles"]) == 3 and len(state["policies"]) == 3,
        "three roles and three policies are in the cloud",
    )
    export = state["roles"]["shop-order-export"]
    guide.expect(
        _entities(export) == {"fc.aliyuncs.com"}
        and export["policies"] == [["Custom", "shop-order-export"]],
        "the export role is trusted to Function Compute alone and has its one policy",
    )
    found = guide.operator_writes()
    guide.expect(len(found) == 10, "3 + 3 creations and 4 attachments, nothing twice")


def drift(guide: Guide) -> None:
    guide.screen.say(
        "Somebody with a key of the account attaches AdministratorAccess to one role,"
        " and lets a stranger assume another. Nobody tells the operator."
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
    guide.show_cloud()
    state = guide.state()
    guide.expect(
        OUTSIDER in _entities(state["roles"]["shop-auditor"])
        and ["System", "AdministratorAccess"] in state["roles"]["shop-order-export"]["policies"],
        "the cloud was changed",
    )
    guide.screen.say("Its own look at each object finds both, and takes away what was added:")
    for role in ("shop-order-export", "shop-auditor"):
        guide.kubectl(
            "wait", f"ramrole/{role}", "-n", "identity", f"--for={NEEDS_SEEING}", "--timeout=30s"
        )
    guide.kubectl(
        "get",
        "events",
        "-n",
        "identity",
        "--field-selector=reason=DriftCorrected",
        "-o=custom-columns=ROLE:.involvedObject.name,MESSAGE:.message",
    )
    guide.show_cloud()
    roles = guide.state()["roles"]
    guide.expect(
        roles["shop-order-export"]["policies"] == [["Custom", "shop-order-export"]],
        "AdministratorAccess is detached again",
    )
    guide.expect(
        _entities(roles["shop-auditor"]) == {"acs:ram::6543210987654321:root"},
        "the stranger is out of the trust again",
    )
    actions = sorted(entry["action"] for entry in guide.operator_writes())
    guide.expect(actions == ["DetachPolicyFromRole", "UpdateRole"], "by one write each")


def held(guide: Guide) -> None:
    guide.screen.say(
        "A manifest changes who may assume a role that exists: a second service is"
        " to be trusted with the order exports. The change is stored, and held."
    )
    guide.kubectl(
        "patch",
        "ramrole/shop-order-export",
        "-n",
        "identity",
        "--type=json",
        "-p",
        '[{"op":"add","path":"/spec/trustPolicy/Statement/0/Principal/Service/-",'
        '"value":"ecs.aliyuncs.com"}]',
    )
    guide.kubectl(
        "wait",
        "ramrole/shop-order-export",
        "-n",
        "identity",
        "--for=condition=ApprovalRequired",
        "--timeout=30s",
    )
    table = guide.kubectl("get", "ramroles", "-n", "identity")
    guide.expect("ApprovalRequired" in table, "the table says what the role waits for")
    pending = guide.kubectl(
        "get",
        "ramrole/shop-order-export",
        "-n",
        "identity",
        "-o=jsonpath-as-json={.status.pending}",
    )
    guide.expect("ecs.aliyuncs.com" in pending, "and status.pending says who would gain")
    guide.show_cloud()
    guide.expect(
        _entities(guide.state()["roles"]["shop-order-export"]) == {"fc.aliyuncs.com"},
        "in the cloud nobody new is trusted",
    )
    guide.expect(guide.operator_writes() == [], "nothing was written")
    guide.screen.say(
        "This release has no way through: a held change is taken back in the manifest,"
        " or made in the cloud by somebody who may."
    )
    guide.kubectl(
        "patch",
        "ramrole/shop-order-export",
        "-n",
        "identity",
        "--type=json",
        "-p",
        '[{"op":"remove","path":"/spec/trustPolicy/Statement/0/Principal/Service/1"}]',
    )
    guide.kubectl(
        "wait",
        "ramrole/shop-order-export",
        "-n",
        "identity",
        "--for=condition=Ready",
        "--timeout=30s",
    )
    guide.expect(guide.operator_writes() == [], "nothing had to be written for that either")


def stranger(guide: Guide) -> None:
    guide.screen.say("A new role that trusts an account which nobody has listed is not created.")
    guide.kubectl("apply", "-f", "demo/manifests/partner.yaml")
    guide.kubectl(
        "wait",
        "ramrole/shop-partner",
        "-n",
        "identity",
        "--for=condition=ApprovalRequired",
        "--timeout=30s",
    )
    guide.kubectl("get", "ramrole/shop-partner", "-n", "identity")
    message = guide.kubectl("get", "ramrole/shop-partner", "-n", "identity", f"-o={HELD}")
    guide.expect("RAM002" in message, "the finding has an id and says what to do")
    guide.expect("shop-partner" not in guide.state()["roles"], "the role is not in the cloud")
    guide.kubectl("delete", "-f", "demo/manifests/partner.yaml")
    guide.expect(guide.operator_writes() == [], "nothing was written")


def deletion(guide: Guide) -> None:
    guide.screen.say(
        "Two of the stories say deletionPolicy: Delete. The cloud is cleaned up before"
        " the objects go: attachments first, then the role, then its policy."
    )
    guide.kubectl(
        "delete",
        "-f",
        "deploy/samples/20-order-export.yaml",
        "-f",
        "deploy/samples/40-ci-deployer.yaml",
        "--timeout=30s",
    )
    guide.screen.say("The auditor's has the default, Retain: the objects go, the identities stay.")
    guide.kubectl("delete", "-f", "deploy/samples/30-auditor.yaml", "--timeout=30s")
    guide.kubectl("get", "ramroles,rampolicies", "-n", "identity")
    guide.show_cloud()
    state = guide.state()
    guide.expect(
        set(state["roles"]) == {"shop-auditor"}
        and set(state["policies"]) == {"shop-auditor-no-data"},
        "only what is retained is left, with all that it has",
    )
    guide.kubectl("get", "ramrecords")
    guide.operator_writes()


def sweep_up(guide: Guide) -> None:
    guide.screen.say("What was retained is now an ordinary role, and goes the ordinary way:")
    role = "shop-auditor"
    for kind, name in (("System", "ReadOnlyAccess"), ("Custom", "shop-auditor-no-data")):
        guide.by_hand("DetachPolicyFromRole", RoleName=role, PolicyType=kind, PolicyName=name)
    # The cloud may refuse a deletion for a moment after the last policy was detached.
    time.sleep(0.5)
    guide.by_hand("DeleteRole", RoleName=role)
    guide.by_hand("DeletePolicy", PolicyName="shop-auditor-no-data")
    guide.show_cloud()
    state = guide.state()
    guide.expect(not state["roles"] and not state["policies"], "the account is empty again")
    guide.expect(guide.operator_writes() == [], "and the operator brings nothing back")


STEPS: Final[Mapping[str, Step]] = {
    "The cluster accepts the kinds": install,
    "An account is verified": samples,
    "Policies and roles are created": created,
    "A change behind the operator's back": drift,
    "A change of trust in the manifest is held": held,
    "A role that trusts a stranger is not created": stranger,
    "Deletion cleans up": deletion,
    "What was kept is removed by hand": sweep_up,
}
KEPT: Final = tuple(STEPS)[:6]
"""What is shown before a demo that is left up: all but the cleaning up."""


def run(directory: Path, screen: Screen, *, keep: bool) -> int:
    """The whole tour; 0 if every step showed what it should, else 1 and the logs are kept."""
    started = time.monotonic()
    typed = os.path.relpath(directory)
    try:
        with Keeper(directory) as keeper:
            stage = Stage.read(directory)
            guide = Guide(keeper, stage, screen, typed)
            for number, (title, step) in enumerate(STEPS.items(), 1):
                if keep and title not in KEPT:
                    break
                screen.title(f"{number}. {title}")
                step(guide)
            stage = Stage.read(directory)
            if keep:
                keeper.keep()
                _explain(screen, typed, stage)
                return 0
        screen.title(f"{len(STEPS) + 1}. Everything is stopped")
        _stopped(stage, screen)
    except (Unexpected, StageError, KubectlError) as error:
        screen.failed(str(error))
        if not isinstance(error, StageError):
            screen.say(f"The logs are in {typed}.")
        return 1
    except KeyboardInterrupt:
        screen.failed("interrupted; everything is stopped")
        return 130
    screen.say(f"It took {time.monotonic() - started:.0f} seconds.")
    return 0


def _stopped(stage: Stage, screen: Screen) -> None:
    left = stage.running()
    if left:
        raise Unexpected(f"still running: {', '.join(left)}")
    screen.checked(f"{', '.join(stage.pids)}: none is running any more")


def _explain(screen: Screen, typed: str, stage: Stage) -> None:
    screen.title("It is up, and yours to play with")
    screen.output(f"""\
export PATH="$PWD/.venv/bin:$PATH" KUBECONFIG="$PWD/{typed}/control-plane/admin.kubeconfig"
kubectl get ram -A                                       # all objects
kubectl apply -k {typed}/samples                          # the samples again, after your edits
python -m demo cloud                                     # what is in the cloud
python -m demo cloud AttachPolicyToRole RoleName=shop-order-export \\
  PolicyType=System PolicyName=AdministratorAccess       # a change by hand; any RAM action works
kubectl get ramroles -n identity -w                      # ... and what becomes of it, within 10 s

cloud API {stage.endpoint}, emulator's admin API {stage.admin_url}, logs in {typed}
make demo-stop                                           # ends it and removes {typed}""")


def _entities(role: Mapping[str, Any]) -> set[str]:
    """Everybody whom a role's trust names."""
    found: set[str] = set()
    for statement in role["trust"]["Statement"]:
        for values in statement["Principal"].values():
            found |= {values} if isinstance(values, str) else set(values)
    return found
