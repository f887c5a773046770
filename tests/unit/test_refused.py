"""A step that the cloud refused for good is left alone while nothing changes, and no other one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from ram_operator.cloud.client import CloudClient
from ram_operator.cluster.api import ClusterApi
from ram_operator.constants import ANNOTATION_APPROVE, ANNOTATION_RECONCILE, Reason
from ram_operator.errors import OutcomeUnknown, RamOperatorError, Retry, Stalled
from ram_operator.loop import refused
from ram_operator.loop.ports import Ports
from ram_operator.loop.subject import Subject
from ram_operator.model.objects import Key
from ram_operator.model.steps import Attach, Detach, Step
from ram_operator.model.vocabulary import Direction
from ram_operator.runtime.refused_writes import Refusals
from ram_operator.runtime.sessions import Session
from tests.unit.core import ACCOUNT
from tests.unit.fake_clock import FakeClock
from tests.unit.steps_by_example import of_attributes, of_entries
from tests.unit.test_reconcile_edits import ports as ports_on

KEY = Key("RamRole", "apps", "web")
NO = Stalled(Reason.QUOTA_EXCEEDED, "too many")
STEP = of_attributes("description")


def subject(generation: int = 1, uid: str = "u", **annotations: str) -> Subject:
    meta = {"name": "web", "uid": uid, "generation": generation, "annotations": annotations}
    return Subject.of(KEY, {"metadata": meta, "spec": {}})


def session(*keys: str) -> Session:
    return Session(ACCOUNT, cast(CloudClient, None), keys)


def around() -> Ports:
    return ports_on(cast(ClusterApi, None))


@pytest.mark.parametrize(
    ("after", "keys", "step"),
    [
        (subject(generation=2), (), STEP),
        (subject(uid="another"), (), STEP),
        (subject(**{ANNOTATION_RECONCILE: "now"}), (), STEP),
        (subject(**{ANNOTATION_APPROVE: "sha256:1"}), (), STEP),
        (subject(), ("other keys",), STEP),
        (subject(), (), of_attributes("comments")),
        (subject(), (), of_attributes("description", summary="another")),
        (subject(), (), of_attributes("description", attributes={"description": "y"})),
    ],
    ids=["edit", "made anew", "asked for", "approval", "keys", "part", "summary", "value"],
)
def test_what_is_another_request_is_sent_at_once(
    after: Subject, keys: tuple[str, ...], step: Step
) -> None:
    ports = around()
    told = refused.note(ports, subject(), session(), STEP, NO)
    assert refused.standing(ports, subject(), session(), STEP) is told
    assert refused.standing(ports, after, session(*keys), step) is None


def test_it_says_within_what_time_and_what_has_it_sent_at_once() -> None:
    ports = around()
    told = refused.note(ports, subject(), session(), STEP, NO)
    assert told.reason is Reason.QUOTA_EXCEEDED
    assert told.message.startswith("too many; sent again within 60m")
    assert "reconcile-requested-at" in told.message


@pytest.mark.parametrize(
    "error", [Retry(Reason.PROGRESSING, "soon"), OutcomeUnknown("perhaps it was")]
)
def test_what_may_be_otherwise_soon_is_not_left_alone(error: RamOperatorError) -> None:
    ports = around()
    assert refused.note(ports, subject(), session(), STEP, error) is error
    assert refused.standing(ports, subject(), session(), STEP) is None


@pytest.mark.parametrize(
    ("kind", "direction", "waits"),
    [(Detach, Direction.NARROWER, [300.0] * 3), (Attach, Direction.WIDER, [300.0, 600.0, 1200.0])],
)
def test_what_takes_something_away_waits_no_longer_than_the_first_time(
    kind: Any, direction: Direction, waits: list[float]
) -> None:
    step, clock = of_entries(kind, "policies", "System/x", direction=direction), FakeClock()
    ports = around()
    ports = replace(ports, refusals=Refusals(clock, 300.0))
    for seconds in waits:
        refused.note(ports, subject(), session(), step, NO)
        clock.advance(seconds - 1.0)
        assert refused.standing(ports, subject(), session(), step) is not None
        clock.advance(1.0)
        assert refused.standing(ports, subject(), session(), step) is None


def test_a_step_that_is_asked_for_no_more_begins_anew() -> None:
    ports = around()
    refused.note(ports, subject(), session(), STEP, NO)
    refused.keep(ports, subject(), session(), [STEP])
    assert refused.standing(ports, subject(), session(), STEP) is not None
    refused.keep(ports, subject(), session(), [])
    assert refused.standing(ports, subject(), session(), STEP) is None


def test_another_refusal_of_the_same_is_no_news() -> None:
    """Else each try would be an event, and a write of the status."""
    ports, clock = around(), FakeClock()
    ports = replace(ports, refusals=Refusals(clock, 300.0))
    said = set()
    for _ in range(6):
        said.add(refused.note(ports, subject(), session(), STEP, NO).message)
        clock.advance(3600.0)
    assert len(said) == 1
