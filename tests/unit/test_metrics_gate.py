"""Which decisions of the gate are counted: what it let through, and by whose word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from ram_operator.constants import Reason
from ram_operator.gate.inputs import Guard
from ram_operator.model.objects import Key
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.records import RecordFacts
from ram_operator.model.steps import (
    Attach,
    Create,
    Detach,
    Expel,
    Join,
    NewIdentity,
    Step,
    Tag,
    WriteDocument,
    permit_of,
)
from ram_operator.model.vocabulary import Cause, Direction, Phase, Presence
from ram_operator.observability.metrics import Metrics
from ram_operator.planning import plan
from tests.unit.core import (
    ECS,
    FC,
    OUTSIDER,
    attachment,
    inputs,
    live,
    policy,
    remembered,
    trust,
    trust_json,
    wanted,
)
from tests.unit.steps_by_example import of_attributes, of_entries
from tests.unit.test_plan_approved import decided

Counts = dict[tuple[str, str], float]


def counted(decision: Plan, kind: str = "RamRole", **status: Any) -> Counts:
    """What a pass counts that carried out all of it: by verdict and rule."""
    metrics = Metrics(CollectorRegistry())
    outcome = Outcome(Phase.DONE, Reason.SYNCED, "", plan=decision, steps_done=decision.steps)
    metrics.passed(Key(kind, "apps", "web"), outcome, {}, status)
    return {
        (sample.labels["verdict"], sample.labels["rule"]): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "ram_operator_gate_decisions_total"
    }


WIDER, NARROWER, NEUTRAL = Direction.WIDER, Direction.NARROWER, Direction.NEUTRAL
CREATE = Create(summary="", new=NewIdentity("web", {}))
DOCUMENT = WriteDocument(
    summary="",
    cause=Cause.INTENT,
    direction=Direction.MIXED,
    field="document",
    document=policy(),
)
NOTHING_JUDGED = [
    ("RamUser", CREATE),
    ("RamGroup", CREATE),
    ("RamRole", of_attributes("description")),
    ("RamRole", of_attributes("maxSessionDurationSeconds", direction=NARROWER)),
    ("RamRole", of_entries(Tag, "tags", "a")),
    ("RamRole", of_entries(Detach, "policies", "a", direction=NARROWER)),
    ("RamGroup", of_entries(Expel, "members", "a", direction=NARROWER)),
]


@pytest.mark.parametrize(("kind", "done"), NOTHING_JUDGED, ids=str)
def test_what_the_gate_is_not_asked_about_is_no_decision(kind: str, done: Step) -> None:
    assert counted(Plan(steps=(done,)), kind) == {}


@pytest.mark.parametrize(
    ("kind", "done"),
    [
        ("RamUser", of_entries(Attach, "policies", "a", direction=WIDER)),
        ("RamGroup", of_entries(Join, "members", "a", direction=WIDER)),
        ("RamPolicy", DOCUMENT),
        ("RamRole", of_attributes("description", "maxSessionDurationSeconds", direction=WIDER)),
    ],
)
def test_a_right_that_gives_no_right_to_change_rights_is_allowed(kind: str, done: Step) -> None:
    assert counted(Plan(steps=(done, done)), kind) == {("allowed", "none"): 1}


def test_a_role_that_is_created_with_a_harmless_trust_is_allowed() -> None:
    asked = wanted({})
    absent = replace(live(), presence=Presence.ABSENT)
    decision = plan.create(inputs(asked, absent, replace(remembered(asked), record=RecordFacts())))
    assert [done.verb for done in decision.steps] == ["create"]
    assert counted(decision) == {("allowed", "none"): 1}


@pytest.mark.parametrize(
    "asked",
    [
        {"trustPolicy": trust_json(FC, ECS)},
        {"policies": [attachment("System/AdministratorAccess")]},
        {
            "trustPolicy": trust_json(FC, ECS),
            "policies": [attachment("System/AdministratorAccess")],
        },
    ],
    ids=["a trust", "a grant", "both"],
)
def test_what_a_person_approved_counts_once_and_not_as_allowed(asked: dict[str, Any]) -> None:
    before, after = decided(wanted(asked), live(), remembered(wanted({})))
    assert all(verdict == "held" for verdict, _ in counted(before, pending={"kind": "x"}))
    assert all(permit_of(done) for done in after.steps)
    assert counted(after) == {("approved", "none"): 1}


def test_what_is_taken_back_counts_beside_what_is_held() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS)})
    found = live(trustPolicy=trust(FC, OUTSIDER))
    before, _ = decided(asked, found, remembered(wanted({})))
    assert before.held is not None
    counts = counted(before, pending={"kind": "TrustChange"})
    assert counts[("allowed", "none")] == 1
    assert {verdict for verdict, _ in counts} == {"allowed", "held"}


def test_the_guard_of_approvals_is_shown_and_each_probe_counted() -> None:
    metrics = Metrics(CollectorRegistry())
    for result in ("holds", "accepted", "accepted"):
        metrics.guard_probed("RamRole", result)
    of = metrics.registry.get_sample_value
    probes = "ram_operator_guard_probes_total"
    assert of(probes, {"kind": "RamRole", "result": "holds"}) == 1
    assert of(probes, {"kind": "RamRole", "result": "accepted"}) == 2
    for state in (Guard.INTACT, Guard.REDUCED, Guard.MISSING):
        for waived in (True, False):
            metrics.guarded(state, waived)
            assert of("ram_operator_approvals_guarded") == (state is Guard.INTACT)
            assert of("ram_operator_guard_reduced") == (state is Guard.REDUCED)
            assert of("ram_operator_unguarded_approvals") == waived
