"""Acknowledged drift stays until its end, and nothing beside it does."""

from __future__ import annotations

from typing import Any, Final

import pytest

from lab import RequestFailed
from lab.waiting import until
from lab.world import World, condition, trust
from tests.gate.acknowledging import (
    ACKNOWLEDGE,
    HOUR,
    acknowledge,
    acknowledgeable,
    ended,
    holds,
    looked,
    taken_back,
    text,
    trusts,
    write,
)
from tests.gate.approving import held, offer, opened, say
from tests.gate.attacks import ECS, FC, LOG, NAME, NOBODY, ROLE, a_role
from tests.gate.test_rejections import EDITOR, editors
from tests.gate.test_rejections import write as with_own_rights
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands
from tests.support.times import come, moment, soon

Json = dict[str, Any]
STRANGER: Final = "ecs.aliyuncs.com"


def by_hand(world: World, *more: tuple[str, str]) -> None:
    Hands(world).update_role(NAME, trust=trust(FC, *more))


def drifted(world: World, **spec: Any) -> tuple[int, str]:
    """A role whose trust was widened by hand; what of it may be acknowledged."""
    start = a_role(world, **spec)
    by_hand(world, ECS)
    world.settle()
    world.look(ROLE, NAME)
    return start, str(acknowledgeable(world, ROLE, NAME)["digest"])


def record(world: World) -> Json:
    found = world.record(ROLE, NAME)
    assert found is not None
    return found


def an_object(world: World) -> Json:
    found = world.get(ROLE, NAME)
    assert found is not None
    return found


def gives(call: Json) -> bool:
    """Whether a write of the operator lets the stranger in."""
    return STRANGER in str(call["parameters"].get("NewAssumeRolePolicyDocument", ""))


def gone_again(world: World, start: int) -> None:
    """The same drift, made again, goes as ever, and nobody but its maker has let anybody in."""
    by_hand(world, ECS)
    looked(world, ROLE, NAME)
    taken_back(world, NAME, STRANGER)
    assert all(not gives(call) for call in opened(world, start))


def kept(world: World, **spec: Any) -> int:
    """The same, acknowledged for an hour and made again where it was taken back."""
    start, digest = drifted(world, **spec)
    acknowledge(world, ROLE, NAME, digest)
    by_hand(world, ECS)
    looked(world, ROLE, NAME)
    return start


@pytest.mark.legitimate
@pytest.mark.parametrize("policy", ["RevertExcess", "Revert"])
def test_what_was_taken_back_stays_once_it_is_acknowledged(world: World, policy: str) -> None:
    start, digest = drifted(world, driftPolicy=policy)
    taken_back(world, NAME, STRANGER)
    baseline = record(world)["baseline"]
    status = acknowledge(world, ROLE, NAME, digest)
    assert status["acknowledged"]["by"] == "approver"
    by_hand(world, ECS)
    start = world.journal_end()
    role = looked(world, ROLE, NAME)
    assert trusts(world, NAME, STRANGER)
    assert opened(world, start) == []
    (entry,) = role["status"]["drift"]
    assert (entry["field"], entry["action"]) == ("trustPolicy", "acknowledged")
    assert condition(role, "Drifted")["status"] == "False"
    assert condition(role, "Drifted")["reason"] == "DriftAcknowledged"
    assert condition(role, "Synced")["reason"] == "DriftAcknowledged"
    assert "by approver until" in condition(role, "Drifted")["message"]
    assert condition(role, "Ready")["status"] == "True"
    # What counts as agreed on is what it was.
    assert record(world)["baseline"] == baseline
    # Taken back, and the drift is judged as ever.
    assert write(world, ROLE, NAME, None)
    taken_back(world, NAME, STRANGER)
    ended(world, ROLE, NAME)
    assert all(not gives(call) for call in opened(world, start))


@pytest.mark.legitimate
def test_what_is_only_reported_is_acknowledged_as_it_stands(world: World) -> None:
    start, digest = drifted(world, driftPolicy="Report")
    role = an_object(world)
    assert condition(role, "Drifted")["status"] == "True"
    acknowledge(world, ROLE, NAME, digest)
    role = looked(world, ROLE, NAME)
    assert condition(role, "Drifted")["reason"] == "DriftAcknowledged"
    assert condition(role, "Ready")["status"] == "True"
    assert write(world, ROLE, NAME, None)
    ended(world, ROLE, NAME)
    role = looked(world, ROLE, NAME)
    assert condition(role, "Drifted")["reason"] == "DriftDetected"
    assert world.writes(start)[1:] == []


