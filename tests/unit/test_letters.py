"""A trust that was saved in other letters: shown, never written over, and a door to nobody.

What RAM makes of letters is not documented, so the oracle decides every request in each way that
there is to read a document.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy, Severity
from ram_operator.documents import Verdict
from ram_operator.gate import clearance
from ram_operator.model import provider_states
from ram_operator.model.objects import Entry
from ram_operator.model.outcome import Plan
from ram_operator.model.vocabulary import Cause, Disposition, DriftAction, HeldKind
from ram_operator.planning import diff, plan
from tests.unit import judging as drift
from tests.unit.core import (
    ACCOUNT_ID,
    ANN,
    ECS,
    FC,
    OUTSIDER,
    ROLE,
    attachment,
    inputs,
    live,
    made,
    policies,
    record,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.letters import (
    ANN_WITH_CAPITAL,
    BOB,
    IDP,
    MFA,
    OTHERS,
    RESPELLINGS,
    ROOT,
    looked,
    other_version,
)

Json = Any


@pytest.mark.parametrize("policy", DriftPolicy)
@pytest.mark.parametrize(("agreed", "found"), RESPELLINGS.values(), ids=RESPELLINGS)
def test_another_spelling_is_shown_and_left(
    agreed: documents.Trust, found: documents.Trust, policy: DriftPolicy
) -> None:
    for before, after in ((agreed, found), (found, agreed)):
        try:
            documents.parse_trust(before.to_json())
        except documents.DocumentError:
            continue
        decision = looked(before, after, drift=policy)
        assert decision.steps == ()
        assert decision.held is None
        assert decision.drift == ()
        assert decision.waiting == ()
        assert decision.in_sync
        assert decision.baseline == before
        (entry,) = decision.respelled
        assert (entry.field, entry.severity, entry.action) == (
            "trustPolicy",
            Severity.INFO,
            DriftAction.RESPELLED,
        )
        assert "most likely the same" in entry.now
        assert "in the manifest" in entry.now


@pytest.mark.parametrize(("agreed", "found"), OTHERS.values(), ids=OTHERS)
def test_what_may_be_somebody_else_is_taken_back_as_ever(
    agreed: documents.Trust, found: documents.Trust
) -> None:
    decision = looked(agreed, found)
    assert decision.respelled == ()
    # Who came in, and perhaps who was agreed on and is not there.
    back, *left = [entry.action for entry in decision.drift]
    assert (back, left) in (("corrected", []), ("corrected", ["reported"]))
    assert {entry.severity for entry in decision.drift} == {Severity.CRITICAL}
    (step,) = decision.steps
    sent = step.cleared.trust
    assert not documents.compare_trust(agreed, clearance.in_force(sent)).gains


UNREADABLE: Final[dict[str, documents.Trust]] = {
    "a letter of another script": trust((ANN[0], ANN[1].replace("nn", "n\u043f"))),
    "a condition": trust(ANN_WITH_CAPITAL, condition={"Maybe": {"x": "y"}}),
}


@pytest.mark.parametrize("found", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_no_spelling(found: documents.Trust) -> None:
    decision = looked(trust(ANN), found)
    assert decision.respelled == ()
    assert decision.held is not None
    assert [entry.severity for entry in decision.drift] == [Severity.CRITICAL]


COMBINED: Final[dict[str, tuple[documents.Trust, documents.Trust, documents.Trust]]] = {
    # what was agreed on, what the cloud has, what is sent
    "a stranger": (trust(ANN), trust(ANN_WITH_CAPITAL, OUTSIDER), trust(ANN)),
    "a stranger, and the agreed spelling as well": (
        trust(ANN),
        trust(ANN_WITH_CAPITAL, ANN, OUTSIDER),
        trust(ANN),
    ),
    "the agreed spelling as well": (trust(ANN), trust(ANN_WITH_CAPITAL, ANN), trust(ANN)),
    "a stranger, and somebody who was thrown out": (
        trust(ANN, ECS, FC),
        trust(ANN_WITH_CAPITAL, FC, OUTSIDER),
        trust(ANN, FC),
    ),
    "a stranger in letters of his own": (trust(ANN), trust(ANN_WITH_CAPITAL, BOB), trust(ANN)),
    "a stranger, and the account as its number": (
        trust(ROOT),
        trust(("RAM", ACCOUNT_ID), OUTSIDER),
        trust(ROOT),
    ),
    "a stranger, and no version": (
        trust(ANN),
        other_version(trust_json(ANN, OUTSIDER), Version=None),
        trust(ANN),
    ),
    "a stranger, and a provider": (
        trust(IDP),
        trust((IDP[0], IDP[1].lower()), OUTSIDER),
        trust(IDP),
    ),
    "a condition that was dropped": (
        trust(ANN, condition=MFA),
        trust(ANN_WITH_CAPITAL),
        trust(ANN, condition=MFA),
    ),
}


@pytest.mark.parametrize(("agreed", "found", "sent"), COMBINED.values(), ids=COMBINED)
def test_a_stranger_goes_and_letters_cut_nobody_off(
    agreed: documents.Trust, found: documents.Trust, sent: documents.Trust
) -> None:
    (step,) = looked(agreed, found).steps
    assert documents.compare_trust(step.cleared.trust, sent).verdict is Verdict.SAME


def test_who_was_thrown_out_beside_a_respelling_is_not_given_back() -> None:
    decision = looked(trust(ANN, FC), trust(ANN_WITH_CAPITAL))
    assert decision.steps == ()
    assert decision.held is not None
    assert any("fc.aliyuncs.com" in text for text in decision.held.gains)
    (entry,) = decision.drift
    assert (entry.severity, entry.action) == (Severity.CRITICAL, "held")


def test_a_condition_that_nobody_can_read_takes_nobody_out() -> None:
    odd = trust(ANN, condition={"Maybe": {"x": "y"}})
    found = documents.Trust("{}", (*trust(FC).grants, *odd.grants))
    decision = looked(trust(ANN, FC), found)
    assert decision.steps == ()
    assert decision.held is not None


def test_an_edit_of_letters_is_held_like_any_other() -> None:
    before = wanted({"trustPolicy": trust_json(ANN)})
    asked = wanted({"trustPolicy": trust_json(ANN_WITH_CAPITAL)})
    decision = plan.update(inputs(asked, made(before), remembered(before)))
    assert decision.steps == ()
    assert decision.held is not None
    assert decision.held.verdict == "unknown"


def test_a_new_edit_beside_a_respelling_is_held_and_nothing_is_taken_back() -> None:
    before = wanted({"trustPolicy": trust_json(ANN)})
    asked = wanted({"trustPolicy": trust_json(ANN, FC)})
    found = live(trustPolicy=trust(ANN_WITH_CAPITAL))
    decision = plan.update(inputs(asked, found, remembered(before)))
    assert decision.steps == ()
    assert decision.held is not None
    assert decision.drift == ()
    assert [entry.action for entry in decision.respelled] == [DriftAction.RESPELLED]


def test_what_the_cloud_has_is_taken_over_by_writing_it_in_the_manifest() -> None:
    before = wanted({"trustPolicy": trust_json(ANN)})
    asked = wanted({"trustPolicy": trust_json(ANN_WITH_CAPITAL)})
    settled = inputs(asked, live(trustPolicy=trust(ANN_WITH_CAPITAL)), remembered(before))
    decision = plan.update(settled)
    assert (decision.steps, decision.held, decision.respelled) == ((), None, ())
    assert decision.baseline == trust(ANN_WITH_CAPITAL)


def test_nobody_gets_more_while_letters_may_make_a_difference() -> None:
    before = wanted({"trustPolicy": trust_json(ANN)})
    asked = wanted({"trustPolicy": trust_json(ANN), "policies": [attachment("Custom/a")]})
    found = live(trustPolicy=trust(ANN_WITH_CAPITAL), policies=policies())
    decision = plan.update(inputs(asked, found, remembered(before)))
    assert decision.steps == ()
    assert any("Custom/a" in text for text in decision.waiting)
    # Somebody has to settle it, so it counts as drift from here on.
    (entry,) = decision.drift_remaining
    assert (entry.field, entry.severity, entry.action) == (
        "trustPolicy",
        Severity.INFO,
        "reported",
    )
    assert decision.respelled == ()


def test_a_permission_document_without_a_version_is_left_as_well() -> None:
    asked = wanted_policy()
    statements = [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}]
    there = documents.parse_policy({"Statement": statements}, lenient=True)
    found = replace(made(asked), fields={**made(asked).fields, "document": there})
    decision = plan.update(inputs(asked, found, remembered(asked)))
    assert decision.steps == ()
    assert [entry.field for entry in decision.respelled] == ["document"]


def test_resources_in_other_letters_may_be_other_resources() -> None:
    """Names of objects in OSS heed case: what may be another thing is put back."""

    def reading(name: str) -> Json:
        resource = f"acs:oss:*:*:{name}"
        statement = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": resource}
        return {"Version": "1", "Statement": [statement]}

    asked = wanted_policy(document=reading("a/Logs"))
    moved = documents.parse_policy(reading("a/logs"), lenient=True)
    found = replace(made(asked), fields={**made(asked).fields, "document": moved})
    (step,) = plan.update(inputs(asked, found, remembered(asked))).steps
    assert step.verb == "document"


def test_the_table_of_rows_that_the_judgement_rests_on() -> None:
    """Spellings that may be another thing, and those that are shown, are told apart by one flag."""
    for agreed, found in RESPELLINGS.values():
        assert documents.compare_trust(agreed, found).respelled
    for agreed, found in OTHERS.values():
        assert not documents.compare_trust(agreed, found).respelled


def test_only_drift_is_judged_so() -> None:
    before = wanted({"trustPolicy": trust_json(ANN)})
    asked = wanted({"trustPolicy": trust_json(ANN_WITH_CAPITAL)})
    (change,) = diff.changes(ROLE, asked, made(before))
    item = drift.judge(ROLE, asked, change, remembered(before))
    assert item is not None
    assert (item.cause, item.disposition) == (Cause.INTENT, Disposition.HOLD)


GIT: Final = "oidc-provider/Git"
OTHER_GIT: Final = GIT.lower()
BOUND: Final = {"StringEquals": {"oidc:sub": "repo:app", "oidc:aud": "ci", "oidc:iss": "https://g"}}
GENUINE: Final = provider_states.oidc("https://g.example", ["ci"], ["aa"])
FORGED: Final = provider_states.oidc("https://g.example", ["ci"], ["bb"])


def federated(name: str) -> documents.Trust:
    return trust(("Federated", f"acs:ram::{ACCOUNT_ID}:{name}"), condition=BOUND)


def behind(asked: str, found: str, now: str, **known: str) -> Plan:
    """A trust in a provider, by the names of manifest and cloud, which is now `now`."""
    desired = wanted({"trustPolicy": json.loads(federated(asked).to_json())})
    memory = remembered(desired)
    facts = replace(record(federated(GIT)), providers=known or {GIT: GENUINE}, settled=True)
    sight = {name: Entry(name, now) for name in {asked, found}}
    state = inputs(desired, live(trustPolicy=federated(found)), replace(memory, record=facts))
    return plan.update(replace(state, providers=sight))


@pytest.mark.parametrize("asked", [GIT, OTHER_GIT])
def test_a_provider_cannot_be_exchanged_under_other_letters(asked: str) -> None:
    decision = behind(asked, OTHER_GIT, FORGED)
    assert decision.held is not None
    assert decision.held.kind == HeldKind.PROVIDER_CHANGE
    assert [change.entry for change in decision.held.changes] == [OTHER_GIT]
    noted = [step.providers for step in decision.steps]
    assert all(FORGED not in notes.values() for notes in noted)


def test_what_was_agreed_on_of_a_provider_goes_along_to_other_letters() -> None:
    both = behind(GIT, OTHER_GIT, GENUINE)
    assert both.held is None
    (step,) = both.steps
    assert step.providers == {OTHER_GIT: GENUINE}
    settled = behind(OTHER_GIT, OTHER_GIT, GENUINE)
    (step,) = settled.steps
    assert step.providers == {GIT: "", OTHER_GIT: GENUINE}
    assert behind(GIT, OTHER_GIT, GENUINE, **{GIT: GENUINE, OTHER_GIT: GENUINE}).steps == ()


def test_each_of_two_providers_is_what_was_agreed_on_of_it() -> None:
    decision = behind(OTHER_GIT, OTHER_GIT, FORGED, **{GIT: GENUINE, OTHER_GIT: FORGED})
    assert decision.held is None
