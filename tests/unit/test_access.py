"""Ways to sign in: what there was when a user was taken over, and what came later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import AccessMode, DriftPolicy, Reason, Severity
from ram_operator.errors import Stalled, UnknownValue
from ram_operator.gate import approvals, baseline, ways_in
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.gate.verdicts import Allow
from ram_operator.kinds import sign_in
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import Change, Held, Judged
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import NO_RIGHTS, NOT_READ, Agreed, InFlight, RecordFacts
from ram_operator.model.state import Applied, Desired
from ram_operator.model.steps import Agree
from ram_operator.model.vocabulary import Cause, Direction, Disposition, DriftAction, HeldKind
from ram_operator.planning import plan
from tests.unit.core import ACCOUNT, OPTIONS, OWNER
from tests.unit.steps_by_example import of_entries
from tests.unit.test_people import asked, found

USER: Final = KINDS["RamUser"]
PROFILE: Final = Entry("loginProfile", handle="2020-01-01T00:00:00Z")
KEY: Final = Entry("accessKey …abcd", handle="LTAI-abcd")
OFF: Final = replace(KEY, value="inactive")
PROFILE_ID: Final = "loginProfile/2020-01-01T00:00:00Z"
KEY_ID: Final = "accessKey/LTAI-abcd"
ALL: Final = {"loginProfile": PROFILE, "accessKey/…abcd": KEY}
HAD: Final = {"mode": "Unmanaged", PROFILE_ID: "active", KEY_ID: "active"}
DENIED: Final = UnknownPart(Stalled(Reason.ACCESS_DENIED, "denied"))
NOBODY: Final = RecordFacts()


def record(said: Mapping[str, str] | None, **more: Any) -> RecordFacts:
    """Of a user that we know, without any right."""
    entries: dict[str, Mapping[str, str]] = {"policies": {}}
    if said is not None:
        entries["access"] = said
    return RecordFacts(True, OWNER, "uid", "id-1", agreed=Agreed(entries), **more)


def inputs(
    mode: str | None, live: Any, known: RecordFacts, *, groups: Any = None, **more: Any
) -> Inputs:
    """As the pass brings them together."""
    spec = {"accessMode": mode} if mode is not None else {}
    wanted = asked(USER, spec)
    memory = Memory(OPTIONS, Applied(known=known.exists), known, **more)
    there = found(wanted, access=live, groups=groups or {})
    completing = memory.completing
    wanted = sign_in.expecting(wanted, there, known, completing=completing)
    return Inputs(USER, ACCOUNT, wanted, there, memory)


def decide(*args: Any, **more: Any) -> Plan:
    return plan.update(inputs(*args, **more))


def noted(decision: Plan) -> Mapping[str, str]:
    """What the record is told of it."""
    return decision.agreed.entries.get("access", {})


# --- what the manifest says


@pytest.mark.parametrize(("spec", "said"), [({}, ""), ({"accessMode": "None"}, "None")])
def test_a_mode_that_is_left_out_is_not_none(spec: dict[str, str], said: str) -> None:
    assert asked(USER, spec).modes == {"access": said}


def test_a_mode_of_another_version_is_refused() -> None:
    with pytest.raises(UnknownValue, match="accessMode"):
        asked(USER, {"accessMode": "Console"})


@pytest.mark.parametrize(("mode", "shown"), [("Unmanaged", True), ("None", False), (None, False)])
@pytest.mark.parametrize("known", [NOBODY, record(HAD)])
def test_who_writes_that_nobody_watches_sees_it_for_as_long_as_it_is_so(
    mode: str | None, shown: bool, known: RecordFacts
) -> None:
    """Beside the event of the switch. Who was adopted with nothing written has no finding by it."""
    found = decide(mode, {}, known).remarks
    assert [(f.id, f.severity) for f in found] == [("RAM026", Severity.INFO)] * shown


# --- taking over


@pytest.mark.parametrize("mode", [None, "Unmanaged"])
def test_what_is_there_when_a_user_is_taken_over_is_agreed_on(mode: str | None) -> None:
    decision = decide(mode, ALL, NOBODY)
    assert (decision.drift, decision.held) == ((), None)
    assert noted(decision) == HAD
    later = decide(mode, ALL, record(HAD))
    assert (later.drift, later.held, noted(later)) == ((), None, {})


@pytest.mark.parametrize("policy", DriftPolicy)
def test_with_none_what_is_there_is_shown_and_never_gets_graver(policy: DriftPolicy) -> None:
    options = replace(OPTIONS, drift=policy)
    first = plan.update(_with(inputs("None", ALL, NOBODY), options=options))
    assert {entry.severity for entry in first.drift} == {Severity.INFO}
    assert noted(first) == {}
    assert first.applied is not None
    for _ in range(3):
        later = _with(inputs("None", ALL, record(None)), options=options, applied=first.applied)
        decision = plan.update(later)
        assert decision.drift == first.drift
        assert decision.steps == ()


def _with(given: Inputs, **memory: Any) -> Inputs:
    return replace(given, memory=replace(given.memory, **memory))


def test_a_user_that_we_made_has_none() -> None:
    for known in (record(None), record({"mode": "None"})):
        drift = decide(None, ALL, known).drift
        assert [entry.severity for entry in drift] == [Severity.CRITICAL] * 2
    begun = RecordFacts(True, OWNER, "uid")
    drift = decide(None, ALL, begun, completing=True).drift
    assert len(drift) == 2


@pytest.mark.parametrize("said", [None, {"mode": "Unmanaged"}, {"mode": "None"}])
def test_a_creation_notes_the_mode(said: Mapping[str, str] | None) -> None:
    for mode in (None, "None", "Unmanaged"):
        given = inputs(mode, {}, record(said))
        agreed = plan.create(given).agreed.entries
        expected = mode or (said or {}).get("mode", "None")
        assert agreed.get("access", {"mode": "None"}) == {"mode": expected}
        assert ("access" in agreed) == (said is not None or mode == "Unmanaged")


def test_no_other_kind_has_any_of_this() -> None:
    wanted = asked(KINDS["RamGroup"], {})
    assert sign_in.of(wanted, found(wanted, access=ALL), NOBODY, completing=False) is None
    assert sign_in.unread(wanted) == {}


# --- what comes later


LATER: Final = {
    "a new key": (ALL, {"mode": "Unmanaged", PROFILE_ID: "active"}, {"access[accessKey/…abcd]"}),
    "another profile": (
        {"loginProfile": replace(PROFILE, handle="2026-01-01T00:00:00Z")},
        {"mode": "Unmanaged", PROFILE_ID: "active"},
        {"access[loginProfile]"},
    ),
    "a key that lets in again": (
        {"accessKey/…abcd": KEY},
        {"mode": "Unmanaged", KEY_ID: "inactive"},
        {"access[accessKey/…abcd]"},
    ),
    "a login that was switched on again": (
        {"loginProfile": PROFILE},
        {"mode": "Unmanaged", PROFILE_ID: "inactive"},
        {"access[loginProfile]"},
    ),
    "a login of which nobody says whether it is on": (
        {"loginProfile": replace(PROFILE, value=sign_in.UNREAD)},
        {"mode": "Unmanaged", PROFILE_ID: "inactive"},
        set(),
    ),
    "a key that lets nobody in": ({"accessKey/…abcd": OFF}, HAD, set()),
    "fewer than there were": ({"loginProfile": PROFILE}, HAD, set()),
}


@pytest.mark.parametrize(("live", "said", "places"), LATER.values(), ids=LATER)
def test_what_comes_later_or_comes_back_is_drift(
    live: Mapping[str, Entry], said: Mapping[str, str], places: set[str]
) -> None:
    decision = decide(None, live, record(said))
    assert {entry.field for entry in decision.drift} == places
    assert {entry.action for entry in decision.drift} <= {DriftAction.REPORTED}
    assert decision.held is None


def test_what_is_gone_is_agreed_on_no_more() -> None:
    decision = decide(None, {"accessKey/…abcd": OFF}, record(HAD))
    (note,) = decision.steps
    assert note.agrees.entries["access"] == {PROFILE_ID: "", KEY_ID: "inactive"}


def test_a_login_that_is_off_is_agreed_on_as_that() -> None:
    (note,) = decide(
        None, {**ALL, "loginProfile": replace(PROFILE, value="inactive")}, record(HAD)
    ).steps
    assert note.agrees.entries["access"] == {PROFILE_ID: "inactive"}
    unread = {**ALL, "loginProfile": replace(PROFILE, value=sign_in.UNREAD)}
    assert noted(decide(None, unread, NOBODY)) == HAD
    assert decide(None, unread, record(HAD)).steps == ()


def test_what_is_gone_may_be_an_old_answer() -> None:
    given = inputs(None, {}, record(HAD))
    assert plan.drifted(given) == {"access"}
    assert plan.update(given, plan.drifted(given)).steps == ()
    for mode, live, known in ((None, ALL, record(HAD)), (None, ALL, NOBODY)):
        assert not plan.drifted(inputs(mode, live, known))
    assert not plan.drifted(inputs("Unmanaged", {}, record({"mode": "None"})))


RIGHTS: Final[dict[str, tuple[dict[str, Any], Severity]]] = {
    "nothing": ({}, Severity.WARNING),
    "what only reads": (
        {"attached": frozenset({"System/aliyunossreadonlyaccess"})},
        Severity.WARNING,
    ),
    "known to be harmless": (
        {"attached": frozenset({"Custom/a"}), "texts": {"Custom/a": NO_RIGHTS}},
        Severity.WARNING,
    ),
    "rights": ({"attached": frozenset({"System/administratoraccess"})}, Severity.CRITICAL),
    "what is not known": ({"attached": None}, Severity.CRITICAL),
    "a group": ({"groups": {"dev": Entry("dev")}}, Severity.CRITICAL),
    "groups that could not be read": ({"groups": DENIED}, Severity.CRITICAL),
}


@pytest.mark.parametrize(("has", "severity"), RIGHTS.values(), ids=RIGHTS)
def test_what_comes_later_is_as_grave_as_the_users_rights(
    has: dict[str, Any], severity: Severity
) -> None:
    drift = decide(None, {"loginProfile": PROFILE}, record({"mode": "Unmanaged"}), **has).drift
    assert [entry.severity for entry in drift] == [severity]


# --- from one mode to another


def test_none_to_unmanaged_takes_somebodys_word() -> None:
    for known in (record(None), record({"mode": "None"})):
        decision = decide("Unmanaged", ALL, known)
        assert decision.held is not None
        assert decision.held.kind is HeldKind.FOUND
        assert {c.entry for c in decision.held.changes} == set(ALL)
        assert {entry.severity for entry in decision.drift} == {Severity.CRITICAL}
        assert noted(decision) == {}


def test_where_there_is_nothing_nobody_is_asked() -> None:
    decision = decide("Unmanaged", {}, record({"mode": "None"}))
    assert decision.held is None
    (note,) = decision.steps
    assert note.agrees.entries["access"] == {"mode": "Unmanaged"}


def test_what_was_agreed_on_of_another_identity_does_not_count() -> None:
    known = replace(record(HAD), cloud_id="another")
    assert decide(None, ALL, known).held is not None
    assert noted(decide(None, {}, known))["mode"] == "Unmanaged"


def test_in_place_of_a_creation_that_was_never_made_nothing_is_agreed_on() -> None:
    known = RecordFacts(True, OWNER, "uid", never_made="2026-01-01T00:00:00Z")
    assert len(decide(None, ALL, known).drift) > 1
    assert noted(decide(None, ALL, known)) == {}


def test_unmanaged_to_none_forgets_what_was_agreed_on() -> None:
    decision = decide("None", ALL, record(HAD))
    assert [entry.severity for entry in decision.drift] == [Severity.CRITICAL] * 2
    (note,) = decision.steps
    assert note.agrees.entries["access"] == {"mode": "None", PROFILE_ID: "", KEY_ID: ""}
    assert noted(decide(None, ALL, record({"mode": "None"}))) == {}


# --- what could not be read


def test_what_could_not_be_read_takes_somebodys_word_later() -> None:
    first = decide(None, DENIED, NOBODY)
    assert noted(first) == {"mode": "Unmanaged", NOT_READ: NOT_READ}
    assert noted(decide("None", DENIED, NOBODY)) == {}
    assert noted(decide(None, DENIED, record(HAD))) == {}
    known = record(noted(first))
    assert decide(None, ALL, known).held is not None
    (note,) = decide(None, {}, known).steps
    assert note.agrees.entries["access"] == {"mode": "Unmanaged", NOT_READ: ""}


def test_modes_are_those_of_the_kind() -> None:
    wanted: Desired = asked(USER, {"accessMode": "Unmanaged"})
    assert AccessMode(wanted.modes["access"]) is AccessMode.UNMANAGED


# --- an approval


def begun(known: RecordFacts, live: Mapping[str, Entry]) -> RecordFacts:
    """It was approved that they stay, and the process ended before the record said so."""
    changes = tuple(
        Change("access", None, entry, Direction.WIDER, key) for key, entry in live.items()
    )
    wishes = approvals.wishes(Held(HeldKind.FOUND, "", changes=changes))
    flight = InFlight(HeldKind.FOUND, approval="sha256:aa", wishes=wishes)
    return replace(known, in_flight=flight)


def test_what_was_approved_is_agreed_on_although_the_process_ended() -> None:
    known = record({"mode": "Unmanaged", NOT_READ: NOT_READ})
    decision = decide("Unmanaged", ALL, begun(known, ALL))
    assert decision.held is None
    assert noted(decision) == {**HAD, NOT_READ: ""}
    one = {"loginProfile": PROFILE}
    decision = decide("Unmanaged", ALL, begun(record(None), one))
    assert decision.held is not None
    assert [change.entry for change in decision.held.changes] == ["accessKey/…abcd"]


def test_an_approval_agrees_on_exactly_what_it_was_given_for() -> None:
    given = inputs("Unmanaged", ALL, record(None))
    entries = {"loginProfile": PROFILE}
    step = of_entries(Agree, "access", entries=entries, permit=None)
    (told,) = baseline.agreeing(given, [step])
    assert told.agrees.entries["access"] == {"mode": "Unmanaged", PROFILE_ID: "active"}
    assert ways_in.agrees(given, {}) == {}


def test_what_is_only_told_needs_nobody() -> None:
    given = inputs(None, ALL, record({"mode": "Unmanaged"}))
    change = Change("access", KEY, None, Direction.NARROWER, "accessKey/…abcd")
    told = Judged(change, Cause.DRIFT, Disposition.WRITE, Severity.CRITICAL)
    assert isinstance(ways_in.evaluate(given, told), Allow)
