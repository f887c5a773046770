"""For each gated field a dangerous change: held by its evaluator, and by nobody without it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.gate.evaluators import EVALUATORS
from ram_operator.gate.inputs import Inputs
from ram_operator.gate.review import Changes, creation, deletion, review
from ram_operator.gate.verdicts import Allow, Row, Table, Unknown
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import NAME, Held, Ungated, place
from ram_operator.model.objects import Entry
from ram_operator.model.state import Desired, Live
from ram_operator.model.vocabulary import Disposition, Evaluator, Presence
from ram_operator.planning import diff, plan
from tests.unit.core import (
    ACCOUNT,
    ACCOUNT_ID,
    ALLOW_ALL,
    ALLOW_READ,
    FC,
    OUTSIDER,
    attachment,
    trust_json,
)
from tests.unit.test_grants import ADMIN, KNOWN, MEMBER, OWN, after, asked, there
from tests.unit.test_providers import AGREED, TRUSTED, TWO, sees
from tests.unit.test_providers import inputs as trusting

ROWS: Final = KINDS
END: Final = "2030-01-01T00:00:00Z"
DENIES: Final = ("may change rights again",)
GOING: Final = "with all that it has"


def moved(kind: str, before: Any, wanted: Any, **known: Any) -> Inputs:
    """An edit from one manifest to another, the first one applied."""
    memory = replace(after(ROWS[kind], before), **known)
    return Inputs(ROWS[kind], ACCOUNT, wanted, there(before), memory)


def attached(kind: str) -> Inputs:
    return moved(kind, asked(kind), asked(kind, ADMIN))


def detached(kind: str) -> Inputs:
    return moved(kind, asked(kind, OWN), asked(kind), denials={"Custom/own": DENIES})


def ending(kind: str, field: str, item: dict[str, str], key: str) -> Inputs:
    """It was agreed on with an end, and is to stay for ever."""
    carried = {"policies": [attachment(ADMIN)]} if field == "members" else {}
    before = asked(kind, **{**carried, field: [{**item, "expiresAt": END}]})
    found = moved(kind, before, asked(kind, **{**carried, field: [item]}))
    record = replace(found.memory.record, ends={place(field, key): END})
    return replace(found, memory=replace(found.memory, record=record))


def members(before: list[Any], wanted: list[Any], **known: Any) -> Inputs:
    sides = (asked("RamGroup", ADMIN, members=side) for side in (before, wanted))
    return moved("RamGroup", *sides, **known)


def named(kind: str) -> Inputs:
    arn = ROWS[kind].arn(ACCOUNT_ID, "app")
    wanted, nobody = asked(kind), Live(Presence.ABSENT)
    return Inputs(ROWS[kind], ACCOUNT, wanted, nobody, KNOWN, named=frozenset({arn}))


def going(kind: str, **known: Any) -> Inputs:
    """It is to be deleted as it is: nothing is asked for."""
    there_is = there(asked(kind, OWN))
    account = replace(ACCOUNT, hold_deletions=True)
    memory = replace(after(ROWS[kind], asked(kind)), **known)
    return Inputs(ROWS[kind], account, Desired("app", {}), there_is, memory)


def a_group_that_denies() -> Inputs:
    found = going("RamGroup", denials={"System/administratoraccess": DENIES})
    fields = {**found.live.fields, "members": {"bob": Entry("bob")}}
    return replace(found, live=replace(found.live, fields=fields))


def unmanaged() -> Inputs:
    """It had a key while it was to have none, and is to be left as it is."""
    row, before = ROWS["RamUser"], asked("RamUser")
    keys = {"access": {"accessKey/…abcd": Entry("accessKey …abcd", handle="LTAI-abcd")}}
    wanted = replace(before, fields={**before.fields, **keys}, modes={"access": "Unmanaged"})
    return Inputs(row, ACCOUNT, wanted, there(wanted), after(row, before))


LONGER: Final = {"maxSessionDurationSeconds": 43200}
READS, EVERYTHING = (
    {"document": {"Version": "1", "Statement": [each]}} for each in (ALLOW_READ, ALLOW_ALL)
)
OF_POLICIES: Final = {
    Evaluator.ATTACHMENT: attached,
    Evaluator.DENIAL: detached,
    Evaluator.END: lambda kind: ending(
        kind, "policies", attachment(ADMIN), "System/administratoraccess"
    ),
}
Case = tuple[str, str, Evaluator]
CASES: Final[dict[Case, Callable[[], Inputs]]] = {
    **{
        (kind, "policies", name): (lambda make=make, kind=kind: make(kind))
        for kind in ("RamRole", "RamUser", "RamGroup")
        for name, make in OF_POLICIES.items()
    },
    ("RamRole", GOING, Evaluator.DELETION): lambda: going("RamRole"),
    ("RamUser", GOING, Evaluator.DELETION): lambda: going("RamUser"),
    ("RamGroup", GOING, Evaluator.DELETION): a_group_that_denies,
    ("RamUser", "access", Evaluator.ACCESS): unmanaged,
    ("RamRole", NAME, Evaluator.NAME): lambda: named("RamRole"),
    ("RamUser", NAME, Evaluator.NAME): lambda: named("RamUser"),
    ("RamRole", "trustPolicy", Evaluator.TRUST): lambda: moved(
        "RamRole",
        asked("RamRole"),
        asked("RamRole", trustPolicy=trust_json(FC, OUTSIDER)),
    ),
    ("RamRole", "trustPolicy", Evaluator.PROVIDER): lambda: trusting(
        TRUSTED, there(TRUSTED), AGREED, sees(TWO)
    ),
    ("RamRole", "maxSessionDurationSeconds", Evaluator.SESSION): lambda: moved(
        "RamRole", asked("RamRole", ADMIN), asked("RamRole", ADMIN, **LONGER)
    ),
    ("RamRole", "consoleLogin", Evaluator.CONSOLE): lambda: moved(
        "RamRole",
        asked("RamRole", ADMIN, consoleLogin="Deny"),
        asked("RamRole", ADMIN, consoleLogin="Allow"),
    ),
    ("RamGroup", "members", Evaluator.MEMBERSHIP): lambda: members([], [MEMBER]),
    ("RamGroup", "members", Evaluator.DENIAL): lambda: members(
        [MEMBER], [], denials={"System/administratoraccess": DENIES}
    ),
    ("RamGroup", "members", Evaluator.END): lambda: ending("RamGroup", "members", MEMBER, "bob"),
    ("RamPolicy", "document", Evaluator.DOCUMENT): lambda: moved(
        "RamPolicy", asked("RamPolicy", **READS), asked("RamPolicy", **EVERYTHING)
    ),
}
NAMES: Final = [f"{kind} {field} by {name}" for kind, field, name in CASES]


def held(found: Inputs, table: Table) -> Held | None:
    if not found.desired.fields:
        return deletion(found, table).held
    if found.live.presence is Presence.ABSENT:
        step = creation(found, table)
        return step if isinstance(step, Held) else None
    return review(found, changes(found), table).held


def changes(found: Inputs) -> Changes:
    return Changes(diff.changes(found.row, found.desired, found.live), plan.proposed)


def without(name: Evaluator) -> Table:
    """As if it had nothing to say."""
    return {**EVALUATORS, name: Row(lambda *_: Allow(), EVALUATORS[name].together)}


def test_an_evaluator_that_is_missing_lets_nothing_pass() -> None:
    for (_, _, name), make in CASES.items():
        table = {known: row for known, row in EVALUATORS.items() if known is not name}
        with pytest.raises(KeyError):
            held(make(), table)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_dangerous_change_is_held_by_its_evaluator_and_by_nobody_without_it(case: Case) -> None:
    kind, field, name = case
    found = CASES[case]()
    waits = held(found, EVALUATORS)
    assert waits is not None
    where = {"providers"} if name is Evaluator.PROVIDER else {field}
    if field == GOING:
        where = {NAME, *(n for n, _ in found.row.clears if found.live.fields.get(n))}
    assert {change.field for change in waits.changes} == where
    assert waits.gains or waits.losses
    assert held(found, without(name)) is None
    assert found.row.kind == kind


def test_every_evaluator_of_every_gated_field_has_its_case() -> None:
    columns = [
        (row.kind, where, judged)
        for row in ROWS.values()
        for where, judged in (
            (NAME, row.creation),
            (GOING, row.deletion),
            *((f.name, f.judged) for f in row.fields),
        )
    ]
    assert set(CASES) == {
        (kind, where, name)
        for kind, where, judged in columns
        if not isinstance(judged, Ungated)
        for name in judged
    }


def test_without_its_evaluator_a_trust_is_not_held_and_cannot_be_written_either() -> None:
    found = CASES["RamRole", "trustPolicy", Evaluator.TRUST]()
    gate = review(found, changes(found), without(Evaluator.TRUST))
    assert (gate.held, gate.steps) == (None, ())
    # There is no step that sends a trust without what clears it.
    assert all(step.verb != "trust" for step in plan.update(found).steps)


def unknown(_: Any, __: Any) -> Unknown:
    return Unknown(("the policy x to be read",))


def test_what_an_evaluator_does_not_know_waits_and_nobody_gets_more_meanwhile() -> None:
    found = CASES["RamUser", "policies", Evaluator.ATTACHMENT]()
    row = EVALUATORS[Evaluator.ATTACHMENT]
    table = {**EVALUATORS, Evaluator.ATTACHMENT: Row(unknown, row.together)}
    gate = review(found, changes(found), table)
    assert gate.held is None
    assert gate.exceeds
    assert gate.reads == ("the policy x to be read",)
    assert [item.disposition for item in gate.judged] == [Disposition.HOLD]
    assert gate.passed is not None
    assert gate.passed.parts == {}


def test_what_is_not_known_of_a_deletion_lets_nothing_go() -> None:
    found = replace(going("RamRole"), account=ACCOUNT)
    assert deletion(found).passed is not None
    row = EVALUATORS[Evaluator.DELETION]
    gate = deletion(found, {**EVALUATORS, Evaluator.DELETION: Row(unknown, row.together)})
    assert (gate.held, gate.passed, gate.permit) == (None, None, None)
    assert gate.reads == ("the policy x to be read",)


def test_what_passes_is_exactly_what_is_written_without_an_approval() -> None:
    before = asked("RamUser", displayName="a")
    wanted = asked("RamUser", ADMIN, OWN, displayName="b")
    found = moved("RamUser", before, wanted)
    gate = review(found, changes(found))
    assert gate.passed is not None
    assert gate.passed.parts == {
        ("displayName", ""): "b",
        ("policies", "Custom/own"): Entry(OWN),
    }
