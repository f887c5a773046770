"""The gate: only here is a trust cleared, and only in two cases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.errors import Bug
from ram_operator.gate import clearance
from ram_operator.model.changes import Held
from ram_operator.model.permissions import Cleared
from ram_operator.model.records import RecordFacts
from ram_operator.model.vocabulary import HeldKind
from tests.unit import strategies_documents as strategies
from tests.unit.core import ACCOUNT, ANN, ECS, FC, OTHER_ID, OUTSIDER, record, trust
from tests.unit.profiles import examples

NEW = RecordFacts()
NARROWER, SAME = documents.Verdict.NARROWER, documents.Verdict.SAME


@pytest.mark.parametrize("seal", [None, object(), "seal", True])
def test_nobody_else_can_clear_a_trust(seal: object) -> None:
    with pytest.raises(Bug, match="outside the gate"):
        Cleared(seal, HeldKind.ROLE_CREATION, trust(FC))


def test_what_was_cleared_cannot_be_exchanged() -> None:
    cleared = clearance.judge_creation(trust(FC), ACCOUNT, NEW)
    assert isinstance(cleared, Cleared)
    with pytest.raises(AttributeError):
        cleared.trust = trust(OUTSIDER)  # type: ignore[misc] # that is what is tested


CREATED: dict[str, tuple[documents.Trust, RecordFacts]] = {
    "a harmless trust": (trust(FC), NEW),
    "a finding that only warns": (trust(ANN), NEW),
    "the trust it had before": (trust(FC, ECS), record(trust(ECS, FC))),
}
NOT_CREATED: dict[str, tuple[documents.Trust, RecordFacts, str]] = {
    "another account": (trust(FC, OUTSIDER), NEW, "dangerous"),
    "everybody": (trust(("RAM", "*")), NEW, "dangerous"),
    "a principal nobody knows": (trust(("RAM", "x")), NEW, "dangerous"),
    "another account that it had before": (trust(OUTSIDER), record(trust(OUTSIDER)), "dangerous"),
    "more than it had before": (trust(FC, ECS), record(trust(FC)), "another trust"),
    "less than it had before": (trust(FC), record(trust(FC, ECS)), "another trust"),
    "another than it had before": (trust(FC), record(trust(ECS)), "another trust"),
    "a trust that cannot be compared with the one before": (
        trust(FC),
        record(trust(FC, condition={"Maybe": {"x": "y"}})),
        "another trust",
    ),
    "a record that cannot be read": (
        trust(FC),
        replace(record(None), baseline_unreadable=True),
        "cannot be read",
    ),
}


@pytest.mark.parametrize(("asked", "facts"), CREATED.values(), ids=CREATED)
def test_a_role_is_created_with(asked: documents.Trust, facts: RecordFacts) -> None:
    cleared = clearance.judge_creation(asked, ACCOUNT, facts)
    assert isinstance(cleared, Cleared)
    assert (cleared.operation, cleared.trust, cleared.before) == (
        HeldKind.ROLE_CREATION,
        asked,
        None,
    )


@pytest.mark.parametrize(("asked", "facts", "words"), NOT_CREATED.values(), ids=NOT_CREATED)
def test_a_role_waits_with(asked: documents.Trust, facts: RecordFacts, words: str) -> None:
    held = clearance.judge_creation(asked, ACCOUNT, facts)
    assert isinstance(held, Held)
    assert held.kind == HeldKind.ROLE_CREATION
    assert words in held.summary
    assert held.gains or held.losses


def test_a_trusted_account_may_be_in_a_new_role() -> None:
    account = replace(ACCOUNT, trusted_accounts=frozenset({OTHER_ID}))
    assert isinstance(clearance.judge_creation(trust(OUTSIDER), account, NEW), Cleared)


def live_trust(*actions: str) -> documents.Trust:
    """One statement per action, all for a user whom the record does not know."""
    statements = [
        {"Effect": "Allow", "Action": action, "Principal": {"RAM": [OUTSIDER[1]]}}
        for action in actions
    ]
    return documents.parse_trust({"Version": "1", "Statement": statements}, lenient=True)


UNDER_ID = {"StringEquals": {"sts:ExternalId": "e"}}
UNDER_TWO = {**UNDER_ID, "DateLessThan": {"acs:CurrentTime": "2030-01-01T00:00:00Z"}}
TAKEN_BACK: dict[str, tuple[documents.Trust, documents.Trust, documents.Trust | None]] = {
    # live, what the record holds, what is sent (None: nobody can assume the role any more)
    "an addition": (trust(FC, ANN), trust(FC), trust(FC)),
    "a condition dropped": (trust(ANN), trust(ANN, condition=UNDER_ID), None),
    "an addition beside a loss": (trust(FC, ANN), trust(FC, ECS), trust(FC)),
    "everything replaced": (trust(ANN), trust(FC), None),
    "everything replaced, for any action": (live_trust("*"), trust(FC), None),
    "everything replaced, for more actions than one": (
        live_trust("ecs:*", "sts:AssumeRole"),
        trust(FC),
        None,
    ),
    "everything replaced, under conditions": (trust(ANN, condition=UNDER_TWO), trust(FC), None),
}


@pytest.mark.parametrize(("live", "asked", "sent"), TAKEN_BACK.values(), ids=TAKEN_BACK)
def test_what_was_added_by_hand_is_taken_back(
    live: documents.Trust, asked: documents.Trust, sent: documents.Trust | None
) -> None:
    cleared = clearance.judge_take_back(live, asked, ACCOUNT)
    if isinstance(cleared, Held):
        pytest.fail(f"held: {cleared}")
    assert (cleared.operation, cleared.before) == (HeldKind.TRUST_TAKEN_BACK, live)
    assert documents.compare_trust(live, cleared.trust).verdict is NARROWER
    if sent is not None:
        assert documents.compare_trust(cleared.trust, sent).verdict is SAME


NOT_TAKEN_BACK: dict[str, tuple[documents.Trust, documents.Trust]] = {
    "a loss": (trust(FC), trust(FC, ANN)),
    "a live document of which nothing is understood": (
        trust(FC, condition={"Maybe": {"x": "y"}}),
        trust(ANN),
    ),
    "nobody": (documents.NOBODY, trust(FC)),
    "a role that is closed already": (
        trust(ANN, condition={"DateLessThan": {"acs:CurrentTime": clearance.NEVER}}),
        trust(FC),
    ),
}


@pytest.mark.parametrize(("live", "asked"), NOT_TAKEN_BACK.values(), ids=NOT_TAKEN_BACK)
def test_it_is_held(live: documents.Trust, asked: documents.Trust) -> None:
    held = clearance.judge_take_back(live, asked, ACCOUNT)
    assert isinstance(held, Held)
    assert held.kind == HeldKind.TRUST_CHANGE


def test_a_held_change_says_who_gains_who_loses_and_what_the_rules_say() -> None:
    held = clearance.hold_change(trust(FC), trust(OUTSIDER), ACCOUNT)
    assert held.summary == "trust change (mixed)"
    assert any(OTHER_ID in text for text in held.gains)
    assert any("fc.aliyuncs.com" in text for text in held.losses)
    assert "RAM002" in {finding.id for finding in held.findings}


def parse(document: Any) -> documents.Trust:
    return documents.parse_trust(document, lenient=True)


_ODD_AND_SOUND = st.tuples(
    strategies.documents(trust=True, odd=True), strategies.documents(trust=True)
)


@examples(60)
@given(strategies.series(trust=True) | _ODD_AND_SOUND)
def test_a_take_back_provably_gives_nothing_but_what_was_agreed_on(pair: Any) -> None:
    live, asked = parse(pair[0]), parse(pair[1])
    cleared = clearance.judge_take_back(live, asked, ACCOUNT)
    if isinstance(cleared, Cleared):
        comparison = documents.compare_trust(live, cleared.trust)
        assert comparison.verdict in (NARROWER, documents.Verdict.UNKNOWN)
        assert comparison.losses != ()
        assert not documents.compare_trust(asked, clearance.in_force(cleared.trust)).gains
        assert cleared.before == live
        documents.parse_trust(cleared.trust.to_json())


@examples(60)
@given(strategies.series(trust=True), st.booleans())
def test_a_re_creation_never_has_another_meaning_than_before(pair: list[Any], same: bool) -> None:
    asked = parse(pair[0])
    before = asked if same else parse(pair[1])
    verdict = clearance.judge_creation(asked, ACCOUNT, record(before))
    if isinstance(verdict, Cleared):
        assert documents.compare_trust(before, asked).verdict is SAME
        assert verdict.trust == asked
