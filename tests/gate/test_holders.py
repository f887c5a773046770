"""A document that comes to let change rights: who has its policy gets the right with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.waiting import until
from lab.world import DOCUMENT, TRUST_FC, World, condition
from tests.gate.approving import approve, held, offer, opened, say
from tests.gate.attacks import ADMIN
from tests.gate.escalation_attacks import allowing
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands
from tests.support.holding import on_hold
from tests.support.refusing import record_refused

Json = dict[str, Any]
POLICY: Final = "RamPolicy"
GROUP: Final = "RamGroup"
NAME: Final = "tools"
TEAM: Final = "team"
REF: Final = {"type": POLICY, "name": NAME}
RIGHTS: Final = allowing(Action=["ram:PassRole"])


def user(name: str) -> Json:
    return {"type": "RamUser", "name": name}


def members(world: World) -> set[str]:
    return set(world.cloud()["groups"][TEAM]["members"])


def join_by_hand(world: World, name: str) -> None:
    world.hand.add_user_to_group(ram.AddUserToGroupRequest(user_name=name, group_name=TEAM))


@pytest.fixture
def team(world: World) -> World:
    """A group with ann and ben, and a harmless policy."""
    for name in ("ann", "ben", "eve"):
        world.create("RamUser", name, {})
    world.policy(NAME)
    for name in ("ann", "ben", "eve"):
        world.ready("RamUser", name)
    world.create(GROUP, TEAM, {"policies": [REF], "members": [user("ann"), user("ben")]})
    world.ready(GROUP, TEAM)
    world.settle()
    return world


def asked(world: World) -> Json:
    """The object once the document is offered."""
    world.edit(POLICY, NAME, document=RIGHTS)
    return held(world, POLICY, NAME)


def agreed(world: World) -> Json:
    record = world.record(GROUP, TEAM)
    assert record is not None
    return dict(record["agreed"])


@pytest.mark.legitimate
def test_the_offer_names_who_has_it(team: World) -> None:
    team.create("RamUser", "lone", {"policies": [REF]})
    team.ready("RamUser", "lone")
    team.settle()
    Hands(team).create_role("byhand", TRUST_FC)
    Hands(team).attach("byhand", NAME, "Custom")
    team.settle()
    pending = asked(team)["status"]["pending"]
    space = team.namespace
    (said,) = [text for text in pending["gains"] if text.startswith("whoever has it: ")]
    assert said == (
        f"whoever has it: group {TEAM} (RamGroup {space}/{TEAM}) with ann, ben;"
        " role byhand (no object here);"
        f" user lone (RamUser {space}/lone)"
    )


@pytest.mark.legitimate
def test_who_was_in_the_group_stays_in_it(team: World) -> None:
    """The approval of the document is one for all who have it, and their records follow."""
    assert agreed(team)["policies"] == {f"Custom/{NAME}": "-"}
    asked(team)
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    assert "ram:PassRole" in agreed(team)["policies"][f"Custom/{NAME}"]
    assert agreed(team)["members"] == {"ann": "-", "ben": "-"}
    team.settle()
    team.edit(GROUP, TEAM, members=[user("ann"), user("ben"), user("eve")])
    held(team, GROUP, TEAM)
    team.settle()
    team.look(GROUP, TEAM)
    assert members(team) == {"ann", "ben"}
    approve(team, GROUP, TEAM)
    until(lambda: members(team) == {"ann", "ben", "eve"}, "that eve is in the group")
    team.ready(GROUP, TEAM)


@attack(Entry.LAUNDERED, Resource.MEMBER, Moment.SETTLED)
def test_who_joins_afterwards_by_hand_and_in_the_manifest_is_out_again(team: World) -> None:
    asked(team)
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    team.settle()
    join_by_hand(team, "eve")
    team.edit(GROUP, TEAM, members=[user("ann"), user("ben"), user("eve")])
    until(lambda: members(team) == {"ann", "ben"}, "that eve is out again")
    held(team, GROUP, TEAM)


def with_rights(world: World, drift: str) -> None:
    """The group gets an administrator's rights for ann and ben, and eve joins by hand."""
    world.edit(GROUP, TEAM, policies=[REF, ADMIN], driftPolicy=drift)
    approve(world, GROUP, TEAM)
    world.ready(GROUP, TEAM)
    world.settle()
    join_by_hand(world, "eve")
    world.settle()


def is_no_member(world: World) -> None:
    """However she is asked for: nobody has agreed on her membership."""
    assert agreed(world)["members"] == {"ann": "-", "ben": "-"}
    world.edit(GROUP, TEAM, members=[user("ann"), user("ben"), user("eve")])
    assert "eve" in str(held(world, GROUP, TEAM)["status"]["pending"]["gains"])


@attack(Entry.LAUNDERED, Resource.MEMBER, Moment.SETTLED)
def test_the_approval_of_a_document_makes_nobody_a_member_who_gets_more(team: World) -> None:
    """He was shown as one who gets the document's rights, and his group has others."""
    with_rights(team, "RevertExcess")
    asked(team)
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    is_no_member(team)
    until(lambda: members(team) == {"ann", "ben"}, "that eve is out again")


@attack(Entry.LAUNDERED, Resource.MEMBER, Moment.REPORTED)
def test_what_was_found_still_waits_once_a_document_is_approved(team: World) -> None:
    with_rights(team, "Report")
    team.edit(GROUP, TEAM, members=[user("ann"), user("ben"), user("eve")])
    team.reason(GROUP, TEAM, "FoundInCloud")
    start = team.journal_end()
    asked(team)
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    team.look(GROUP, TEAM)
    team.reason(GROUP, TEAM, "FoundInCloud")
    is_no_member(team)
    assert [entry["action"] for entry in opened(team, start)] == ["CreatePolicyVersion"]


