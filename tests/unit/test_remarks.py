"""What the rules say of what waits for nobody: in the plan, in the status and as a metric."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import Reason
from ram_operator.model.outcome import Outcome
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Phase, Presence
from ram_operator.observability.object_metrics import ObjectState, state_of
from ram_operator.planning import plan
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
ROOT = ("RAM", f"acs:ram::{ACCOUNT_ID}:root")
ABSENT = Live(Presence.ABSENT)


def ids(decision: plan.Plan) -> list[str]:
    return [finding.id for finding in decision.remarks]


@pytest.mark.parametrize(
    ("principal", "expected"), [(FC, "RAM010"), (ROOT, "RAM007"), (OIDC, "RAM008")]
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
