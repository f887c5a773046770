"""What the rules say of what waits for nobody: in the plan, in the status and as a metric."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from ram_operator.constants import Reason
from ram_operator.gate.inputs import Approval
from ram_operator.gate.remarks import SUPPRESSIBLE
from ram_operator.kinds import manifest
from ram_operator.model.outcome import Outcome
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Phase, Presence
from ram_operator.observability.object_metrics import ObjectState, state_of
from ram_operator.planning import plan
from tests.structure.pure import ROOT
from tests.unit.core import (
    ACCOUNT_ID,
    ALLOW_READ,
    ANN,
    ECS,
    FC,
    OUTSIDER,
    inputs,
    live,
    made,
    remembered,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.outcomes import after, build

OIDC = ("Federated", f"acs:ram::{ACCOUNT_ID}:saml-provider/idp")
WHOLE = ("RAM", f"acs:ram::{ACCOUNT_ID}:root")
ABSENT = Live(Presence.ABSENT)


def ids(decision: plan.Plan) -> list[str]:
    return [finding.id for finding in decision.remarks]


@pytest.mark.parametrize(
    ("principal", "expected"), [(FC, "RAM010"), (WHOLE, "RAM007"), (OIDC, "RAM008")]
)
def test_of_a_new_role_all_that_a_rule_warns_of_is_shown(principal: Any, expected: str) -> None:
    asked = wanted({"trustPolicy": trust_json(principal)})
    new, old = (
        inputs(asked, ABSENT, remembered(asked)),
        inputs(asked, made(asked), remembered(asked)),
    )
    for decision in (plan.create(new), plan.update(old)):
        assert ids(decision) == [expected]
        assert decision.held is None


def test_nothing_is_said_twice_of_a_creation_that_waits() -> None:
    asked = wanted({"trustPolicy": trust_json(OUTSIDER)})
    decision = plan.create(inputs(asked, ABSENT, remembered(wanted({}))))
    assert decision.held is not None
    assert ids(decision) == []


def test_while_a_change_waits_the_trust_in_force_is_spoken_of() -> None:
    before = wanted({"trustPolicy": trust_json(ANN)})
    asked = wanted({"trustPolicy": trust_json(ANN, ECS)})
    decision = plan.update(inputs(asked, made(before), remembered(before)))
    assert decision.held is not None
    assert ids(decision) == []


def test_a_key_that_nobody_lists_is_written_and_shown() -> None:
    odd = {**ALLOW_READ, "Condition": {"StringEquals": {"acs:Nothing": "x"}}}
    asked = wanted_policy(document={"Version": "1", "Statement": [odd]})
    decision = plan.create(inputs(asked, ABSENT, remembered(asked)))
    assert ids(decision) == ["RAM025"]
    assert decision.steps
    (finding,) = decision.remarks
    assert "acs:Nothing" in finding.message


NOW = "2026-06-01T00:00:00Z"
SOON = "2026-09-01T00:00:00Z"
ACCEPTED: dict[str, tuple[str, str, bool]] = {
    "for some months": ("RAM035", SOON, True),
    "for a year": ("RAM035", "2027-06-01T00:00:00Z", True),
    "for longer": ("RAM035", "2027-06-03T00:00:00Z", False),
    "until now": ("RAM035", NOW, False),
    "another rule": ("RAM034", SOON, False),
    "a rule of the gate": ("RAM010", SOON, False),
    "no time": ("RAM035", "soon", False),
}


@pytest.mark.parametrize(("rule", "until", "counts"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_a_manifest_accepts_is_shown_and_not_counted(
    rule: str, until: str, counts: bool
) -> None:
    spec = {"suppressedFindings": [{"rule": rule, "reason": "a batch", "until": until}]}
    asked, options = wanted(spec), manifest.options(spec)
    memory = replace(remembered(asked), options=options)
    there = live(maxSessionDurationSeconds=43200)
    given = replace(inputs(asked, there, memory), approval=Approval(now=NOW))
    decision = plan.update(given)
    assert ids(decision) == ["RAM010", "RAM035"]
    outcome = Outcome(Phase.DONE, Reason.SYNCED, "as asked", plan=decision, live=there)
    status = after(outcome)
    marked = {f["id"]: f.get("suppressedUntil") for f in status["findings"]}
    assert marked == {"RAM010": None, "RAM035": until if counts else None}
    assert [f.get("reason") for f in status["findings"] if f["id"] == "RAM035"] == [
        "a batch" if counts else None
    ]
    counted = {name for name, _ in state_of(outcome, status, None, ObjectState(), 0.0).findings}
    assert counted == ({"RAM010"} if counts else {"RAM010", "RAM035"})


def test_each_schema_names_the_rules_that_may_be_accepted() -> None:
    for kind in ("roles", "users", "groups", "policies"):
        crd = yaml.safe_load((ROOT / "crds" / f"ram{kind}.yaml").read_text())
        schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
        items = schema["spec"]["properties"]["suppressedFindings"]["items"]
        assert items["properties"]["rule"]["enum"] == sorted(SUPPRESSIBLE)


def test_status_and_metric_show_them_until_they_are_gone() -> None:
    asked = wanted({})
    decision = plan.update(inputs(asked, live(), remembered(asked)))
    outcome = Outcome(Phase.DONE, Reason.SYNCED, "as asked", plan=decision, live=live())
    status = after(outcome)
    assert [finding["id"] for finding in status["findings"]] == ["RAM010"]
    state = state_of(outcome, status, None, ObjectState(), 0.0)
    assert state.findings == (("RAM010", "warning"),)
    blind = replace(outcome, plan=None)
    assert build(blind, status).status["findings"] == status["findings"]
    quiet = replace(outcome, plan=replace(decision, remarks=()))
    assert "findings" not in build(quiet, status).status