@attack(Entry.LAUNDERED, Resource.MEMBER, Moment.SETTLED)
def test_a_document_that_needs_no_approval_makes_nobody_a_member(team: World) -> None:
    team.edit(POLICY, NAME, document=allowing(Action=["ram:PassRole", "ram:CreateUser"]))
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    team.settle()
    join_by_hand(team, "eve")
    team.settle()
    team.edit(POLICY, NAME, document=RIGHTS)
    team.ready(POLICY, NAME)
    is_no_member(team)
    until(lambda: members(team) == {"ann", "ben"}, "that eve is out again")


def join(world: World) -> None:
    """Both by hand and in the manifest, so that no drift takes her out."""
    join_by_hand(world, "eve")
    world.edit(GROUP, TEAM, members=[user("ann"), user("ben"), user("eve")])


def attach(world: World) -> None:
    world.hand.attach_policy_to_user(
        ram.AttachPolicyToUserRequest(policy_type="Custom", policy_name=NAME, user_name="eve")
    )
    world.edit("RamUser", "eve", policies=[REF])


MOVES: Final = {
    Entry.JOINED_BY_HAND: join,
    Entry.ATTACHED_BY_HAND: attach,
}


def moves(moment: Moment) -> pytest.MarkDecorator:
    marked = [
        pytest.param(move, id=move.__name__, marks=attack(entry, Resource.DOCUMENT, moment))
        for entry, move in MOVES.items()
    ]
    return pytest.mark.parametrize("move", marked)


@moves(Moment.OFFERED)
def test_who_comes_after_the_offer_was_shown_is_shown_first(
    team: World, move: Callable[[World], None]
) -> None:
    digest = asked(team)["status"]["pending"]["digest"]
    start = team.journal_end()
    move(team)
    team.settle()
    assert say(team, POLICY, NAME, approve=digest)
    offer(team, POLICY, NAME, instead_of=digest)
    assert opened(team, start) == []
    assert "eve" in str(held(team, POLICY, NAME)["status"]["pending"]["gains"])
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    assert [entry["action"] for entry in opened(team, start)] == ["CreatePolicyVersion"]


@moves(Moment.JUDGED)
def test_who_comes_between_the_judgement_and_the_write_is_shown_first(
    team: World, move: Callable[[World], None]
) -> None:
    digest = asked(team)["status"]["pending"]["digest"]
    start = team.journal_end()
    with on_hold(team, "ListPolicyVersions") as hold:
        assert say(team, POLICY, NAME, approve=digest)
        hold.met()
        move(team)
        team.settle()
    offer(team, POLICY, NAME, instead_of=digest)
    assert opened(team, start) == []


@pytest.mark.parametrize("action", ["ListEntitiesForPolicy", "ListUsersForGroup"])
@attack(Entry.MANIFEST, Resource.DOCUMENT, Moment.UNREAD)
def test_where_nobody_can_tell_who_has_it_nobody_can_approve(team: World, action: str) -> None:
    start = team.journal_end()
    team.admin.add_fault("deny", account=team.account_id, action=action, times=-1)
    team.edit(POLICY, NAME, document=RIGHTS)
    item = team.reason(POLICY, NAME, "ApprovalRequired")
    assert "who has the policy to be read" in condition(item, "ApprovalRequired")["message"]
    assert "digest" not in item["status"]["pending"]
    assert opened(team, start) == []
    team.admin.clear_faults()
    team.annotate(POLICY, NAME, reconcile_requested_at="again")
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)


@attack(Entry.JOINED_BY_HAND, Resource.MEMBER, Moment.WRITTEN)
def test_nothing_is_written_while_a_record_cannot_be_told(team: World) -> None:
    """Once it is written, nobody could tell any more who was there and who has come since."""
    start = team.journal_end()
    asked(team)
    digest = offer(team, POLICY, NAME)
    with record_refused(team, GROUP, TEAM):
        assert say(team, POLICY, NAME, approve=digest)
        team.wait(
            POLICY, NAME, lambda o: "not now" in condition(o, "Ready")["message"], "that it is told"
        )
        join_by_hand(team, "eve")
        team.edit(GROUP, TEAM, members=[user("ann"), user("ben"), user("eve")])
        team.settle()
        team.look(POLICY, NAME)
        assert opened(team, start) == []
    until(lambda: "eve" in str(held(team, POLICY, NAME)["status"]["pending"]), "that she is shown")
    assert opened(team, start) == []
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    assert agreed(team)["members"] == {"ann": "-", "ben": "-", "eve": "-"}


@pytest.mark.legitimate
def test_a_narrower_document_asks_nobody(team: World) -> None:
    asked(team)
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    start = team.journal_end()
    team.edit(POLICY, NAME, document=DOCUMENT)
    team.ready(POLICY, NAME)
    read = [entry["action"] for entry in team.admin.journal(team.account_id, since=start)]
    assert "ListEntitiesForPolicy" not in read
    assert members(team) == {"ann", "ben"}


@pytest.mark.legitimate
def test_who_joins_after_the_document_was_narrowed_stays(team: World) -> None:
    """A narrower document moves no record of who has it."""
    asked(team)
    approve(team, POLICY, NAME)
    team.ready(POLICY, NAME)
    team.settle()
    team.edit(POLICY, NAME, document=DOCUMENT)
    team.ready(POLICY, NAME)
    team.settle()
    team.edit(GROUP, TEAM, members=[user("ann"), user("ben"), user("eve")])
    team.ready(GROUP, TEAM)
    team.settle()
    start = team.journal_end()
    team.look(GROUP, TEAM)
    item = team.ready(GROUP, TEAM)
    assert "drift" not in item["status"]
    assert team.writes(start) == []
    assert members(team) == {"ann", "ben", "eve"}
