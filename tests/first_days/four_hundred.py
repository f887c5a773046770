"""Somebody with four hundred identities made by hand: all of them under git, and no alarm.

The rules that are shipped are evaluated by a real Prometheus, which at the end has to show the one
alert that somebody makes ring, and with it no other.
"""

from __future__ import annotations

import json
from typing import Any

import alibabacloud_ram20150501.models as ram
import yaml

from lab.prometheus_process import Labels, Prometheus
from lab.world import DOCUMENT, TRUST_FC
from tests.deploy.test_rules import GROUPS as RULES
from tests.first_days.day import NAMESPACE, Day, manifest_of_the_account, started
from tests.scenarios.test_adopted_account import patient

USERS, ROLES, POLICIES, GROUPS = 250, 80, 50, 20
PASSWORD = "Tr1cky-Pass-Word!"
READS = "AliyunOSSReadOnlyAccess"
LOOKS = 3
CORRECTED = "RamOperatorDriftCorrected"
Json = dict[str, Any]


def live(today: Day) -> None:
    found = _by_hand(today)
    assert len(found) == USERS + ROLES + POLICIES + GROUPS
    before = today.cloud()
    (today.home / "identities.yaml").write_text(yaml.safe_dump_all(found))
    with started(today, _account(today)) as operator:
        today.types("kubectl apply --server-side -f identities.yaml")
        kinds = "ramusers,ramgroups,ramroles,rampolicies"
        listed = f"kubectl get {kinds} -n {NAMESPACE} -o jsonpath="
        ready = listed + """'{.items[*].status.conditions[?(@.type=="Ready")].status}'"""
        today.counts(ready, "True", len(found))
        for number in range(LOOKS):
            look = f"ram.alibabacloud.com/reconcile-requested-at=look-{number}"
            today.types(f"kubectl annotate {kinds} --all -n {NAMESPACE} {look} --overwrite")
            handled = listed + "'{.items[*].status.lastHandledReconcileAt}'"
            today.counts(handled, f"look-{number}", len(found))
        today.counts(ready, "True", len(found))
        told = today.types(f"kubectl get events -n {NAMESPACE} --field-selector=type=Warning")
        assert told == "", told
        assert _identities(today.cloud()) == _identities(before), "nothing was taken away"
        prometheus = Prometheus.start(today.home, [operator.metrics_port], _at_once())
        try:
            _only_what_is_done_now_rings(today, prometheus)
        finally:
            prometheus.child.stop()


def _at_once() -> list[Json]:
    """The rules that are shipped, none of which waits before it fires."""
    return [
        {**group, "interval": "1s", "rules": [_hastened(rule) for rule in group["rules"]]}
        for group in RULES
    ]


def _hastened(rule: Json) -> Json:
    return {**rule, "for": "1s", "keep_firing_for": "0s"} if "alert" in rule else rule


def _only_what_is_done_now_rings(today: Day, prometheus: Prometheus) -> None:
    request = ram.AttachPolicyToUserRequest(
        policy_type="System", policy_name="AdministratorAccess", user_name="user-7"
    )
    today.hand.attach_policy_to_user(request)
    look = "ram.alibabacloud.com/reconcile-requested-at=by-hand --overwrite"
    today.types(f"kubectl annotate ramuser user-7 -n {NAMESPACE} {look}")

    # Before its first scrape it takes the operator for one that is down.
    def corrected(alerts: list[Labels]) -> bool:
        return any(labels["alertname"] == CORRECTED for labels in alerts)

    alerts = prometheus.wait(corrected, CORRECTED)
    rung = {(labels["alertname"], labels.get("resource_name", "")) for labels in alerts}
    print(f"rings: {sorted(rung)}", flush=True)
    assert rung == {(CORRECTED, "user-7")}


def _account(today: Day) -> str:
    """That of the page, for names and policies of all sorts and with more calls a second."""
    body = yaml.safe_load(manifest_of_the_account(today, "Manage"))
    (tenant,) = body["spec"]["tenants"]
    tenant |= {
        "namePrefixes": ["*"],
        "policies": [{"type": "System", "name": "*"}, {"type": "Custom", "name": "*"}],
    }
    rates = ("readsPerSecond", "writesPerSecond", "attachmentsPerSecond")
    body["spec"]["rateLimit"] = dict.fromkeys(rates, 100)
    return yaml.safe_dump(body)


def _by_hand(today: Day) -> list[Json]:
    """Identities of every sort, and the manifests that say what is there."""
    admin, account = today.emulator.admin, today.keys.account_id
    found = []
    for number in range(USERS):
        name = f"user-{number}"
        # Each has a key; every third may sign in to the console as well.
        admin.create_user(account, name, policies=[("System", READS)] if number % 2 else [])
        if number % 3 == 0:
            login = ram.CreateLoginProfileRequest(user_name=name, password=PASSWORD)
            patient(lambda login=login: today.hand.create_login_profile(login))
        listed = [{"type": "System", "name": READS}] if number % 2 else []
        found.append(_manifest("RamUser", name, policies=listed))
    for number in range(GROUPS):
        members = [f"user-{each}" for each in range(number, USERS, GROUPS)]
        admin.create_group(account, f"group-{number}", members=members)
        listed = [{"type": "RamUser", "name": member} for member in members]
        found.append(_manifest("RamGroup", f"group-{number}", members=listed))
    for number in range(ROLES):
        _make_role(today, f"role-{number}")
        found.append(_manifest("RamRole", f"role-{number}", trustPolicy=TRUST_FC))
    for number in range(POLICIES):
        _make_policy(today, f"policy-{number}")
        found.append(_manifest("RamPolicy", f"policy-{number}", document=DOCUMENT))
    return found


def _make_role(today: Day, name: str) -> None:
    request = ram.CreateRoleRequest(
        role_name=name, assume_role_policy_document=json.dumps(TRUST_FC)
    )
    patient(lambda: today.hand.create_role(request))


def _make_policy(today: Day, name: str) -> None:
    request = ram.CreatePolicyRequest(policy_name=name, policy_document=json.dumps(DOCUMENT))
    patient(lambda: today.hand.create_policy(request))


def _manifest(kind: str, name: str, **spec: Any) -> Json:
    return {
        "apiVersion": "ram.alibabacloud.com/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"adoptionPolicy": "IfExists", **spec},
    }


def _identities(state: Json) -> Json:
    """All but tags, which the operator writes as it takes over."""
    return {
        kind: {
            name: {field: value for field, value in entry.items() if field in _KEPT}
            for name, entry in state[kind].items()
        }
        for kind in ("users", "groups", "roles", "policies")
    }


_KEPT = ("accessKeys", "loginProfile", "policies", "members", "trust", "groups", "document")
