"""The table of drift in the guide, row by row, by what the planner does of each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import DriftPolicy
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds.schema import Kind
from ram_operator.model.objects import Entry
from ram_operator.model.state import Desired
from ram_operator.model.vocabulary import DriftAction
from ram_operator.planning import plan
from ram_operator.reporting import verdict
from tests.support import documented
from tests.unit import test_denials as denials
from tests.unit import test_grants as grants
from tests.unit import test_people as people
from tests.unit.core import (
    ACCOUNT,
    ANN,
    ECS,
    FC,
    ROLE,
    carry_out,
    made,
    policies,
    remembered,
    trust,
    trust_json,
    wanted,
)
from tests.unit.test_drift import MOVES
from tests.unit.test_people import GROUP, USER, group, member
from tests.unit.test_values import CONSOLE, SESSION, edited

Case = Callable[[DriftPolicy], Inputs]
ADMIN: Final = grants.ADMIN
BOB, EVE = Entry("team-bob"), Entry("team-eve")


def by_hand(row: Kind, asked: Desired, there: Mapping[str, Any], **known: Any) -> Case:
    """What an object asks for and has been given, and what the cloud has instead."""

    def case(drift: DriftPolicy) -> Inputs:
        memory = of_people(row, asked, drift) if row in (GROUP, USER) else remembered(asked)
        options = replace(memory.options, drift=drift)
        live = people.found(asked) if row in (GROUP, USER) else made(asked)
        live = replace(live, fields={**live.fields, **there})
        return Inputs(row, ACCOUNT, asked, live, replace(memory, options=options, **known))

    return case


def of_people(row: Kind, asked: Desired, drift: DriftPolicy) -> Memory:
    return people.remembered(row, asked, drift=drift)


def move(name: str) -> Case:
    row, asked, there, _ = MOVES[name]
    return by_hand(row, asked, there)


def of_trust(asked: tuple[Any, ...], there: tuple[Any, ...]) -> Case:
    return by_hand(
        ROLE, wanted({"trustPolicy": trust_json(*asked)}), {"trustPolicy": trust(*there)}
    )


def denying(drift: DriftPolicy, known: Memory) -> Inputs:
    """A policy that only denies, attached by hand."""
    asked = grants.asked("RamRole", grants.ADMIN)
    memory = grants.after(ROLE, asked)
    options = replace(memory.options, drift=drift)
    memory = replace(memory, options=options, denials=known.denials)
    memory = replace(memory, gives_nothing=known.gives_nothing)
    live = grants.there(asked, policies=policies(grants.ADMIN, denials.GUARD))
    return Inputs(ROLE, ACCOUNT, asked, live, memory)


def denied(row: Kind, asked: Desired, there: Mapping[str, Any]) -> Case:
    """What only denies is what the identity has, or had."""
    known = {
        "harmless_policies": frozenset({denials.KEY}),
        "gives_nothing": frozenset({denials.KEY}),
    }
    return by_hand(row, asked, there, **known, attached=frozenset({denials.KEY}))


def value(name: str, *sides: str, has: str = grants.OWN) -> Case:
    """Of a role with that policy: agreed on, there, and asked for; "" is not spoken of."""

    def case(drift: DriftPolicy) -> Inputs:
        spoken = [{name: int(side) if side.isdigit() else side} if side else {} for side in sides]
        found = edited(*spoken, has=has)
        options = replace(found.memory.options, drift=drift)
        return replace(found, memory=replace(found.memory, options=options))

    return case


CASES: Final[dict[str, list[Case]]] = {
    "added a trusted entity": [move("trust given")],
    "removed a trusted entity": [move("trust taken")],
    "replaced some trusted entities": [of_trust((FC, ANN), (FC, ECS))],
    "replaced all trusted entities": [of_trust((FC,), (ECS,))],
    "attached a policy (`policyMode: Exclusive`)": [move("policy attached")],
    "attached a policy (`policyMode: Additive`)": [
        by_hand(ROLE, wanted({"policyMode": "Additive"}), {"policies": policies("System/A")})
    ],
    "attached a policy that only denies (`policyMode: Exclusive`)": [
        lambda drift: denying(drift, denials.GUARDED),
        lambda drift: denying(drift, denials.QUIET),
    ],
    "put a user into a group (`memberMode: Exclusive`)": [
        by_hand(GROUP, group(member("team-bob")), {"members": {"team-bob": BOB, "team-eve": EVE}})
    ],
    "put a user into a group (`memberMode: Additive`)": [
        by_hand(GROUP, group(memberMode="Additive"), {"members": {"team-eve": EVE}})
    ],
    "took a member out of a group": [
        by_hand(GROUP, group(member("team-bob")), {"members": {}}),
        by_hand(GROUP, group(member("team-bob"), policies=(ADMIN,)), {"members": {}}),
    ],
    "took a member out of a group whose policies only deny": [
        denied(GROUP, group(member("team-bob"), policies=(denials.GUARD,)), {"members": {}})
    ],
    "made an access key or a console login for a user": [
        by_hand(USER, people.asked(USER, {}), {"access": {"accesskey": Entry("accessKey")}})
    ],
    "detached a policy that cannot escalate": [move("policy detached")],
    "detached a policy that escalates, or that cannot be read": [move("unknown policy detached")],
    "detached a policy that only denies": [
        denied(ROLE, grants.asked("RamRole", denials.GUARD), {"policies": {}})
    ],
    "changed a description, a comment or a user's contact fields, made sessions longer, allowed a"
    " role console login that the manifest denies": [
        move("description"),
        move("session longer"),
        value(CONSOLE, "Deny", "Allow", "Deny", has=ADMIN),
    ],
    "allowed console login of a role whose manifest does not speak of it, if that would be held": [
        value(CONSOLE, "Deny", "Allow", "", has=ADMIN)
    ],
    "denied console login that the manifest allows": [
        value(CONSOLE, "Allow", "Deny", "Allow"),
        value(CONSOLE, "Allow", "Deny", "Allow", has=ADMIN),
    ],
    "made sessions shorter": [
        move("session shorter"),
        value(SESSION, "43200", "3600", "43200", has=ADMIN),
    ],
    "widened a policy document": [move("document wider")],
    "narrowed a policy document": [move("document narrower"), move("dangerous document narrower")],
}
SAYS: Final = {
    r"reported": DriftAction.REPORTED,
    r"\*\*held\*\*": DriftAction.HELD,
    r"taken away|taken out|detached|set back|(put in|attached|denied|allowed) again|nobody is"
    " trusted": DriftAction.CORRECTED,
}


def rows() -> dict[str, list[str]]:
    found = {}
    for first, *cells in documented.rows("docs/user/guide.md", "what somebody did by hand"):
        found[re.sub(r"\[(\w+)\]\([^)]*\)", r"\1", first)] = cells
    return found


def said(cells: list[str], at: int) -> set[DriftAction]:
    text = cells[at - 1] if cells[at] == "the same" else cells[at]
    found = {action for words, action in SAYS.items() if re.search(words, text)}
    assert found or text == "left alone", text
    return found


def done(found: Inputs) -> set[DriftAction]:
    """By the look that finds it, and of a trust by the one after, for what is left of it then."""
    first = plan.update(found)
    actions = {entry.action for entry in first.drift}
    of_trust_alone = {entry.field for entry in first.drift} == {"trustPolicy"}
    if DriftAction.CORRECTED not in actions or not of_trust_alone:
        return actions
    live = found.live
    for step in first.steps:
        live = carry_out(live, step)
    later = plan.update(replace(found, live=live))
    return {DriftAction.CORRECTED, *(entry.action for entry in later.drift)}


@pytest.mark.parametrize("what", CASES)
def test_what_the_guide_says_is_done(what: str) -> None:
    cells = rows()[what]
    for at, policy in enumerate(DriftPolicy):
        seen = {action for case in CASES[what] for action in done(case(policy))}
        assert seen == said(cells, at), (what, policy)


def test_each_row_of_it_is_played() -> None:
    """What a look finds deleted is no difference of a field."""
    gone = "deleted the role, policy, user or group"
    assert rows().keys() == {*CASES, gone}
    assert set(rows()[gone]) == {"reported"}
    outcome = verdict.gone(("role", "app"), "1", "")
    assert outcome.plan is not None
    assert [entry.action for entry in outcome.plan.drift] == [DriftAction.REPORTED]
