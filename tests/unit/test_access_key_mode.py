"""Users whose access key the operator makes: who has to agree, and what the record is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import AccessMode, DriftPolicy
from ram_operator.errors import InvalidSpec
from ram_operator.gate import ways_in
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds import manifest, record, sign_in
from ram_operator.kinds.dropped import RECORD_BLOCK
from ram_operator.kinds.record import Identity
from ram_operator.kinds.table import KINDS
from ram_operator.loop import key_care
from ram_operator.model.key_state import NO_KEYS, Ending, Intent, KeyState
from ram_operator.model.objects import Entry
from ram_operator.model.outcome import Plan
from ram_operator.model.record_changes import RecordChange
from ram_operator.model.records import (
    ABANDONED,
    ADOPTED,
    CLAIMED,
    CREATED,
    Agreed,
    HistoryEntry,
    InFlight,
    RecordFacts,
)
from ram_operator.model.state import Applied
from ram_operator.model.steps import Agree
from ram_operator.model.vocabulary import DriftAction, HeldKind
from ram_operator.planning import plan
from tests.unit.core import ACCOUNT, OPTIONS, OWNER
from tests.unit.test_people import asked, found

USER: Final = KINDS["RamUser"]
SPEC: Final[Mapping[str, Any]] = {"accessMode": "AccessKey", "accessKey": {"secretName": "kept"}}
MINE: Final = Entry("accessKey …mine", handle="LTAI-mine")
OTHER: Final = Entry("accessKey …other", handle="LTAI-other")
KEYS: Final = {"accessKey/…mine": MINE, "accessKey/…other": OTHER}
SAID: Final = {"mode": "AccessKey", "for": "uid-1 kept"}


def known(
    said: Mapping[str, str] | None = None, *, made: str = CREATED, **more: Any
) -> RecordFacts:
    entries: dict[str, Mapping[str, str]] = {"policies": {}}
    if said is not None:
        entries["access"] = said
    history = (HistoryEntry("2020-01-01T00:00:00Z", made),) if made else ()
    more = {"history": history, **more}
    return RecordFacts(True, OWNER, "uid", "id-1", agreed=Agreed(entries), **more)


def inputs(
    facts: RecordFacts, live: Any = None, spec: Mapping[str, Any] = SPEC, **more: Any
) -> Inputs:
    wanted = manifest.keeping(asked(USER, dict(spec)), spec, "uid-1")
    groups = more.pop("groups", {})
    memory = Memory(OPTIONS, Applied(known=True), facts, **more)
    there = found(wanted, access=live or {}, groups=groups)
    wanted = sign_in.expecting(wanted, there, facts, completing=memory.completing)
    return Inputs(USER, ACCOUNT, wanted, there, memory)


def noted(decision: Plan) -> Mapping[str, str]:
    return decision.agreed.entries.get("access", {})


def test_what_the_operator_made_and_may_do_nothing_gets_one_without_a_word() -> None:
    decision = plan.update(inputs(known()))
    assert decision.held is None
    assert noted(decision) == SAID
    again = plan.update(inputs(known(SAID)))
    assert (again.steps, noted(again)) == ((), {})


@pytest.mark.parametrize(
    ("facts", "more"),
    [
        (known(made=ADOPTED), {}),
        (known(made=""), {}),
        (known(made=ABANDONED), {}),
        # The object that gave it up is back: its mark is no creation.
        (known(made=ABANDONED), {"completing": True}),
        (known(made=ADOPTED), {"completing": True}),
        (known(made=""), {"completing": True}),
        (known(), {"groups": {"team": Entry("team")}}),
        (known(), {"attached": frozenset({"System/administratoraccess"})}),
        (known(), {"attached": None}),
        (known(), {"attached": frozenset({"System/aliyunossreadonlyaccess"})}),
    ],
)
def test_whoever_may_have_more_waits(facts: RecordFacts, more: dict[str, Any]) -> None:
    decision = plan.update(inputs(facts, **more))
    assert decision.held is not None
    assert decision.held.kind is HeldKind.GRANT
    assert decision.held.summary == "an access key waits"
    assert "Secret kept" in decision.held.gains[0]
    assert noted(decision) == {}
    assert decision.drift == ()


def test_what_the_manifest_names_is_what_it_gives() -> None:
    spec = {**SPEC, "policies": [{"type": "System", "name": "AliyunOSSReadOnlyAccess"}]}
    attached = frozenset({"System/aliyunossreadonlyaccess"})
    decision = plan.update(inputs(known(), spec=spec, attached=attached))
    assert (decision.held, noted(decision)) == (None, SAID)


def test_a_creation_that_was_announced_is_one() -> None:
    decision = plan.update(inputs(known(made=CLAIMED), completing=True))
    assert (decision.held, noted(decision)) == (None, SAID)


def test_an_approval_is_for_that_object() -> None:
    given = inputs(known(made=ADOPTED))
    (wish,) = [each.change for each in ways_in.found(given)]
    flight = InFlight("Grant", approval="sha256:x", after='{"access[issue]": ""}')
    begun = replace(
        given, memory=replace(given.memory, record=known(made=ADOPTED, in_flight=flight))
    )
    assert ways_in.found(begun) == []
    assert ways_in.said(begun) == SAID
    assert isinstance(wish.after, Entry)
    assert ways_in.agrees(given, {sign_in.ISSUE: wish.after}) == SAID
    other = {"mode": "AccessKey", "for": "uid-of-another kept"}
    assert plan.update(inputs(known(other, made=ADOPTED))).held is not None
    assert Agree.verb


def test_an_approval_is_for_that_secret() -> None:
    spec = {**SPEC, "accessKey": {"secretName": "where-others-read"}}
    moved = inputs(known(SAID, made=ADOPTED), spec=spec)
    assert not sign_in.entitled(moved.desired, moved.memory.record)
    held = plan.update(moved).held
    assert held is not None
    assert "Secret where-others-read" in held.gains[0]
    assert noted(plan.update(inputs(known(SAID), spec=spec)))["for"] == "uid-1 where-others-read"
    # Of one that is there it is told that it has to go first.
    there = known(SAID, made=ADOPTED, keys=KeyState("kept", secret_uid="uid-2"))
    assert sign_in.entitled(moved.desired, there)
    assert sign_in.entitled(inputs(known(SAID), spec={}).desired, known(SAID))


def test_without_a_name_nothing_is_asked_for() -> None:
    spec = {"accessMode": "AccessKey"}
    assert ways_in.found(inputs(known(made=ADOPTED), spec=spec)) == []
    assert not sign_in.entitled(asked(USER, spec), known(SAID))


def test_a_user_that_is_made_now_is_told_of_later() -> None:
    assert ways_in.created(inputs(RecordFacts())) == {}


def test_only_keys_of_the_operator_are_no_drift() -> None:
    facts = known(SAID, keys=KeyState("kept", "", "uid-2", "LTAI-mine"))
    decision = plan.update(inputs(facts, KEYS))
    (entry,) = decision.drift
    assert (entry.field, entry.action) == ("access[accessKey/…other]", DriftAction.REPORTED)
    assert decision.steps == ()


def test_a_mode_that_is_left_out_is_the_one_of_the_record() -> None:
    facts = known(SAID, keys=KeyState("kept", "", "uid-2", "LTAI-mine"))
    decision = plan.update(inputs(facts, {"accessKey/…mine": MINE}, spec={}))
    assert (decision.drift, noted(decision)) == ((), {})


def test_none_takes_back_that_keys_are_made() -> None:
    decision = plan.update(inputs(known(SAID), spec={"accessMode": "None"}))
    assert noted(decision) == {"mode": "None", "for": ""}


def test_what_was_met_unread_is_not_called_unmanaged() -> None:
    assert sign_in.unread(asked(USER, dict(SPEC))) == {}


@pytest.mark.parametrize(("said", "days"), [("1d", 1), ("90d", 90), ("999d", 999)])
def test_an_age_is_told_in_days(said: str, days: int) -> None:
    spec = {**SPEC, "accessKey": {"secretName": "kept", "rotateAfter": said}}
    wanted = manifest.keeping(asked(USER, dict(spec)), spec, "uid-1")
    assert wanted.rotate_after == days * 86_400
    assert manifest.keeping(asked(USER, dict(SPEC)), SPEC, "uid-1").rotate_after is None


@pytest.mark.parametrize("said", ["0d", "90", "1000d", "90h", "d"])
def test_what_is_no_age_is_refused(said: str) -> None:
    spec = {**SPEC, "accessKey": {"secretName": "kept", "rotateAfter": said}}
    with pytest.raises(InvalidSpec):
        manifest.keeping(asked(USER, dict(spec)), spec, "uid-1")


def test_what_is_of_no_user_has_no_key() -> None:
    role = replace(asked(USER, {}), modes={})
    assert manifest.keeping(role, {}, "uid").keeps is None
    assert AccessMode("AccessKey") is AccessMode.ACCESS_KEY


@pytest.mark.parametrize(
    ("owner", "theirs"),
    [
        ({"cluster": "c", "namespace": "shop", "name": "uploader"}, True),
        ({"cluster": "c", "namespace": "shop", "name": "other"}, False),
        ({"cluster": "c", "namespace": "other", "name": "uploader"}, False),
        (None, True),
    ],
)
def test_keys_of_another_object_are_left_as_they_are(
    owner: dict[str, str] | None, theirs: bool
) -> None:
    state = KeyState("kept", "shop/uploader", "uid", "LTAI")
    identity = Identity("1234567890123456", "RamUser", "ann")
    body = record.first(identity, RecordChange(sequence=1, keys=state))
    body[RECORD_BLOCK]["owner"] = owner
    assert record.stored(body).keys == (state if theirs else NO_KEYS)


STATES: Final = [
    NO_KEYS,
    KeyState("kept", "a/b", "uid", "LTAI", "2020-01-01T00:00:00Z"),
    KeyState("kept", "a/b", "uid", intent=Intent("a", "b", ("LTAI-a",), open=False), unplanned="c"),
    KeyState(ending=(Ending("LTAI-a"), Ending("LTAI-b", "d", active=True))),
]


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_a_record_says_what_was_written(before: KeyState, after: KeyState) -> None:
    identity = Identity("1234567890123456", "RamUser", "ann")
    body = record.first(identity, RecordChange(sequence=1, keys=before))
    body["metadata"] |= {"resourceVersion": "1", "uid": "u", "generation": 1}
    assert record.stored(body).keys == before
    patch = record.patch(body, RecordChange(keys=after))
    block = patch[RECORD_BLOCK]["accessKey"]
    assert record.stored({**body, RECORD_BLOCK: {"accessKey": block}}).keys == after
    assert "accessKey" not in record.patch(body, RecordChange())[RECORD_BLOCK]


def test_that_none_is_asked_for_waits_for_nothing_else() -> None:
    assert not key_care.ends(inputs(known(SAID)))
    assert not key_care.ends(inputs(known(SAID), spec={}))
    assert key_care.ends(inputs(known(SAID), spec={"accessMode": "None"}))
    assert key_care.ends(inputs(known(SAID), spec={"accessMode": "Unmanaged"}))


@pytest.mark.parametrize("drift", [DriftPolicy.REPORT, DriftPolicy.REVERT])
def test_a_key_of_ours_that_is_switched_off_is_told_and_not_given_back(drift: DriftPolicy) -> None:
    state = KeyState(secret="kept", current="LTAI-mine")
    live = {"accessKey/…mine": replace(MINE, value=sign_in.INACTIVE)}
    asked = inputs(known(SAID, keys=state), live)
    memory = replace(asked.memory, options=replace(OPTIONS, drift=drift))
    decision = plan.update(replace(asked, memory=memory))
    (entry,) = decision.drift
    assert (entry.field, entry.action) == ("access[accessKey/…mine]", DriftAction.REPORTED)
    assert (entry.was, entry.now) == ("accessKey …mine", "accessKey …mine (inactive)")
    assert not entry.widens
    assert decision.steps == ()
    assert plan.update(inputs(known(SAID, keys=state), {"accessKey/…mine": MINE})).drift == ()
