"""What each step says that it rests on, in plans of every kind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import Reason
from ram_operator.errors import Retry
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.table import KINDS
from ram_operator.model.basis import Basis
from ram_operator.model.objects import Key, UnknownPart
from ram_operator.model.state import Applied, Live
from ram_operator.model.steps import Step
from ram_operator.model.vocabulary import Presence
from ram_operator.planning import plan
from tests.unit.core import (
    ACCOUNT,
    ALLOW_ALL,
    ALLOW_READ,
    FC,
    HARMLESS,
    NOW,
    OPTIONS,
    OWNER,
    attachment,
    inputs,
    live,
    made,
    policies,
    policy,
    remembered,
    trust,
    wanted,
    wanted_policy,
)
from tests.unit.core import record as recorded

GROUP = KINDS["RamGroup"]
JUDGED = {"Custom/read": frozenset({"sha256:1"})}
MEMBERS = [{"type": "User", "name": "Ann"}, {"type": "User", "name": "Eve"}]
UNKNOWN = UnknownPart(Retry(Reason.THROTTLED, "later"))


def steps_of(found: Inputs) -> dict[str, Step]:
    return {step.verb: step for step in plan.update(found).steps}


def group(spec: dict[str, Any], fields: dict[str, Any], **memory: Any) -> Inputs:
    key = Key("RamGroup", "team", "app")
    asked = desire.build(GROUP, key, spec, {}, desire.Circumstances(OWNER, NOW))
    there = Live(Presence.PRESENT, "app", "id-1", "arn", fields, read_at=7.0)
    mine = Memory(
        OPTIONS,
        Applied(known=True, entries={"policies": frozenset({"Custom/old"})}),
        recorded(None),
        harmless_policies=HARMLESS,
        judged=JUDGED,
        attached=frozenset(fields["policies"]) if isinstance(fields["policies"], dict) else None,
        **memory,
    )
    return Inputs(GROUP, ACCOUNT, asked, there, mine)


def test_an_attachment_rests_on_what_was_judged_and_on_the_trust() -> None:
    asked = wanted({"policies": [attachment("Custom/read")]})
    memory = replace(remembered(wanted({})), judged=JUDGED)
    step = steps_of(inputs(asked, live(), memory))["attach"]
    assert step.rests == Basis(JUDGED, trusts=frozenset({trust(FC).digest}))


def test_a_group_of_unknown_members_says_so() -> None:
    asked = {"policies": [attachment("Custom/read")], "members": MEMBERS}
    fields = {"policies": {}, "members": UNKNOWN}
    rests = steps_of(group(asked, fields))["attach"].rests
    assert rests is not None
    assert rests.members is None


def test_an_attachment_to_a_group_is_for_who_is_there_and_who_joins_with_it() -> None:
    asked = {"policies": [attachment("Custom/read")], "members": MEMBERS}
    fields = {"policies": {}, "members": GROUP.field("members").parse(MEMBERS[1:])}
    rests = steps_of(group(asked, fields))["attach"].rests
    assert rests is not None
    assert rests.members == {"ann", "eve"}


def test_who_joins_gets_what_the_group_has_when_all_is_done() -> None:
    """What is detached in the same plan is gone before anybody joins."""
    asked = {"policies": [attachment("Custom/read")], "members": MEMBERS}
    fields = {"policies": policies("Custom/old", "Custom/a"), "members": {}}
    found = steps_of(group({**asked, "policyMode": "Additive"}, fields))
    assert "detach" in found
    rests = found["join"].rests
    assert rests == Basis(JUDGED, attached=frozenset({"Custom/a", "Custom/read"}), read_at=7.0)


def test_what_the_group_has_is_not_known_where_it_could_not_be_read() -> None:
    fields = {"policies": UNKNOWN, "members": policies()}
    found = plan.update(group({"members": MEMBERS}, fields))
    assert [step.verb for step in found.steps] == []


def test_a_document_rests_on_the_live_one_and_on_what_we_sent() -> None:
    before, sent = policy(ALLOW_READ), policy({**ALLOW_READ, "Action": "oss:PutObject"})
    asked = wanted_policy(
        document={"Version": "1", "Statement": [{**ALLOW_READ, "Action": "oss:ListObjects"}]}
    )
    memory = replace(remembered(wanted_policy()), sent=(sent,))
    there = replace(made(wanted_policy()), cloud_id="2026")
    step = steps_of(inputs(asked, there, memory))["document"]
    assert step.rests == Basis(documents=frozenset({before.digest, sent.digest}), identity="2026")


def test_steps_that_give_nobody_anything_rest_on_nothing() -> None:
    asked = wanted({"description": "new", "tags": {"a": "b"}})
    found = plan.update(inputs(asked, live(policies=policies("System/a")), remembered(wanted({}))))
    assert {step.verb for step in found.steps} == {"attributes", "tag", "detach"}
    assert [step.rests for step in found.steps] == [None] * 3


def test_a_new_group_has_nothing_but_what_it_gets() -> None:
    asked = {"policies": [attachment("Custom/read")], "members": MEMBERS}
    found = group(asked, {"policies": {}, "members": {}})
    absent = replace(found, live=Live(Presence.ABSENT, "app", read_at=3.0))
    steps = {step.verb: step for step in plan.create(absent).steps}
    assert steps["attach"].rests == Basis(JUDGED, members=frozenset({"ann", "eve"}))
    assert steps["join"].rests == Basis(JUDGED, attached=frozenset({"Custom/read"}), read_at=3.0)


EVERYTHING = policy(ALLOW_ALL)


@pytest.mark.parametrize(
    ("sent", "waits"), [((), False), ((policy(ALLOW_READ),), True), ((EVERYTHING,), False)]
)
def test_narrower_than_an_old_answer_is_no_narrowing(
    sent: tuple[documents.Policy, ...], waits: bool
) -> None:
    """The cloud shows `*`, which we have narrowed a moment ago: `ram:*` is no less than that."""
    ram = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ram:*", "Resource": "*"}]}
    there = replace(made(wanted_policy()), fields={"document": EVERYTHING, "description": ""})
    memory = replace(remembered(wanted_policy()), sent=sent)
    memory = replace(memory, record=recorded(None, EVERYTHING))
    found = plan.update(inputs(wanted_policy(document=ram), there, memory))
    assert (found.held is not None) is waits
    assert ([step.verb for step in found.steps] == []) is waits


@pytest.mark.parametrize("holds", [True, False])
def test_a_detour_is_no_narrowing_of_an_old_answer_either(holds: bool) -> None:
    """To run code as another identity waits here, where such detours do."""
    code = {**ALLOW_READ, "Action": "fc:UpdateFunction"}
    asked = wanted_policy(document={"Version": "1", "Statement": [code]})
    there = replace(made(wanted_policy()), fields={"document": EVERYTHING, "description": ""})
    memory = replace(remembered(wanted_policy()), sent=(policy(ALLOW_READ),), holds_ways=holds)
    found = plan.update(inputs(asked, there, memory))
    assert (found.held is not None) is holds
