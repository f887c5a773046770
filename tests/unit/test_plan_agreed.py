"""A trust that manifest and cloud agree on is what the record says from then on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ram_operator import plan
from ram_operator.errors import Bug
from ram_operator.model import FieldValue, UnknownPart
from tests.unit.core import (
    ECS,
    FC,
    live,
    made,
    remembered,
    situation,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)

BEFORE = wanted({"trustPolicy": trust_json(FC)})
ASKED = wanted({"trustPolicy": trust_json(ECS)})


def test_what_was_made_as_asked_in_the_cloud_is_agreed_on() -> None:
    found = situation(ASKED, made(ASKED), remembered(BEFORE))
    assert plan.agreed(found)
    assert plan.update(found).baseline == trust(ECS)


@pytest.mark.parametrize("found", [trust(FC), trust(FC, ECS), UnknownPart(Bug("no JSON"))])
def test_anything_else_is_not(found: FieldValue | UnknownPart) -> None:
    here = situation(ASKED, live(trustPolicy=found), remembered(BEFORE))
    assert not plan.agreed(here)
    assert plan.update(here).baseline == trust(FC)


def test_what_the_record_says_already_is_not_said_again() -> None:
    assert not plan.agreed(situation(BEFORE, made(BEFORE), remembered(BEFORE)))


def test_without_a_record_of_a_trust_there_is_nothing_to_agree_on() -> None:
    memory = remembered(BEFORE)
    adopted = replace(memory, record=replace(memory.record, baseline=None))
    assert not plan.agreed(situation(ASKED, made(ASKED), adopted))
    document = wanted_policy()
    assert not plan.agreed(situation(document, made(document), remembered(document)))