@attack(Entry.FORGED, Resource.TRUST, Moment.DRIFTED)
def test_who_may_not_approve_acknowledges_nothing(world: World) -> None:
    start, digest = drifted(world)
    editors(world)
    harmless: Json = {"approve-reason": "x"}
    until(lambda: with_own_rights(world, EDITOR, **harmless), "rights", 10.0)
    said: Json = {"acknowledge-drift": text(digest)}
    forged: Json = {**said, "acknowledged-by": "approver"}
    assert not with_own_rights(world, EDITOR, **said)
    assert not with_own_rights(world, EDITOR, **forged)
    # Who may, and wrote the manifest, is an author of what was agreed on.
    world.annotate(ROLE, NAME, **{"reconcile-requested-at": "x"})
    with pytest.raises(RequestFailed, match="no author approves"):
        world.annotate(ROLE, NAME, **{"acknowledge-drift": text(digest)})
    gone_again(world, start)


@attack(Entry.FORGED, Resource.TRUST, Moment.ACKNOWLEDGED)
def test_what_is_no_acknowledgement_is_refused_and_what_is_another_counts_for_nothing(
    world: World,
) -> None:
    start, digest = drifted(world)
    for value in (digest, f"{digest} until tomorrow", f"{digest}  until {moment(HOUR)}", "*"):
        assert not write(world, ROLE, NAME, value)
    for value in (text(NOBODY), text(digest, moment(-HOUR)), text(digest[:-1] + "0")):
        if value.split()[0] != digest or "until" in value:
            assert write(world, ROLE, NAME, value)
        world.look(ROLE, NAME)
    gone_again(world, start)
    assert "acknowledged" not in an_object(world)["status"]


@attack(Entry.REPLAYED, Resource.TRUST, Moment.ENDED)
def test_an_acknowledgement_is_good_once(world: World) -> None:
    start, digest = drifted(world)
    said = text(digest)
    assert write(world, ROLE, NAME, said)
    holds(world, ROLE, NAME, digest)
    assert write(world, ROLE, NAME, None)
    ended(world, ROLE, NAME)
    assert write(world, ROLE, NAME, said)
    gone_again(world, start)
    # The same drift is offered again under another digest.
    assert acknowledgeable(world, ROLE, NAME, instead_of=digest)["digest"] != digest


@attack(Entry.BORROWED, Resource.TRUST, Moment.OFFERED)
def test_an_acknowledgement_is_no_approval_and_an_approval_none(world: World) -> None:
    start, digest = drifted(world)
    taken_back(world, NAME, STRANGER)
    world.edit(ROLE, NAME, trustPolicy=trust(FC, LOG))
    pending = offer(world, ROLE, NAME)
    assert say(world, ROLE, NAME, approve=digest)
    world.look(ROLE, NAME)
    assert write(world, ROLE, NAME, text(pending))
    by_hand(world, ECS)
    looked(world, ROLE, NAME)
    taken_back(world, NAME, STRANGER)
    assert not trusts(world, NAME, "log.aliyuncs.com")
    assert all(LOG[1] not in str(call) for call in opened(world, start))
    assert "acknowledged" not in an_object(world)["status"]


@attack(Entry.NEIGHBOUR, Resource.TRUST, Moment.DRIFTED)
def test_the_acknowledgement_of_another_role_is_none(world: World) -> None:
    start, _ = drifted(world)
    world.role("other")
    world.ready(ROLE, "other")
    Hands(world).update_role("other", trust=trust(FC, ECS))
    world.settle()
    world.look(ROLE, "other")
    other = acknowledgeable(world, ROLE, "other")["digest"]
    acknowledge(world, ROLE, "other", other)
    assert write(world, ROLE, NAME, text(other))
    gone_again(world, start)


@attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.ACKNOWLEDGED)
def test_what_grows_is_no_more_what_was_acknowledged(world: World) -> None:
    kept(world)
    by_hand(world, ECS, LOG)
    looked(world, ROLE, NAME)
    taken_back(world, NAME, "log.aliyuncs.com")
    # It is not known who is who by then: what goes, goes to what was agreed on.
    assert not trusts(world, NAME, STRANGER)
    by_hand(world, ECS)
    looked(world, ROLE, NAME)
    assert trusts(world, NAME, STRANGER)


@attack(Entry.MANIFEST, Resource.ROLE_POLICY, Moment.ACKNOWLEDGED)
def test_who_is_in_by_it_gets_nothing_more(world: World) -> None:
    kept(world)
    start = world.journal_end()
    world.edit(ROLE, NAME, policies=[{"type": "System", "name": "AliyunOSSFullAccess"}])
    role = looked(world, ROLE, NAME)
    assert world.writes(start) == []
    assert "the trust to be as asked" in condition(role, "Ready")["message"]
    assert write(world, ROLE, NAME, None)
    taken_back(world, NAME, STRANGER)
    until(lambda: world.cloud()["roles"][NAME]["policies"], "what was asked for")


