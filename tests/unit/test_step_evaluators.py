"""No step that somebody has to judge is written unless the gate has let it through, all of it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, Final, get_args

import pytest

from ram_operator.errors import Bug
from ram_operator.gate import clearance
from ram_operator.gate.review import insist
from ram_operator.gate.step_evaluators import judging_step
from ram_operator.kinds.record import Identity
from ram_operator.loop.gated_write import GatedWrite
from ram_operator.loop.subject import Subject
from ram_operator.model import steps
from ram_operator.model.changes import Change, Held, Ungated
from ram_operator.model.objects import Entry, Key
from ram_operator.model.permissions import SEAL, Cleared, Passed
from ram_operator.model.steps import (
    Attach,
    Create,
    CreateWithDocument,
    CreateWithTrust,
    Delete,
    Detach,
    Expel,
    Join,
    Leave,
    NewIdentity,
    Revoke,
    Step,
    Tag,
    Unbind,
    WriteAttributes,
    WriteDocument,
    WriteTrust,
)
from ram_operator.model.vocabulary import Cause, Direction
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import ACCOUNT, ALLOW_ALL, FC, OUTSIDER, policy, trust
from tests.unit.judged_world import Cloud
from tests.unit.steps_by_example import of_attributes, of_entries

ANN: Final = ("members", "ann")
COMMON: Final[dict[str, Any]] = {
    "summary": "s",
    "cause": Cause.INTENT,
    "direction": Direction.WIDER,
}
NEW: Final = NewIdentity("app", {})
CLEARED: Final = clearance.judge_creation(trust(FC), ACCOUNT, offered())
DOCUMENT: Final = WriteDocument(**COMMON, field="document", document=policy(ALLOW_ALL))
BARE: Final[dict[str, Step]] = {
    "attach": of_entries(Attach, "policies", "System/a"),
    "detach": of_entries(Detach, "policies", "System/a"),
    "join": of_entries(Join, *ANN),
    "expel": of_entries(Expel, *ANN),
    "leave": of_entries(Leave, "groups", "team"),
    "revoke": of_entries(Revoke, "access", "login"),
    "unbind": of_entries(Unbind, "mfa", "device"),
    "delete": Delete(**COMMON),
    "attributes": of_attributes("description"),
    "document": DOCUMENT,
    "create": Create(summary="s", new=NEW),
    "create a policy": CreateWithDocument(summary="s", new=NEW, document=policy()),
    "create a role": CreateWithTrust(summary="s", new=NEW, cleared=CLEARED),
}


def passing(step: Step) -> Passed:
    """What the gate says of a step when nobody has to agree on it."""
    sent = step.sent.items()
    return clearance.passing(Change(n, None, v, Direction.WIDER, k) for (n, k), v in sent)


@pytest.mark.parametrize("step", BARE.values(), ids=BARE)
def test_what_nobody_has_judged_is_a_defect(step: Step) -> None:
    with pytest.raises(Bug, match="nobody has judged"):
        insist(step)
    insist(replace(step, passed=passing(step)))


@pytest.mark.parametrize("step", BARE.values(), ids=BARE)
def test_it_is_refused_before_anything_is_read_or_sent(step: Step) -> None:
    cloud = Cloud()
    ports: Any = SimpleNamespace()
    subject = Subject.of(Key("RamRole", "team", "app"), {"metadata": {"uid": "u"}, "spec": {}})
    session: Any = SimpleNamespace(writer=cloud.writer, account=ACCOUNT)
    identity = Identity("1000000000000001", "RamRole", "app")
    with pytest.raises(Bug, match="nobody has judged"):
        GatedWrite(ports, subject, identity, session).run(step)
    assert cloud.actions() == []


def test_every_class_of_steps_that_is_judged_is_here() -> None:
    judged = set()
    for kind in get_args(steps.Step):
        step = object.__new__(kind)
        if not isinstance(judging_step(step), Ungated):
            judged.add(kind)
    # What is agreed on for the record, and a trust, cannot be made without a permission.
    sealed = {*get_args(steps.Agreement), WriteTrust}
    assert judged == {type(step) for step in BARE.values()} | sealed


def test_what_nobody_has_to_judge_goes_and_a_trust_with_what_cleared_it() -> None:
    insist(of_entries(Tag, "tags", "team"))
    found = clearance.judge_take_back(trust(FC, OUTSIDER), trust(FC), ACCOUNT)
    assert isinstance(found, Cleared)
    insist(WriteTrust(**COMMON, field="trustPolicy", cleared=found, attributes={}))


@pytest.mark.parametrize(
    "other",
    [
        of_entries(Attach, "policies", "System/b"),
        of_entries(Attach, "members", "System/a"),
        of_entries(Attach, "policies", "System/a", "System/b"),
        of_entries(Detach, "policies", "System/a"),
        of_entries(Attach, "policies", entries={"System/a": Entry("System/a", until="2030")}),
    ],
)
def test_what_passed_lets_nothing_else_through(other: Step) -> None:
    passed = passing(BARE["attach"])
    with pytest.raises(Bug, match="nobody has judged it"):
        insist(replace(other, passed=passed))


def test_an_approval_covers_its_parts_and_the_rest_has_to_pass() -> None:
    change = Change("maxSessionDurationSeconds", 3600, 43200, Direction.WIDER)
    longer = Held("EscalatingGrant", "s", changes=(change,))
    permit = clearance.weigh(longer, approved(offered(longer)), offered(longer))
    step = WriteAttributes(
        **COMMON,
        names=("maxSessionDurationSeconds", "description"),
        attributes={"maxSessionDurationSeconds": 43200, "description": "x"},
        permit=permit,
    )
    with pytest.raises(Bug, match="nobody has judged it"):
        insist(step)
    told = clearance.passing([Change("description", "", "x", Direction.NEUTRAL)])
    insist(replace(step, passed=told))
    with pytest.raises(Bug, match="nobody has judged it"):
        insist(replace(step, passed=told, permit=None))


def test_nobody_but_the_gate_says_what_passes() -> None:
    with pytest.raises(Bug, match="outside the gate"):
        Passed(object(), {})
    assert Passed(SEAL, {}).parts == {}
