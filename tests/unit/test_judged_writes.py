"""What is looked at right before a write, and that nothing is sent where it is not as judged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ram_operator import documents
from ram_operator.cloud import execute, write_checks
from ram_operator.cloud.cached_reads import FRESH_SECONDS, digests
from ram_operator.cloud.client import IMS
from ram_operator.cloud.jobs import is_write
from ram_operator.cloud.locks import Mode
from ram_operator.cloud.methods import IMS_METHODS, METHODS
from ram_operator.cloud.writing import TOUCHES, Write
from ram_operator.constants import Reason
from ram_operator.errors import AlreadyExists, Bug, OutcomeUnknown, Retry
from ram_operator.gate import clearance
from ram_operator.kinds.table import KINDS
from ram_operator.model.basis import Basis
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry
from ram_operator.model.permissions import Permit
from ram_operator.model.steps import (
    Attach,
    CreateWithDocument,
    Delete,
    Join,
    NewIdentity,
    Step,
    WriteDocument,
)
from ram_operator.model.vocabulary import Cause, Direction
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import ECS, FC, trust
from tests.unit.judged_world import ALL, CREATED, MORE, READ, SETTLE, Cloud
from tests.unit.steps_by_example import of_entries

NOUNS = ("role", "user", "group")
JUDGED = {"Custom/p": digests([READ])}
TRUSTS = frozenset({trust(FC).digest})


def permit_for(field: str, key: str, entry: Entry | documents.Policy) -> Permit:
    change = Change(field, None, entry, Direction.WIDER, key)
    held = Held("EscalatingGrant", "s", changes=(change,))
    facts = offered(held)
    permit = clearance.weigh(held, approved(facts), facts)
    assert permit is not None
    return permit


def attach(key: str = "Custom/p", rests: Basis | None = None, *, agreed: bool = False) -> Step:
    permit = permit_for("policies", key, Entry(key)) if agreed else None
    return of_entries(
        Attach, "policies", key, direction=Direction.WIDER, rests=rests, permit=permit
    )


def join(rests: Basis | None, *, agreed: bool = False) -> Step:
    permit = permit_for("members", "eve", Entry("eve")) if agreed else None
    return of_entries(Join, "members", "eve", direction=Direction.WIDER, rests=rests, permit=permit)


def document(rests: Basis | None, *, agreed: bool = False) -> Step:
    return WriteDocument(
        permit=permit_for("document", "", MORE) if agreed else None,
        summary="write",
        cause=Cause.INTENT,
        direction=Direction.WIDER,
        field="document",
        document=MORE,
        rests=rests,
    )


def run(cloud: Cloud, noun: str, step: Step, name: str = "app") -> None:
    row = next(row for row in KINDS.values() if row.noun == noun)
    execute.execute(cloud.writer, row, name, step)


def refused(
    cloud: Cloud,
    noun: str,
    step: Step,
    words: str = "moved while it was judged",
    name: str = "app",
) -> Retry:
    with pytest.raises(Retry, match=words) as caught:
        run(cloud, noun, step, name)
    assert cloud.sent == []
    assert cloud.kept.locks.idle
    return caught.value


def a_bug(cloud: Cloud, noun: str, step: Step) -> None:
    with pytest.raises(Bug, match="was not judged"):
        run(cloud, noun, step)
    assert (cloud.calls, cloud.sent) == ([], [])


@pytest.mark.parametrize("noun", NOUNS)
def test_a_policy_is_read_once_more_right_before_it_is_attached(noun: str) -> None:
    cloud = Cloud()
    run(cloud, noun, attach(rests=Basis(JUDGED)))
    assert cloud.calls == ["GetPolicy", f"AttachPolicyTo{noun.capitalize()}"]
    assert cloud.kept.locks.idle


@pytest.mark.parametrize("noun", NOUNS)
def test_a_policy_that_moved_is_not_attached(noun: str) -> None:
    cloud = Cloud()
    cloud.policies["p"] = ALL
    refused(cloud, noun, attach(rests=Basis(JUDGED)))


def test_a_reading_serves_all_that_is_sent_within_two_seconds() -> None:
    cloud = Cloud()
    cloud.documents.read(cloud, "Custom", "p")
    cloud.clock.advance(FRESH_SECONDS - 0.1)
    for noun in NOUNS:
        run(cloud, noun, attach(rests=Basis(JUDGED)))
    assert cloud.calls.count("GetPolicy") == 1
    cloud.clock.advance(0.1)
    run(cloud, "user", attach(rests=Basis(JUDGED)))
    assert cloud.calls.count("GetPolicy") == 2


def test_what_the_system_has_is_not_read_again() -> None:
    cloud = Cloud()
    run(
        cloud,
        "role",
        attach("System/AliyunOSSFullAccess", Basis({"System/AliyunOSSFullAccess": frozenset()})),
    )
    run(cloud, "role", attach("System/aliyunossreadonlyaccess", Basis()))
    assert cloud.calls == ["AttachPolicyToRole"] * 2


@pytest.mark.parametrize("noun", NOUNS)
@pytest.mark.parametrize("key", ["Custom/p", "System/admin"])
@pytest.mark.parametrize("rests", [None, Basis(), Basis({"Custom/other": frozenset()})])
def test_what_nobody_judged_is_not_attached(noun: str, key: str, rests: Basis | None) -> None:
    a_bug(Cloud(), noun, attach(key, rests))


def test_what_nobody_could_read_goes_out_where_that_was_approved() -> None:
    cloud = Cloud()
    run(cloud, "user", attach(rests=Basis(), agreed=True))
    assert cloud.calls == ["AttachPolicyToUser"]


def test_what_did_not_exist_when_it_was_approved_is_judged_once_it_does() -> None:
    refused(Cloud(), "user", attach(rests=Basis({"Custom/p": frozenset()}), agreed=True))


@pytest.mark.parametrize("now", [trust(FC, ECS).to_json(), "{", ""])
def test_a_right_is_for_the_trust_that_was_judged(now: str) -> None:
    cloud = Cloud()
    cloud.trust = now
    refused(cloud, "role", attach(rests=Basis(JUDGED, trusts=TRUSTS), agreed=True))
    cloud.trust = trust(FC).to_json()
    run(cloud, "role", attach(rests=Basis(JUDGED, trusts=TRUSTS), agreed=True))
    assert cloud.actions() == ["AttachPolicyToRole"]


def test_a_right_is_for_the_members_that_were_judged() -> None:
    cloud = Cloud()
    cloud.members = ["Ann", "eve"]
    step = attach(rests=Basis(JUDGED, members=frozenset({"ann"})), agreed=True)
    refused(cloud, "group", step)
    cloud.members = ["Ann"]
    run(cloud, "group", step)
    assert cloud.actions() == ["AttachPolicyToGroup"]


def test_a_group_that_has_more_pages_than_were_judged_moved() -> None:
    cloud = Cloud()
    many = [f"user-{number}" for number in range(1500)]
    step = attach(rests=Basis(JUDGED, members=frozenset(many)), agreed=True)
    cloud.members = [*many, *(f"more-{number}" for number in range(600))]
    refused(cloud, "group", step)
    cloud.members = many
    run(cloud, "group", step)
    assert cloud.actions() == ["AttachPolicyToGroup"]


@pytest.mark.parametrize("noun", ["role", "group"])
def test_a_right_for_nobody_knows_whom_is_not_sent(noun: str) -> None:
    a_bug(Cloud(), noun, attach(rests=Basis(JUDGED), agreed=True))


GROUP = Basis(JUDGED, attached=frozenset({"Custom/p", "System/aliyunossreadonlyaccess"}))


def test_who_joins_gets_what_was_judged() -> None:
    cloud = Cloud()
    run(cloud, "group", join(GROUP))
    assert cloud.calls == ["ListPoliciesForGroup", "GetPolicy", "AddUserToGroup"]


def test_members_that_join_within_two_seconds_cost_a_call_each() -> None:
    cloud = Cloud()
    cloud.documents.read(cloud, "Custom", "p")
    step = join(replace(GROUP, read_at=cloud.clock.now))
    for _ in range(3):
        run(cloud, "group", step)
    assert cloud.calls == ["GetPolicy", *["AddUserToGroup"] * 3]
    cloud.clock.advance(FRESH_SECONDS)
    for _ in range(3):
        run(cloud, "group", step)
    assert cloud.calls[4:6] == ["ListPoliciesForGroup", "GetPolicy"]
    assert cloud.calls[6:] == ["AddUserToGroup"] * 3


def test_nobody_joins_a_group_that_got_more_or_whose_policy_moved() -> None:
    cloud = Cloud()
    cloud.attached = ["Custom/p", "System/AdministratorAccess"]
    refused(cloud, "group", join(GROUP))
    cloud.clock.advance(FRESH_SECONDS)
    cloud.attached = ["Custom/p"]
    cloud.policies["p"] = ALL
    refused(cloud, "group", join(GROUP))


def test_a_group_that_nobody_looked_at_is_joined_by_approval_alone() -> None:
    a_bug(Cloud(), "group", join(None))
    a_bug(Cloud(), "group", join(Basis(JUDGED)))
    a_bug(Cloud(), "group", join(Basis(attached=frozenset({"Custom/p"}))))
    cloud = Cloud()
    run(cloud, "group", join(Basis(), agreed=True))
    assert cloud.calls == ["AddUserToGroup"]


def test_what_the_group_got_meanwhile_from_us_is_read_anew() -> None:
    cloud = Cloud()
    run(cloud, "group", join(GROUP))
    run(cloud, "group", attach(rests=Basis(JUDGED)))
    cloud.attached.append("Custom/q")
    cloud.sent.clear()
    refused(cloud, "group", join(GROUP))


LIVE = Basis(documents=digests([READ]), identity=CREATED)


def test_a_document_replaces_the_one_that_was_judged() -> None:
    cloud = Cloud()
    run(cloud, "policy", document(LIVE), "p")
    assert cloud.calls == ["ListPolicyVersions", "GetPolicy", "CreatePolicyVersion"]
    assert cloud.documents.sent("p") == (MORE,)


@pytest.mark.parametrize(
    "rests",
    [replace(LIVE, documents=digests([ALL])), replace(LIVE, identity="2026-01-01T00:00:01Z")],
    ids=["another document", "another policy"],
)
def test_a_document_that_moved_is_not_replaced(rests: Basis) -> None:
    cloud = Cloud()
    with pytest.raises(Retry, match="moved while it was judged"):
        run(cloud, "policy", document(rests), "p")
    assert (cloud.sent, cloud.documents.sent("p")) == ([], ())


def test_a_document_that_we_sent_meanwhile_counts_as_the_live_one() -> None:
    cloud = Cloud()
    note = cloud.documents.sending("p", ALL)
    cloud.documents.ended(note)
    with pytest.raises(Retry, match="moved while it was judged"):
        run(cloud, "policy", document(LIVE), "p")
    run(cloud, "policy", document(replace(LIVE, documents=digests([READ, ALL]))), "p")


@pytest.mark.parametrize("rests", [None, Basis()])
def test_a_document_is_not_written_over_what_nobody_read(rests: Basis | None) -> None:
    a_bug(Cloud(), "policy", document(rests))


def create(cloud: Cloud) -> None:
    step = CreateWithDocument(summary="", new=NewIdentity("P", {}), document=ALL)
    run(cloud, "policy", step, "P")


def test_nobody_makes_a_policy_while_an_attachment_of_it_may_still_arrive() -> None:
    cloud = Cloud()

    def lose(action: str) -> None:
        if action.startswith("Attach"):
            raise OutcomeUnknown("lost")

    cloud.hook = lose
    with pytest.raises(OutcomeUnknown):
        run(cloud, "role", attach(rests=Basis(JUDGED)))
    assert cloud.kept.locks.idle
    with pytest.raises(Retry, match="not known to have ended") as caught:
        create(cloud)
    assert (caught.value.after, cloud.sent) == (SETTLE, [])
    cloud.clock.advance(SETTLE)
    create(cloud)
    assert cloud.actions() == ["CreatePolicy"]
    assert cloud.documents.sent("p") == (ALL,)


def test_nobody_makes_a_policy_while_one_may_arrive_that_another_process_has_sent() -> None:
    cloud = Cloud(inherited=SETTLE)
    with pytest.raises(Retry, match="before this one began") as caught:
        create(cloud)
    assert (caught.value.after, cloud.sent) == (SETTLE, [])
    cloud.clock.advance(SETTLE)
    create(cloud)
    assert cloud.actions() == ["CreatePolicy"]


def test_an_attachment_that_was_answered_keeps_no_creation_waiting() -> None:
    cloud = Cloud()
    run(cloud, "role", attach(rests=Basis(JUDGED)))
    create(cloud)


def test_what_we_deleted_is_not_attached() -> None:
    cloud = Cloud()
    step = Delete(summary="", cause=Cause.INTENT, direction=Direction.NARROWER)
    run(cloud, "policy", step, "p")
    cloud.sent.clear()
    refused(cloud, "role", attach(rests=Basis(JUDGED)), "does not exist")


def test_a_write_waits_for_what_touches_the_same_identity() -> None:
    cloud = Cloud()
    owner = cloud.kept.locks.claim({"policy/p": Mode.EXCLUSIVE})
    assert owner.take(0.0)
    error = None
    with pytest.raises(Retry, match="waits for another write") as caught:
        run(cloud, "role", attach(rests=Basis(JUDGED)))
    error = caught.value
    assert (error.reason, cloud.calls) == (Reason.PROGRESSING, [])
    with pytest.raises(Retry, match="waits for another write"):
        run(cloud, "group", join(replace(GROUP, read_at=cloud.clock.now)))
    owner.release()
    run(cloud, "role", attach(rests=Basis(JUDGED)))
    assert cloud.kept.locks.idle


@pytest.mark.parametrize(
    "error",
    [
        Retry(Reason.THROTTLED, "t"),
        OutcomeUnknown("o"),
        AlreadyExists("e", code=""),
        Bug("b"),
        ValueError(),
    ],
)
def test_no_lock_outlives_a_write_whatever_comes_of_it(error: Exception) -> None:
    for moment in ("GetPolicy", "AttachPolicyToRole"):
        cloud = Cloud()

        def fail(action: str, moment: str = moment) -> None:
            if action == moment:
                raise error

        cloud.hook = fail
        with pytest.raises(type(error)):
            cloud.writer.send(
                Write(
                    "AttachPolicyToRole",
                    {"RoleName": "app", "PolicyName": "p", "PolicyType": "Custom"},
                    checks=(
                        write_checks.attachment(
                            cloud.kept,
                            "app",
                            attach(rests=Basis(JUDGED)),
                            write_checks.assuming,
                        )
                    ),
                )
            )
        assert cloud.kept.locks.idle


def test_every_writing_action_says_what_it_touches() -> None:
    actions = {*METHODS, *(IMS + action for action in IMS_METHODS)}
    assert {action for action in actions if is_write(action)} == TOUCHES.keys()
