"""Acknowledged attachments, in the gate: they count with what their policies say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ram_operator.gate.inputs import Inputs
from ram_operator.model.records import Agreed
from ram_operator.model.steps import Detach
from ram_operator.planning import plan
from tests.unit.core import attachment, live, policies, wanted
from tests.unit.test_acknowledgements import acknowledged, case


def excess(document: str = "a", **more: Any) -> Inputs:
    there = live(policies=policies("Custom/x"))
    return case(wanted({}), there, says={"Custom/x": document}, **more)


def test_an_attachment_counts_with_what_its_policy_says() -> None:
    found = excess()
    assert any(isinstance(step, Detach) for step in plan.update(found).steps)
    kept = acknowledged(found)
    assert not any(isinstance(step, Detach) for step in plan.update(kept).steps)
    grown = replace(kept, memory=replace(kept.memory, says={"Custom/x": "b"}))
    assert any(isinstance(step, Detach) for step in plan.update(grown).steps)


def test_an_attachment_that_the_manifest_comes_to_ask_for_stays_and_is_not_offered() -> None:
    agreed = {"agreed": Agreed({"policies": {}})}
    rights: dict[str, Any] = {"texts": {"Custom/x": "rights"}, "reasons": {"Custom/x": ("ram:*",)}}
    kept = acknowledged(excess(**rights, record=agreed))
    asked = replace(kept, desired=wanted({"policies": [attachment("Custom/x")]}))
    judged = {"Custom/x": frozenset({"a"})}
    decision = plan.update(replace(asked, memory=replace(kept.memory, says={}, judged=judged)))
    assert not any(isinstance(step, Detach) for step in decision.steps)
    assert decision.held is None
    assert [each.field for each in decision.acknowledged] == ["policies[Custom/x]"]
    for until in ("", "2026-01-02T00:00:00Z"):
        item = {**attachment("Custom/x"), "until": until} if until else attachment("Custom/x")
        again = replace(asked, desired=wanted({"policies": [item]}))
        memory = replace(kept.memory, says={}, judged=judged, watched=False)
        assert not plan.update(replace(again, memory=memory)).found
    judged = {"Custom/x": frozenset({"b"})}
    decision = plan.update(replace(asked, memory=replace(kept.memory, says={}, judged=judged)))
    assert any(isinstance(step, Detach) for step in decision.steps), "it says something else"


def test_an_attachment_whose_policy_cannot_be_read_is_not_acknowledged() -> None:
    unread = excess(document="")
    assert plan.update(unread).acknowledgeable == ()
    kept = acknowledged(excess())
    known = kept.memory.record.acknowledged
    assert known is not None
    (entry,) = known.entries
    for stands in (entry.stands, ""):
        holds = replace(known, entries=(replace(entry, stands=stands),))
        record = replace(kept.memory.record, acknowledged=holds)
        memory = replace(kept.memory, record=record, says={})
        decision = plan.update(replace(kept, memory=memory))
        assert any(isinstance(step, Detach) for step in decision.steps)


def test_a_policy_of_the_platform_that_only_reads_needs_no_look() -> None:
    there = live(policies=policies("System/AliyunOSSReadOnlyAccess"))
    assert plan.update(case(wanted({}), there)).acknowledgeable
