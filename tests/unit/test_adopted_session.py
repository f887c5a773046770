"""A role that is adopted keeps its longer session where the manifest does not speak of it."""

from __future__ import annotations

from dataclasses import replace

from ram_operator.constants import AdoptionPolicy, Severity
from ram_operator.gate.inputs import Memory
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied
from ram_operator.model.steps import Note, WriteAttributes, WriteTrust
from ram_operator.planning import plan
from tests.unit.core import HARMLESS, OPTIONS, inputs, live, wanted

SESSION = "maxSessionDurationSeconds"
ADOPTS = replace(OPTIONS, adoption=AdoptionPolicy.IF_EXISTS)


def test_it_is_left_and_shown_at_the_first_look_and_later() -> None:
    asked, there = wanted({}), live(**{SESSION: 43200})
    first = plan.update(
        inputs(asked, there, Memory(ADOPTS, Applied(), RecordFacts(), harmless_policies=HARMLESS))
    )
    assert not [step for step in first.steps if isinstance(step, WriteAttributes | WriteTrust)]
    (shown,) = first.drift
    assert (shown.field, shown.now, shown.severity) == (SESSION, "43200", Severity.INFO)
    record = RecordFacts(True, baseline=first.baseline, agreed=first.agreed)
    memory = Memory(ADOPTS, first.applied, record, harmless_policies=HARMLESS)
    later = plan.update(inputs(asked, there, memory))
    assert [step for step in later.steps if not isinstance(step, Note)] == []
    assert [(entry.field, entry.now) for entry in later.drift] == [(SESSION, "43200")]
