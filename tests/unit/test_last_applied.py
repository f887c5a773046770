"""What the status says was applied: through the status and back, and after half a pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.constants import AdoptionPolicy, DriftPolicy, Reason
from ram_operator.errors import Bug
from ram_operator.gate.inputs import WHATEVER, Memory
from ram_operator.model import applied_marks
from ram_operator.model.applied_marks import KEPT
from ram_operator.model.changes import Part
from ram_operator.model.objects import UnknownPart
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.vocabulary import Phase, Presence
from ram_operator.planning import last_applied, plan
from ram_operator.planning.last_applied import OLDER_NAME, applied_from
from ram_operator.reporting.status import build_report
from tests.unit.core import (
    HARMLESS,
    OPTIONS,
    ROLE,
    attachment,
    carry_out,
    inputs,
    made,
    policies,
    record,
    remembered,
    trust,
    wanted,
)
from tests.unit.profiles import examples

NOW = "2026-01-01T00:00:00Z"
ENTRY_FIELDS = ("policies", "tags")
UNKNOWN = UnknownPart(Bug("no answer"))


def through_the_status(applied: Applied) -> Applied:
    """What the next pass reads of it."""
    outcome = Outcome(Phase.DONE, Reason.SYNCED, "", applied=applied)
    return applied_from(build_report({}, outcome, 1, NOW, {}).status, ENTRY_FIELDS)


def test_keys_that_cannot_be_shown_come_back_as_they_were() -> None:
    odd = frozenset({"a\n\u202eb", "a%{a}", "plain", "~kept"})
    applied = Applied(True, {}, {"policies": frozenset(), "tags": odd}, {"tags": odd})
    outcome = Outcome(Phase.DONE, Reason.SYNCED, "", applied=applied)
    status = build_report({}, outcome, 1, NOW, {}).status
    assert not {"\n", "\u202e"} & set(
        "".join((*status["written"]["tags"], *status["excess"]["tags"]))
    )
    found = applied_from(status, ENTRY_FIELDS)
    assert (found.entries["tags"], found.excess["tags"]) == (odd, odd)
    before = {OLDER_NAME: {"tags": sorted(odd - {"a%{a}"})}}
    assert applied_from(before, ENTRY_FIELDS).entries["tags"] == odd - {"a%{a}"}, "of before"


def test_after_a_creation_everything_asked_for_is_ours() -> None:
    asked = wanted({"policies": [attachment("System/A")], "tags": {"a": "1"}, "description": "d"})
    applied = last_applied.created(ROLE, asked)
    assert applied.known
    assert applied.digests == {
        "description": applied_marks.digest("d"),
        "maxSessionDurationSeconds": applied_marks.digest(3600),
    }
    assert applied.entries["policies"] == {"System/a"}
    found = asked.fields["tags"]
    assert isinstance(found, dict)
    assert applied.entries["tags"] == {applied_marks.entry_mark(k, e) for k, e in found.items()}
    assert applied.excess == {}


_MARKS = st.frozensets(st.text("ab~#*/", min_size=1, max_size=4), max_size=3)
_APPLIED = st.builds(
    Applied,
    st.just(True),
    st.dictionaries(st.sampled_from(["description", "document"]), st.text("af0", min_size=1)),
    st.fixed_dictionaries(dict.fromkeys(ENTRY_FIELDS, _MARKS)),
    st.fixed_dictionaries(dict.fromkeys(ENTRY_FIELDS, _MARKS)),
)


@examples(150)
@given(_APPLIED)
def test_memory_survives_the_status(applied: Applied) -> None:
    assert through_the_status(applied) == applied


def test_what_0_1_0_wrote_is_read_and_goes_with_the_next_word() -> None:
    """Where both are there it wrote last, after the one that knew both."""
    here, there = ({"fields": {"description": text}, "policies": [], "tags": []} for text in "ab")
    both: list[dict[str, Any]] = [{OLDER_NAME: there}, {"written": here, OLDER_NAME: there}]
    for before in both:
        found = applied_from(before, ENTRY_FIELDS)
        assert found.digests == {"description": "b"}
        silent = Outcome(Phase.RETRY, Reason.THROTTLED, "")
        assert build_report(before, silent, 1, NOW, {}).status.items() >= before.items()
        told = Outcome(Phase.DONE, Reason.SYNCED, "", applied=found)
        status = build_report(before, told, 1, NOW, {}).status
        assert (status["written"], OLDER_NAME in status) == (there, False)


@pytest.mark.parametrize("status", [{}, {"written": None}, {"written": "x"}, {"excess": {}}])
def test_a_lost_status_is_not_known(status: dict[str, Any]) -> None:
    assert applied_from(status, ENTRY_FIELDS) == Applied()


def update(asked: Desired, found: Live, memory: Memory) -> Plan:
    return plan.update(inputs(asked, found, memory))


def adopting(**options: Any) -> Memory:
    known = replace(OPTIONS, **options)
    return Memory(known, Applied(), RecordFacts(), harmless_policies=HARMLESS)


def found_before() -> Live:
    """What somebody else made: another description, an attachment more and one less."""
    fields = {"description": "theirs", "policies": policies("System/B"), "tags": {}}
    return replace(made(wanted({})), fields={**made(wanted({})).fields, **fields})


ASKED = {"description": "ours", "policies": [attachment("System/A")]}


def test_what_adoption_left_is_marked_as_left() -> None:
    applied = update(wanted(ASKED), found_before(), adopting()).applied
    assert applied.digests["description"] == KEPT + applied_marks.digest("ours")
    assert applied.entries["policies"] == {KEPT + "System/a"}
    assert applied.excess == {"policies": {"System/b"}}


def test_what_adoption_added_is_ours_and_the_excess_is_still_left() -> None:
    memory = adopting(adoption=AdoptionPolicy.IF_EXISTS)
    decision = update(wanted(ASKED), found_before(), memory)
    assert decision.applied.digests["description"] == applied_marks.digest("ours")
    assert decision.applied.entries["policies"] == {"System/a"}
    assert decision.applied.excess == {"policies": {"System/b"}}
    assert {step.verb for step in decision.steps} == {"attributes", "attach", "tag"}


@pytest.mark.parametrize("kept", DriftPolicy)
def test_the_excess_of_an_adoption_stays_left_in_every_later_pass(kept: DriftPolicy) -> None:
    asked, found = wanted(ASKED), found_before()
    memory = adopting(adoption=AdoptionPolicy.IF_EXISTS, drift=kept)
    for _ in range(3):
        decision = update(asked, found, memory)
        for step in decision.steps:
            found = carry_out(found, step)
        facts = record(trust(("Service", "fc.aliyuncs.com")))
        memory = replace(memory, applied=through_the_status(decision.applied), record=facts)
    assert found.fields["policies"] == policies("System/A", "System/B")
    assert decision.steps == ()


def half_read(asked: Desired, *names: str) -> Live:
    live = made(asked)
    return replace(live, fields={**live.fields, **dict.fromkeys(names, UNKNOWN)})


def test_of_what_could_not_be_read_the_old_memory_stays() -> None:
    asked = wanted({**ASKED, "tags": {"a": "1"}})
    memory = remembered(wanted({"description": "old"}))
    kept = replace(memory.applied, excess={"policies": frozenset({"System/b"})})
    memory = replace(memory, applied=kept)
    decision = update(asked, half_read(asked, "policies", "tags", "description"), memory)
    assert decision.applied.entries["policies"] == kept.entries["policies"]
    assert decision.applied.entries["tags"] == kept.entries["tags"]
    assert decision.applied.excess["policies"] == {"System/b"}
    assert decision.applied.digests["description"] == applied_marks.digest("old")


def test_a_field_that_is_new_and_could_not_be_read_is_still_new_afterwards() -> None:
    asked = wanted({"description": "d"})
    decision = update(asked, half_read(asked, "description"), remembered(wanted({})))
    assert "description" not in decision.applied.digests


def test_a_creation_that_is_completed_half_blind_writes_the_rest_once_it_is_seen() -> None:
    asked = wanted({**ASKED, "tags": {"a": "1"}})
    bare = made(wanted({}))
    bare = replace(bare, fields={**bare.fields, "policies": policies("System/B"), "tags": {}})
    parts = ("policies", "tags", "description")
    half = replace(bare, fields={**bare.fields, **dict.fromkeys(parts, UNKNOWN)})
    first = update(asked, half, replace(adopting(), completing=True))
    facts = record(trust(("Service", "fc.aliyuncs.com")))
    memory = replace(adopting(), applied=through_the_status(first.applied), record=facts)
    later = update(asked, bare, memory)
    assert {step.verb for step in later.steps} == {"attributes", "attach", "tag"}
    # As when all of it is read at once: who put there what is beyond the manifest is not known.
    assert later.applied.excess["policies"] == {"System/b"}


def test_an_adoption_that_could_not_read_a_part_removes_nothing_from_it_later() -> None:
    asked, found = wanted(ASKED), found_before()
    half = replace(found, fields={**found.fields, "policies": UNKNOWN, "description": UNKNOWN})
    decision = update(asked, half, adopting())
    assert decision.applied.excess["policies"] == {WHATEVER}
    assert decision.applied.entries["policies"] == {KEPT + "System/a"}
    facts = record(trust(("Service", "fc.aliyuncs.com")))
    memory = replace(adopting(), applied=through_the_status(decision.applied), record=facts)
    later = update(asked, found, memory)
    assert not {"detach", "attributes", "attach"} & {step.verb for step in later.steps}
    assert later.applied.excess["policies"] == {"System/b"}


REFERENCE = {"type": "RamPolicy", "name": "read"}


def test_an_entry_whose_reference_is_not_ready_stays_ours() -> None:
    before = wanted({"policies": [attachment("Custom/Read")], "policyMode": "Additive"})
    memory = remembered(before)
    waiting = wanted({"policies": [REFERENCE], "policyMode": "Additive"})
    decision = update(waiting, made(before), memory)
    assert decision.steps == ()
    assert decision.applied.entries["policies"] == {"Custom/read"}
    memory = replace(memory, applied=through_the_status(decision.applied))
    dropped = update(wanted({"policyMode": "Additive"}), made(before), memory)
    assert [step.summary for step in dropped.steps] == ["detach Custom/Read"]


BEFORE = Applied(
    True,
    {"description": "old", "maxSessionDurationSeconds": "old"},
    {"policies": frozenset({"System/a", KEPT + "System/b"}), "tags": frozenset({"x#00000000"})},
)
AFTER = Applied(
    True,
    {"description": "new", "maxSessionDurationSeconds": "new", "other": "new"},
    {"policies": frozenset({"System/b", "System/c"}), "tags": frozenset({"x#11111111"})},
    {"policies": frozenset({"System/z"})},
)
MISSED: dict[str, tuple[tuple[Part, ...], dict[str, Any]]] = {
    "a value": ((("description", ""),), {"description": "old"}),
    "two values of one call": (
        (("description", ""), ("maxSessionDurationSeconds", "")),
        {"description": "old", "maxSessionDurationSeconds": "old"},
    ),
    "a value that was not managed before": ((("other", ""),), {"other": None}),
    "an attachment": ((("policies", "System/c"),), {"policies": {"System/b"}}),
    "an attachment that adoption had left": (
        (("policies", "System/b"),),
        {"policies": {KEPT + "System/b", "System/c"}},
    ),
    "a detachment of our own": (
        (("policies", "System/a"),),
        {"policies": {"System/a", "System/b", "System/c"}},
    ),
    "a detachment of what somebody else attached": (
        (("policies", "System/q"),),
        {"policies": {"System/b", "System/c"}},
    ),
    "a tag": ((("tags", "x"),), {"tags": {"x#00000000"}}),
    "a trust": ((("trustPolicy", ""),), {}),
}


@pytest.mark.parametrize(("missed", "expected"), MISSED.values(), ids=MISSED)
def test_where_a_part_was_not_written_the_old_memory_stays(
    missed: tuple[Part, ...], expected: dict[str, Any]
) -> None:
    found = last_applied.after_steps(BEFORE, AFTER, missed)
    assert found.excess == AFTER.excess
    whole = {**AFTER.digests, **AFTER.entries, **expected}
    known = {name: value for name, value in whole.items() if value is not None}
    assert {**found.digests, **found.entries} == known


def test_when_all_was_written_the_new_memory_stands() -> None:
    assert last_applied.after_steps(BEFORE, AFTER, ()) == AFTER


_NAMES = ["System/A", "System/B", "Custom/C"]
_SPECS = st.fixed_dictionaries(
    {
        "maxSessionDurationSeconds": st.sampled_from([3600, 7200]),
        "policies": st.lists(st.sampled_from(_NAMES), unique=True).map(
            lambda names: [attachment(name) for name in names]
        ),
        "tags": st.dictionaries(st.sampled_from(["a", "b", "a#b"]), st.sampled_from(["", "1"])),
    },
    optional={"description": st.sampled_from(["d", "e"])},
)


@examples(150)
@given(_SPECS, _SPECS, st.integers(0, 8))
def test_after_half_a_pass_the_rest_is_still_an_edit_and_is_done_next_time(
    first: dict[str, Any], second: dict[str, Any], stop: int
) -> None:
    before, asked = wanted(first), wanted(second)
    found, memory = made(before), remembered(before, drift=DriftPolicy.REPORT)
    decision = update(asked, found, memory)
    done, missed = decision.steps[:stop], decision.steps[stop:]
    for one in done:
        found = carry_out(found, one)
    parts = [part for step in missed for part in step.parts]
    applied = last_applied.after_steps(memory.applied, decision.applied, parts)
    rest = update(asked, found, replace(memory, applied=through_the_status(applied)))
    assert rest.drift == (), "what we have not done yet is nobody's drift"
    for one in rest.steps:
        found = carry_out(found, one)
    assert {k: v for k, v in found.fields.items() if k in asked.fields} == asked.fields
    assert through_the_status(rest.applied) == through_the_status(decision.applied)


def test_of_what_was_just_made_only_the_answer_is_known() -> None:
    facts = {"cloudId": "7", "arn": "acs:ram::1:role/app", "defaultVersion": "v1"}
    found = last_applied.made(wanted({}), facts)
    assert (found.presence, found.cloud_name, found.fields) == (Presence.PRESENT, "app", {})
    assert (found.cloud_id, found.arn, found.default_version) == tuple(facts.values())
    assert last_applied.made(wanted({}), {}).cloud_id == ""
    told = last_applied.made(wanted({}), {**facts, "consoleLogin": "Deny"})
    assert told.fields == {"consoleLogin": "Deny"}
