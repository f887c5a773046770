"""What was changed behind the operator's back: put back, reported or held, as the policy says.

One world per policy holds one identity for each way to change it; all are changed, then all are
looked at. What the operator wrote is taken from the emulated cloud's journal.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, TRUST_FC, World, condition, trust
from tests.support.hands import Hands

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
OSS = {"type": "System", "name": "AliyunOSSFullAccess"}
OSS_FULL = "AliyunOSSFullAccess"
ECS_READ = "AliyunECSReadOnlyAccess"


def document(*actions: str) -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": ["acs:oss:*:*:a/*"]}
    return {"Version": "1", "Statement": [statement]}


CORRECTED, REPORTED, HELD, IGNORED = "corrected", "reported", "held", ""


@dataclass(frozen=True)
class Move:
    """One change by hand, where it shows, and what each drift policy makes of it.

    outcomes: under Report, RevertExcess and Revert. writes: the calls that put it back.
    """

    kind: str
    hand: Callable[[Hands, str], None]
    where: str
    outcomes: tuple[str, str, str]
    writes: tuple[str, ...] = ()
    severity: str = "warning"
    spec: Json = field(default_factory=dict)


def role(*arguments: Any, **options: Any) -> Move:
    return Move("RamRole", *arguments, **options)


def policy(*arguments: Any, **options: Any) -> Move:
    return Move("RamPolicy", *arguments, **options)


NEUTRAL = (REPORTED, CORRECTED, CORRECTED)
EXCESS = (REPORTED, CORRECTED, CORRECTED)
TAKEN = (REPORTED, REPORTED, HELD)
GIVEN_BACK = (REPORTED, REPORTED, CORRECTED)
ATTRIBUTES = ("UpdateRole",)
VERSION = ("CreatePolicyVersion",)
REUSED = ("SetDefaultPolicyVersion",)

MOVES: dict[str, Move] = {
    "description": role(
        lambda h, n: h.update_role(n, description="by hand"), "description", NEUTRAL, ATTRIBUTES
    ),
    "session-up": role(
        lambda h, n: h.update_role(n, session=43200),
        "maxSessionDurationSeconds",
        EXCESS,
        ATTRIBUTES,
        severity="critical",
    ),
    "session-down": role(
        lambda h, n: h.update_role(n, session=3600),
        "maxSessionDurationSeconds",
        GIVEN_BACK,
        ATTRIBUTES,
    ),
    "attached": role(
        lambda h, n: h.attach(n, ECS_READ),
        f"policies[System/{ECS_READ.lower()}]",
        EXCESS,
        ("DetachPolicyFromRole",),
        severity="critical",
    ),
    "detached": role(
        lambda h, n: h.detach(n, OSS_FULL),
        f"policies[System/{OSS_FULL.lower()}]",
        GIVEN_BACK,
        ("AttachPolicyToRole",),
        severity="critical",
    ),
    "detached-own": role(
        lambda h, n: h.detach(n, "harmless", "Custom"),
        "policies[Custom/harmless]",
        GIVEN_BACK,
        ("AttachPolicyToRole",),
        severity="critical",
        spec={"policies": [OSS, {"type": "RamPolicy", "name": "harmless"}]},
    ),
    "retagged": role(
        lambda h, n: h.tag("role", n, {"team": "b"}), "tags[team]", NEUTRAL, ("TagResources",)
    ),
    "untagged": role(
        lambda h, n: h.untag("role", n, "team"), "tags[team]", NEUTRAL, ("TagResources",)
    ),
    "unmarked": role(
        lambda h, n: h.untag("role", n, "ram-operator/name"),
        "tags[ram-operator/name]",
        NEUTRAL,
        ("TagResources",),
    ),
    "foreign-tag": role(
        lambda h, n: h.tag("role", n, {"cost-centre": "7"}), "", (IGNORED, IGNORED, IGNORED)
    ),
    "widened": role(
        lambda h, n: h.update_role(n, trust=trust(FC, ECS)),
        "trustPolicy",
        EXCESS,
        ATTRIBUTES,
        severity="critical",
    ),
    "narrowed": role(
        lambda h, n: h.update_role(n, trust=trust(FC)),
        "trustPolicy",
        TAKEN,
        severity="critical",
        spec={"trustPolicy": trust(FC, ECS)},
    ),
    "respelled": role(
        lambda h, n: h.update_role(n, trust=trust(FC, FC)), "", (IGNORED, IGNORED, IGNORED)
    ),
    "p-description": policy(
        lambda h, n: h.describe_policy(n, "by hand"),
        "description",
        NEUTRAL,
        ("UpdatePolicyDescription",),
    ),
    "p-widened": policy(
        lambda h, n: h.version_policy(n, document("oss:GetObject", "oss:DeleteObject")),
        "document",
        EXCESS,
        REUSED,
        severity="critical",
    ),
    "p-narrowed": policy(
        lambda h, n: h.version_policy(n, document("oss:GetObject")),
        "document",
        GIVEN_BACK,
        REUSED,
        severity="critical",
        spec={"document": document("oss:GetObject", "oss:PutObject")},
    ),
    "p-escalating": policy(
        lambda h, n: h.version_policy(n, document("oss:GetObject")),
        "document",
        TAKEN,
        severity="critical",
        spec={"document": document("oss:GetObject", "ram:AttachPolicyToUser")},
    ),
    "p-replaced": policy(
        lambda h, n: h.version_policy(n, document("ecs:DeleteInstance")),
        "document",
        EXCESS,
        REUSED,
        severity="critical",
    ),
    "p-retagged": policy(
        lambda h, n: h.tag("policy", n, {"team": "b"}), "tags[team]", NEUTRAL, ("TagResources",)
    ),
}
DEFAULTS: dict[str, Json] = {
    "RamRole": {
        "trustPolicy": TRUST_FC,
        "description": "asked",
        "maxSessionDurationSeconds": 7200,
        "policies": [OSS],
        "tags": {"team": "a"},
    },
    "RamPolicy": {"document": DOCUMENT, "description": "asked", "tags": {"team": "a"}},
}


def named(entry: Json) -> str:
    """The identity that a call was about."""
    parameters = entry["parameters"]
    if "ResourceNames" in parameters:
        (name,) = json.loads(parameters["ResourceNames"])
        return str(name)
    return str(parameters.get("RoleName") or parameters["PolicyName"])


@pytest.mark.parametrize("drift_policy", ["Report", "RevertExcess", "Revert"])
def test_each_field_moved_by_hand(
    world: World, operator: OperatorProcess, drift_policy: str
) -> None:
    hands = Hands(world)
    world.policy("harmless")
    for name, move in MOVES.items():
        spec = {**DEFAULTS[move.kind], **move.spec, "driftPolicy": drift_policy}
        world.create(move.kind, name, spec)
    for name, move in MOVES.items():
        world.ready(move.kind, name)
    before = {name: world.cloud()[_plural(m)][name] for name, m in MOVES.items()}
    for name, move in MOVES.items():
        move.hand(hands, name)
    moved = {name: world.cloud()[_plural(m)][name] for name, m in MOVES.items()}
    world.settle()
    start = world.journal_end()

    first = world.look_all((move.kind, name) for name, move in MOVES.items())
    for name, move in MOVES.items():
        which = ("Report", "RevertExcess", "Revert").index(drift_policy)
        outcome = move.outcomes[which]
        calls = [e["action"] for e in world.writes(start) if named(e) == name]
        assert calls == (list(move.writes) if outcome == CORRECTED else []), name
        live = world.cloud()[_plural(move)][name]
        if outcome == CORRECTED:
            assert _told(live) == _told(before[name]), name
        else:
            assert live == moved[name], name
        _check_status(name, move, outcome, first[name])
        _check_metric(operator, world, name, move, outcome)

    # Looking again changes nothing and says nothing new.
    world.settle()
    end = world.journal_end()
    again = world.look_all((move.kind, name) for name, move in MOVES.items())
    assert [e["action"] for e in world.writes(end)] == []
    for name in MOVES:
        assert again[name]["status"].get("drift") == first[name]["status"].get("drift"), name
    _check_events(world, which)


def _plural(move: Move) -> str:
    return {"RamRole": "roles", "RamPolicy": "policies"}[move.kind]


def _told(live: Json) -> Json:
    """What people asked for; a version that was made by hand may stay in the list."""
    return {k: v for k, v in live.items() if k not in ("versions", "trust")}


def _check_status(name: str, move: Move, outcome: str, item: Json) -> None:
    drifted = condition(item, "Drifted")
    if outcome == IGNORED:
        assert drifted["reason"] == "NoDrift", name
        return
    assert move.where in drifted["message"], name
    if outcome == CORRECTED:
        assert (drifted["status"], drifted["reason"]) == ("False", "DriftCorrected"), name
        assert "drift" not in item["status"], name
        (corrected,) = item["status"]["corrected"]
        assert (corrected["field"], corrected["severity"]) == (move.where, move.severity), name
        assert corrected["at"]
        assert condition(item, "Ready")["status"] == "True", name
        return
    assert (drifted["status"], drifted["reason"]) == ("True", "DriftDetected"), name
    (entry,) = item["status"]["drift"]
    assert (entry["field"], entry["action"]) == (move.where, outcome), name
    assert entry["severity"] == move.severity, name
    assert entry["firstSeen"]
    reason = "ApprovalRequired" if outcome == HELD else "Drifted"
    assert condition(item, "Ready")["reason"] == reason, name


def _check_metric(
    operator: OperatorProcess, world: World, name: str, move: Move, outcome: str
) -> None:
    samples = [
        sample
        for family in text_string_to_metric_families(operator.metrics())
        for sample in family.samples
    ]
    about = {
        "kind": move.kind,
        "resource_namespace": world.namespace,
        "resource_name": name,
    }
    severities = [
        sample.labels["severity"]
        for sample in samples
        if sample.name == "ram_operator_drift_detected"
        and about.items() <= sample.labels.items()
        and sample.value == 1
    ]
    assert severities == ([move.severity] if outcome in (REPORTED, HELD) else []), name
    if outcome:
        labels = {
            "kind": move.kind,
            "field": move.where.partition("[")[0],
            "severity": move.severity,
            "action": outcome,
        }
        counted = [s for s in samples if s.name == "ram_operator_drift_changes_total"]
        assert any(s.labels == labels and s.value >= 1 for s in counted), name


def _check_events(world: World, which: int) -> None:
    reasons: dict[str, list[str]] = {CORRECTED: ["DriftCorrected"], IGNORED: []}
    expected = {
        name: reasons.get(move.outcomes[which], ["DriftDetected"]) for name, move in MOVES.items()
    }
    for name, told in expected.items():
        for reason in told:
            world.told(reason, name)
    for name, told in expected.items():
        found = [e for e in world.events() if e["involvedObject"]["name"] == name]
        assert [e["reason"] for e in found if e["reason"].startswith("Drift")] == told, name
