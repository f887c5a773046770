"""The values: what their few methods promise."""

from __future__ import annotations

import dataclasses
from dataclasses import replace

import pytest

from ram_operator.constants import Reason, Severity
from ram_operator.errors import Bug
from ram_operator.model import changes
from ram_operator.model.changes import Drift
from ram_operator.model.objects import Key, Owner, UnknownPart
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.state import Live
from ram_operator.model.steps import Step, Tag, WriteDocument
from ram_operator.model.vocabulary import Cause, Direction, Phase, Presence
from tests.unit.core import policy
from tests.unit.steps_by_example import CREATE, of_attributes, of_entries


def test_keys_and_owners_read_well() -> None:
    assert str(Key("RamRole", "team", "app")) == "RamRole team/app"
    assert str(Key("RamAccount", "", "default")) == "RamAccount default"
    assert str(Owner("prod", "team", "app")) == "team/app of cluster prod"


def test_values_cannot_be_changed() -> None:
    live = Live(Presence.ABSENT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        live.presence = Presence.PRESENT  # type: ignore[misc] # that is what is tested
    with pytest.raises(TypeError):
        live.fields["x"] = 1  # type: ignore[index] # that is what is tested


def test_an_unknown_part_is_neither_empty_nor_a_value() -> None:
    part = UnknownPart(Bug("no answer"))
    live = Live(Presence.PRESENT, fields={"tags": part, "description": ""})
    assert live.unknown_parts() == (part,)
    assert live.value("tags") is part
    assert live.value("description") == ""
    assert live.value("policies") is None


DOCUMENT = WriteDocument(
    summary="",
    cause=Cause.DRIFT,
    direction=Direction.NEUTRAL,
    field="document",
    document=policy(),
)
SETTLED = {
    "create": (CREATE, set()),
    "one field": (DOCUMENT, {"document"}),
    "two fields of one call": (
        of_attributes("description", "maxSessionDurationSeconds"),
        {"description", "maxSessionDurationSeconds"},
    ),
    "entries": (of_entries(Tag, "tags", "a", "b"), {"tags[a]", "tags[b]"}),
}


@pytest.mark.parametrize(("made", "names"), SETTLED.values(), ids=SETTLED)
def test_a_step_settles_what_the_status_lists(made: Step, names: set[str]) -> None:
    assert made.settles == names


def drift(field: str, action: str) -> Drift:
    return Drift(field, "a", "b", Severity.WARNING, action)


def test_drift_lasts_if_it_was_left_or_if_its_correction_was_not_carried_out() -> None:
    entries = (
        drift("description", "corrected"),
        drift("tags[a]", "corrected"),
        drift("tags[b]", "corrected"),
        drift("policies[x]", "reported"),
        drift("trustPolicy", "held"),
    )
    steps = (of_attributes("description"), of_entries(Tag, "tags", "a"))
    plan = Plan(steps, drift=entries)
    assert [d.field for d in plan.drift_remaining] == ["policies[x]", "trustPolicy"]
    outcome = Outcome(Phase.RETRY, Reason.THROTTLED, "", plan=plan, steps_done=steps[:1])
    assert [d.field for d in outcome.drift_corrected] == ["description"]
    remaining = ["tags[a]", "tags[b]", "policies[x]", "trustPolicy"]
    assert [d.field for d in outcome.drift_remaining] == remaining
    bare = Outcome(Phase.DONE, Reason.SYNCED, "")
    assert (bare.drift_remaining, bare.drift_corrected) == ((), ())


def test_what_is_so_besides_follows_what_weighs_most() -> None:
    outcome = Outcome(Phase.RETRY, Reason.THROTTLED, "a", also=("b", "c"))
    assert (outcome.whole, replace(outcome, also=()).whole) == ("a; b; c", "a")


def test_places_are_named_as_in_the_status() -> None:
    assert changes.place("tags", "a") == "tags[a]"
    assert changes.place("description", "") == "description"
