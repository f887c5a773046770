"""A clock that was wrong, or is set back, gives nobody anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import alibabacloud_ram20150501.models as ram

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import approve, held, offer, opened, say
from tests.gate.attacks import ADMIN, ECS, FC, NAME, ROLE
from tests.gate.test_killed import killed_at
from tests.gate.triples import Entry, Moment, Resource, attack

HOUR: Final = 3600.0
EIGHT_DAYS: Final = 8 * 24 * HOUR
"""Longer than an offer stands."""
GROUP: Final = "RamGroup"


@attack(Entry.CLOCK, Resource.TRUST, Moment.ENDED)
def test_an_offer_that_expired_is_not_young_again(apart: ControlPlane, alone: World) -> None:
    with OperatorProcess.running(apart):
        alone.role(NAME, trustPolicy=trust(FC))
        alone.ready(ROLE, NAME)
        start = alone.journal_end()
        alone.edit(ROLE, NAME, trustPolicy=trust(FC, ECS))
        first = offer(alone, ROLE, NAME)
    with OperatorProcess.running(apart, shift=EIGHT_DAYS):
        second = offer(alone, ROLE, NAME, instead_of=first)
        assert say(alone, ROLE, NAME, approve=first)
        alone.look(ROLE, NAME)
        alone.settle()
        assert opened(alone, start) == []
    with OperatorProcess.running(apart):
        alone.look(ROLE, NAME)
        assert offer(alone, ROLE, NAME) == second
        assert say(alone, ROLE, NAME, approve=None)
        assert say(alone, ROLE, NAME, approve=first)
        alone.look(ROLE, NAME)
        alone.settle()
        assert opened(alone, start) == []
        approve(alone, ROLE, NAME)
        alone.ready(ROLE, NAME)
        assert len(opened(alone, start)) == 1


@attack(Entry.CLOCK, Resource.TRUST, Moment.BEGUN)
def test_what_was_begun_is_not_sent_once_its_approval_has_ended(
    apart: ControlPlane, alone: World
) -> None:
    """The operator was killed before the cloud saw the write, and comes back after a week."""
    with OperatorProcess.running(apart):
        alone.role("target", trustPolicy=trust(FC))
        alone.ready(ROLE, "target")
        start = alone.journal_end()
        alone.edit(ROLE, "target", trustPolicy=trust(FC, ECS))
        first = offer(alone, ROLE, "target")
    killed_at(apart, alone, ("kill_before", "UpdateRole"), first)
    assert "inFlight" in (alone.record(ROLE, "target") or {})
    with OperatorProcess.running(apart, shift=EIGHT_DAYS):
        offer(alone, ROLE, "target", instead_of=first)
        alone.look(ROLE, "target")
        alone.settle()
        assert opened(alone, start) == []
        approve(alone, ROLE, "target")
        alone.ready(ROLE, "target")
        assert len(opened(alone, start)) == 1


@attack(Entry.CLOCK, Resource.EXPIRY, Moment.EXPIRING)
def test_who_was_taken_out_at_his_end_does_not_come_back(apart: ControlPlane, alone: World) -> None:
    alone.hand.create_user(ram.CreateUserRequest(user_name="bob"))
    end = (datetime.now(UTC) + timedelta(seconds=HOUR)).strftime("%Y-%m-%dT%H:%M:%SZ")
    member = {"type": "User", "name": "bob", "expiresAt": end}
    with OperatorProcess.running(apart):
        alone.create(GROUP, NAME, {"policies": [ADMIN], "members": [member]})
        approve(alone, GROUP, NAME)
        alone.ready(GROUP, NAME)
    start = alone.journal_end()

    def taken_out() -> bool:
        return [e["action"] for e in alone.writes(start)] == ["RemoveUserFromGroup"]

    with OperatorProcess.running(apart, shift=2 * HOUR):
        until(taken_out, "that he is taken out")
        alone.ready(GROUP, NAME)
    with OperatorProcess.running(apart):
        alone.look(GROUP, NAME)
        held(alone, GROUP, NAME)
        alone.settle()
        assert opened(alone, start) == []
        assert taken_out()
