"""What a policy denies is part of what its holders may do: to take it away gives something back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy
from ram_operator.gate import clearance
from ram_operator.gate.inputs import Approval, Inputs, Memory
from ram_operator.gate.offering import HAD
from ram_operator.kinds.table import KINDS
from ram_operator.model.outcome import Plan
from ram_operator.model.state import Desired, Live
from ram_operator.model.steps import Attach, Detach
from ram_operator.model.vocabulary import Cause, Direction
from ram_operator.planning import plan
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import ACCOUNT, FC, policies, policy, trust
from tests.unit.test_expiry import day
from tests.unit.test_grants import ADMIN, KNOWN, MEMBER, after, asked, there, update, waits

ROLE, GROUP, POLICY = KINDS["RamRole"], KINDS["RamGroup"], KINDS["RamPolicy"]
GUARD, KEY = "Custom/Guard", "Custom/guard"
DENIED = ("can assume roles (sts:AssumeRole): so far denies sts:*",)
GUARDED = replace(KNOWN, denials={KEY: DENIED}, gives_nothing=frozenset({KEY}))
MIXED = replace(KNOWN, denials={KEY: DENIED})
QUIET = replace(KNOWN, gives_nothing=frozenset({KEY}))
HARMLESS = replace(KNOWN, harmless_policies=KNOWN.harmless_policies | {KEY})


def statement(effect: str, *actions: str) -> Any:
    return {"Effect": effect, "Action": list(actions), "Resource": "*"}


def left(memory: Memory, *policies: str, **options: Any) -> tuple[Desired, Live, Memory]:
    """A role that had the guard, and whose manifest names it no more."""
    before = asked("RamRole", GUARD, *policies)
    options = {"options": replace(KNOWN.options, **options)} if options else {}
    kept = replace(after(ROLE, before), denials=memory.denials, **options)
    kept = replace(kept, gives_nothing=memory.gives_nothing)
    return asked("RamRole", *policies), there(before), kept


@pytest.mark.parametrize("memory", [GUARDED, MIXED])
def test_a_policy_that_denies_rights_is_detached_once_a_person_agrees(memory: Memory) -> None:
    wanted, live, memory = left(memory, ADMIN)
    decision = update(ROLE, wanted, live, memory)
    assert waits(decision) == [("policies", KEY)]
    assert decision.steps == ()
    assert decision.held is not None
    assert decision.held.gains == ("policies: Custom/Guard would be taken away, which denies",)
    assert [f.message for f in decision.held.findings if DENIED[0] in f.message]
    assert KEY in decision.applied.entries["policies"]
    facts = offered(decision.held, replace(memory.record, sequence=7, settled=True))
    said = Inputs(ROLE, ACCOUNT, wanted, live, replace(memory, record=facts), approved(facts))
    done = plan.update(said)
    assert [(s.verb, s.direction) for s in done.steps] == [
        ("detach", Direction.WIDER if memory.gives_nothing else Direction.MIXED)
    ]
    (step,) = done.steps
    assert isinstance(step, Detach)
    assert clearance.allows(step.permit, step)
    added = Attach(
        summary="",
        cause=Cause.INTENT,
        direction=Direction.WIDER,
        field=step.field,
        entries=step.entries,
        permit=step.permit,
    )
    assert not clearance.allows(step.permit, added)


def test_what_denies_nothing_of_rights_goes_at_once_and_last() -> None:
    decision = update(ROLE, *left(QUIET, ADMIN))
    assert waits(decision) == []
    assert [(s.verb, s.direction) for s in decision.steps] == [("detach", Direction.WIDER)]


def test_it_waits_while_the_role_is_to_lose_somebody() -> None:
    """Who is about to be cut off would have more until then."""
    wanted, live, memory = left(QUIET, ADMIN)
    both, one = trust(FC, ("Service", "ecs.aliyuncs.com")), trust(FC)
    narrowed = replace(wanted, fields={**wanted.fields, "trustPolicy": one})
    memory = replace(memory, record=replace(memory.record, baseline=both))
    live = replace(live, fields={**live.fields, "trustPolicy": both})
    assert update(ROLE, narrowed, live, memory).steps == ()


def by_hand(memory: Memory, drift: DriftPolicy) -> Plan:
    """The guard was attached by hand."""
    before = asked("RamRole", ADMIN)
    kept = replace(
        after(ROLE, before),
        options=replace(KNOWN.options, drift=drift),
        denials=memory.denials,
        gives_nothing=memory.gives_nothing,
    )
    return update(ROLE, before, there(before, policies=policies(ADMIN, GUARD)), kept)


def test_what_only_denies_is_no_excess() -> None:
    for memory in (GUARDED, QUIET):
        decision = by_hand(memory, DriftPolicy.REVERT_EXCESS)
        assert (decision.steps, waits(decision)) == ((), [])
        assert [entry.action for entry in decision.drift] == ["reported"]


def test_what_allows_beside_it_is_excess() -> None:
    for memory in (MIXED, KNOWN):
        decision = by_hand(memory, DriftPolicy.REVERT_EXCESS)
        assert [(s.verb, s.cause) for s in decision.steps] == [("detach", Cause.DRIFT)]


def test_revert_gives_no_right_back_by_itself() -> None:
    assert waits(by_hand(GUARDED, DriftPolicy.REVERT)) == [("policies", KEY)]
    assert [s.verb for s in by_hand(QUIET, DriftPolicy.REVERT).steps] == ["detach"]


def members(memory: Memory) -> tuple[Desired, Live, Memory]:
    """Bob is to leave the group that has the guard."""
    before = asked("RamGroup", GUARD, members=[MEMBER])
    kept = replace(after(GROUP, before), denials=memory.denials)
    kept = replace(kept, gives_nothing=memory.gives_nothing)
    return asked("RamGroup", GUARD, members=[]), there(before), kept


def test_who_leaves_a_group_that_denies_has_more_than_before() -> None:
    assert waits(update(GROUP, *members(GUARDED))) == [("members", "bob")]
    decision = update(GROUP, *members(QUIET))
    assert [(s.verb, s.direction) for s in decision.steps] == [("expel", Direction.WIDER)]


def test_an_agreed_end_comes_all_the_same() -> None:
    wanted, live, memory = members(MIXED)
    wanted = replace(wanted, ended=frozenset({"members[bob]"}))
    assert waits(update(GROUP, wanted, live, memory)) == [("members", "bob")]
    memory = replace(memory, record=replace(memory.record, ends={"members[bob]": day(-1)}))
    now = Inputs(GROUP, ACCOUNT, wanted, live, memory, Approval(now=day(0)))
    assert [s.verb for s in plan.update(now).steps] == ["expel"]
    later = replace(memory, record=replace(memory.record, ends={"members[bob]": day(1)}))
    assert waits(plan.update(replace(now, memory=later))) == [("members", "bob")]


@pytest.mark.parametrize("mode", ["Additive", "Exclusive"])
def test_an_agreed_end_comes_whatever_is_remembered_of_the_member(mode: str) -> None:
    """The object was deleted and made anew, and its manifest names him no more."""
    before = asked("RamGroup", ADMIN, members=[MEMBER])
    wanted = asked("RamGroup", ADMIN, members=[], memberMode=mode)
    applied = replace(after(GROUP, wanted).applied, excess={"members": frozenset({"bob"})})
    memory = replace(KNOWN, applied=applied, record=after(GROUP, before).record)
    for end, verbs in ((day(1), []), (day(-1), ["expel"])):
        facts = replace(memory.record, ends={"members[bob]": end}, latest=day(0))
        decision = update(GROUP, wanted, there(before), replace(memory, record=facts))
        assert [s.verb for s in decision.steps] == verbs


def document(before: Any, now: Any, **memory: Any) -> Plan:
    live = there(asked("RamPolicy", document={"Version": "1", "Statement": before}))
    wanted = asked("RamPolicy", document={"Version": "1", "Statement": now})
    kept = after(POLICY, asked("RamPolicy", document={"Version": "1", "Statement": before}))
    return update(POLICY, wanted, live, replace(kept, **memory))


READ = statement("Allow", "oss:Get*")


@pytest.mark.parametrize(
    ("before", "now", "held"),
    [
        ([statement("Deny", "ram:*", "sts:*")], [statement("Deny", "ram:*")], True),
        ([statement("Deny", "*")], [statement("Deny", "oss:*")], True),
        ([READ, statement("Deny", "ram:*")], [READ], True),
        ([statement("Deny", "ram:*", "oss:*")], [statement("Deny", "ram:*")], False),
        ([statement("Deny", "ram:*")], [statement("Deny", "ram:*", "sts:*")], False),
        ([READ], [READ, statement("Deny", "ram:*")], False),
    ],
)
def test_a_document_that_denies_less_of_rights_waits(before: Any, now: Any, held: bool) -> None:
    decision = document(before, now)
    assert (waits(decision) == [("document", "")]) is held
    assert ([s.verb for s in decision.steps] == ["document"]) is not held
    if decision.held is not None:
        assert "no longer denied" in decision.held.gains[0]
        assert any("so far denies" in finding.message for finding in decision.held.findings)


def test_a_denial_that_we_sent_lately_counts_though_an_old_answer_lacks_it() -> None:
    sent = (policy(statement("Deny", "ram:*")),)
    now = [statement("Deny", "oss:*")]
    assert waits(document([statement("Deny", "cs:*")], now, sent=sent)) == [("document", "")]


def test_what_denies_is_told_apart() -> None:
    guard = policy(statement("Deny", "ram:*", "oss:*"))
    mixed = policy(statement("Deny", "sts:AssumeRole"), READ)
    assert documents.only_denies(guard)
    assert not documents.only_denies(mixed)
    assert not documents.only_denies(policy(READ))
    assert documents.denies(guard)
    assert documents.denies(mixed) == (
        "can assume roles (sts:AssumeRole): so far denies sts:AssumeRole",
    )
    assert documents.denies(policy(statement("Deny", "*"))) == ("so far denies every action (*)",)
    assert documents.denies(policy(statement("Deny", "oss:*"), READ)) == ()


def joining(*attached: str) -> Inputs:
    """Bob is to join a group that has more than its manifest asks for."""
    wanted = asked("RamGroup", members=[MEMBER], policyMode="Additive")
    live = there(asked("RamGroup"), policies=policies(*attached))
    memory = replace(after(GROUP, asked("RamGroup")), attached=frozenset(policies(*attached)))
    return Inputs(GROUP, ACCOUNT, wanted, live, memory)


def test_a_join_is_for_what_the_group_had_when_it_was_offered() -> None:
    first = joining("Custom/less")
    held = plan.update(first).held
    assert held is not None
    assert set(held.context[HAD]) == {"Custom/less"}
    facts = offered(held, replace(first.memory.record, sequence=7, settled=True))
    for now, verbs in ((first, ["join"]), (joining("Custom/less", ADMIN), [])):
        said = replace(now, approval=approved(facts), memory=replace(now.memory, record=facts))
        assert [s.verb for s in plan.update(said).steps] == verbs


def test_nobody_joins_as_if_what_waits_to_be_detached_were_gone() -> None:
    before = asked("RamGroup", GUARD)
    memory = replace(after(GROUP, before), denials={KEY: DENIED})
    decision = update(GROUP, asked("RamGroup", members=[MEMBER]), there(before), memory)
    assert waits(decision) == [("policies", KEY), ("members", "bob")]
    assert decision.steps == ()