@attack(Entry.LAUNDERED, Resource.TRUST, Moment.ACKNOWLEDGED)
def test_a_manifest_that_asks_for_it_agrees_on_nothing(world: World) -> None:
    start = kept(world)
    baseline = record(world)["baseline"]
    world.edit(ROLE, NAME, trustPolicy=trust(FC, ECS))
    role = looked(world, ROLE, NAME)
    assert record(world)["baseline"] == baseline
    assert "pending" not in role["status"]
    assert condition(role, "Ready")["status"] == "False"
    assert "the manifest's trustPolicy offered" in condition(role, "Ready")["message"]
    assert write(world, ROLE, NAME, None)
    taken_back(world, NAME, STRANGER)
    pending = held(world, ROLE, NAME)["status"]["pending"]
    assert STRANGER in str(pending["gains"])
    assert record(world)["baseline"] == baseline
    assert all(not gives(call) for call in opened(world, start))


@attack(Entry.ANEW, Resource.TRUST, Moment.ACKNOWLEDGED)
def test_who_makes_the_object_anew_takes_nothing_along(world: World) -> None:
    kept(world)
    said = an_object(world)["metadata"]["annotations"][ACKNOWLEDGE]
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    world.role(NAME)
    taken_back(world, NAME, STRANGER)
    assert write(world, ROLE, NAME, said)
    by_hand(world, ECS)
    looked(world, ROLE, NAME)
    taken_back(world, NAME, STRANGER)
    assert "acknowledged" not in an_object(world)["status"]
    assert "acknowledged" not in record(world)


@attack(Entry.STATUS, Resource.TRUST, Moment.DRIFTED)
def test_what_a_forged_status_says_is_acknowledged_goes(world: World) -> None:
    start, digest = drifted(world)
    status = dict(an_object(world)["status"])
    until_then = {"digest": digest, "by": "approver", "until": moment(HOUR)}
    world.write_status(ROLE, NAME, {**status, "acknowledged": until_then})
    gone_again(world, start)


@attack(Entry.ACKNOWLEDGED, Resource.TRUST, Moment.EXPIRING)
def test_it_ends_at_its_time_and_the_drift_goes(world: World) -> None:
    start, digest = drifted(world)
    end = soon(12.0)
    status = acknowledge(world, ROLE, NAME, digest, end)
    assert status["acknowledged"]["until"] == end
    assert status["acknowledged"]["ending"] is True
    by_hand(world, ECS)
    looked(world, ROLE, NAME)
    assert trusts(world, NAME, STRANGER)
    assert world.told("AcknowledgementEnding", NAME)
    come(end)
    taken_back(world, NAME, STRANGER)
    ended(world, ROLE, NAME)
    assert world.told("AcknowledgementEnded", NAME)
    assert all(not gives(call) for call in opened(world, start))
    said = [each["operation"] for each in record(world)["history"]]
    assert [each for each in said if "cknowledge" in each] == [
        "DriftAcknowledged",
        "AcknowledgementEnded",
    ]


@attack(Entry.ACKNOWLEDGED, Resource.TRUST, Moment.DRIFTED)
def test_it_lasts_a_day_at_most_whatever_it_says(world: World) -> None:
    _, digest = drifted(world)
    status = acknowledge(world, ROLE, NAME, digest, moment(72 * HOUR))
    assert status["acknowledged"]["until"] <= moment(24 * HOUR)
    assert record(world)["acknowledged"]["until"] == status["acknowledged"]["until"]
    by_hand(world, ECS)
    looked(world, ROLE, NAME)
    assert trusts(world, NAME, STRANGER)


@attack(Entry.VOIDED, Resource.TRUST, Moment.ACKNOWLEDGED)
def test_what_was_offered_ends_with_an_approval_and_the_other_way_round(world: World) -> None:
    """The sequence is one: what was read before somebody decided on the rest is offered anew."""
    start, digest = drifted(world)
    taken_back(world, NAME, STRANGER)
    world.edit(ROLE, NAME, trustPolicy=trust(FC, LOG))
    assert say(world, ROLE, NAME, approve=offer(world, ROLE, NAME))
    until(lambda: trusts(world, NAME, "log.aliyuncs.com"), "the approved trust")
    assert write(world, ROLE, NAME, text(digest))
    gone_again(world, start)
