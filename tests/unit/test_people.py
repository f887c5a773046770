"""Users and groups in the pure core: memberships that end, rights that members carry."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import AdoptionPolicy, DriftPolicy, Severity
from ram_operator.errors import InvalidSpec, Stalled
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds import entries, tenancy
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.manifest import Resolved
from ram_operator.kinds.schema import Kind
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import Judged
from ram_operator.model.objects import Entry, Key
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.vocabulary import Cause, Direction, Disposition, DriftAction, Presence
from ram_operator.planning import diff, plan
from tests.unit import judging as drift
from tests.unit.core import ACCOUNT, NOW, OPTIONS, OWNER, TENANT, attachment
from tests.unit.core import record as recorded

GROUP, USER = KINDS["RamGroup"], KINDS["RamUser"]
ANN = Key("RamUser", "team", "ann")
READ = "System/AliyunOSSReadOnlyAccess"
SETTINGS = replace(
    ACCOUNT, tenants={"team": replace(TENANT, kinds=frozenset(KINDS), prefixes=("team-",))}
)


def asked(row: Kind, spec: dict[str, Any], **resolved: Resolved) -> Desired:
    keys = {Key("RamUser", "team", name): target for name, target in resolved.items()}
    key = Key(row.kind, "team", "team-x")
    return desire.build(row, key, spec, keys, desire.Circumstances(OWNER, NOW))


def member(name: str, kind: str = "User", **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, **more}


def group(*members: dict[str, Any], policies: tuple[str, ...] = (), **spec: Any) -> Desired:
    listed = [attachment(name) for name in policies]
    return asked(GROUP, {"members": list(members), "policies": listed, **spec})


def found(wanted: Desired, **changes: Any) -> Live:
    fields = {"comments": "", **wanted.fields, **changes}
    return Live(Presence.PRESENT, wanted.cloud_name, "id-1", "arn", fields)


def remembered(row: Kind, before: Desired, **options: Any) -> Memory:
    memory = Memory(OPTIONS, Applied(), recorded(None))
    carried = before.fields["policies"]
    assert isinstance(carried, dict)
    known = replace(memory, harmless_policies=frozenset(carried))
    first = plan.create(Inputs(row, SETTINGS, before, found(before), known))
    return replace(memory, options=replace(OPTIONS, **options), applied=first.applied)


# --- memberships


def test_members_are_folded_and_kept_as_spelled() -> None:
    wanted = group(member("Team-Bob"), member("team-eve"))
    assert wanted.fields["members"] == {
        "team-bob": Entry("Team-Bob"),
        "team-eve": Entry("team-eve"),
    }
    assert entries.names_entries(["LoginProfile"]) == {"loginprofile": Entry("LoginProfile")}


def test_a_member_that_is_an_object_of_the_namespace_is_resolved() -> None:
    spec = {"members": [member("ann", "RamUser")]}
    wanted = asked(GROUP, spec, ann=Resolved("Team-Ann"))
    assert wanted.fields["members"] == {"team-ann": Entry("Team-Ann")}
    assert wanted.referenced == {"team-ann"}
    waiting = asked(GROUP, spec)
    assert waiting.unresolved == ("RamUser team/ann: it does not exist",)
    assert desire.references(GROUP, "team", spec) == (ANN,)


ENDS = {
    "2023-11-14T22:13:20Z": False,  # now
    "2023-11-14T22:13:21Z": True,
    "2023-11-14T23:13:20+01:00": False,
    "2023-11-14T21:13:20.5-01:00": True,
    "2000-01-01T00:00:00Z": False,
}


@pytest.mark.parametrize(("end", "counts"), ENDS.items())
def test_an_entry_counts_until_its_end(end: str, counts: bool) -> None:
    wanted = group(member("team-bob", expiresAt=end))
    assert ("team-bob" in str(wanted.fields["members"])) == counts
    assert wanted.ended == frozenset(() if counts else {"members[team-bob]"})


def test_the_next_end_is_known() -> None:
    times = ("2024-01-01T00:00:01Z", "2024-01-01T00:00:00Z", "2000-01-01T00:00:00Z")
    members = [member(f"team-{n}", expiresAt=end) for n, end in enumerate(times)]
    assert desire.upcoming(GROUP, {"members": members}, (), NOW) == 1704067200.0
    assert desire.upcoming(GROUP, {"members": [member("team-a")]}, (), NOW) is None


@pytest.mark.parametrize("text", ["tomorrow", "", "2027-06-30", "2027-06-30T18:00:00"])
def test_an_end_is_a_time_with_a_zone(text: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.members\[\]\.expiresAt: .* no time with a zone"):
        group(member("team-bob", expiresAt=text))


def test_a_member_who_is_no_object_needs_the_tenants_prefix() -> None:
    key = Key("RamGroup", "team", "team-x")
    tenancy.check(SETTINGS, GROUP, key, group(member("Team-Bob")))
    with pytest.raises(Stalled, match="the name boss has none of the prefixes"):
        tenancy.check(SETTINGS, GROUP, key, group(member("boss")))
    wanted = asked(GROUP, {"members": [member("ann", "RamUser")]}, ann=Resolved("boss"))
    tenancy.check(SETTINGS, GROUP, key, wanted)


# --- drift


def judge(row: Kind, wanted: Desired, memory: Memory, **changes: Any) -> Judged | None:
    (change,) = diff.changes(row, wanted, found(wanted, **changes))
    return drift.judge(row, wanted, change, memory)


GIVEN_BACK: dict[str, tuple[tuple[str, ...], frozenset[str], Disposition]] = {
    "a group without rights": ((), frozenset(), Disposition.WRITE),
    "one that only reads": ((READ,), frozenset(), Disposition.WRITE),
    "one whose policy is known to be harmless": (
        (READ, "Custom/A"),
        frozenset({"Custom/a"}),
        Disposition.WRITE,
    ),
    "one of whose policies one is not known": (
        (READ, "Custom/A", "Custom/B"),
        frozenset({"Custom/a"}),
        Disposition.HOLD,
    ),
    "administrators": (("System/AdministratorAccess",), frozenset(), Disposition.HOLD),
    "a policy that only looks like a reader": (
        ("Custom/MyReadOnlyAccess",),
        frozenset(),
        Disposition.HOLD,
    ),
}


@pytest.mark.parametrize(("policies", "harmless", "expected"), GIVEN_BACK.values(), ids=GIVEN_BACK)
def test_revert_gives_a_member_back_to(
    policies: tuple[str, ...], harmless: frozenset[str], expected: Disposition
) -> None:
    wanted = group(member("team-bob"), policies=policies)
    memory = remembered(GROUP, wanted, drift=DriftPolicy.REVERT)
    memory = replace(memory, harmless_policies=harmless)
    verdict = judge(GROUP, wanted, memory, members={})
    assert verdict is not None
    assert (verdict.cause, verdict.severity) == (Cause.DRIFT, Severity.CRITICAL)
    assert verdict.disposition is expected


@pytest.mark.parametrize("kept", DriftPolicy)
def test_a_member_added_by_hand_goes_and_one_removed_by_hand_is_shown(kept: DriftPolicy) -> None:
    wanted = group(member("team-bob"), policies=("System/AdministratorAccess",))
    memory = remembered(GROUP, wanted, drift=kept)
    both = {"team-bob": Entry("team-bob"), "team-eve": Entry("team-eve")}
    added = judge(GROUP, wanted, memory, members=both)
    removed = judge(GROUP, wanted, memory, members={})
    assert added is not None
    assert removed is not None
    writes = kept is not DriftPolicy.REPORT
    assert added.disposition is (Disposition.WRITE if writes else Disposition.REPORT)
    holds = kept is DriftPolicy.REVERT
    assert removed.disposition is (Disposition.HOLD if holds else Disposition.REPORT)


def test_an_additive_group_leaves_members_of_others_and_not_policies() -> None:
    wanted = group(memberMode="Additive")
    memory = remembered(GROUP, wanted)
    assert wanted.additive == {"members"}
    assert judge(GROUP, wanted, memory, members={"team-eve": Entry("team-eve")}) is None
    verdict = judge(GROUP, wanted, memory, policies={"System/a": Entry("System/A")})
    assert verdict is not None
    assert verdict.disposition is Disposition.WRITE


@pytest.mark.parametrize("kept", DriftPolicy)
def test_a_key_made_by_hand_is_shown_and_never_taken(kept: DriftPolicy) -> None:
    wanted = asked(USER, {})
    memory = remembered(USER, wanted, drift=kept)
    verdict = judge(USER, wanted, memory, access={"accesskey": Entry("accessKey")})
    assert verdict is not None
    assert (verdict.cause, verdict.disposition) == (Cause.DRIFT, Disposition.REPORT)
    assert verdict.severity is Severity.CRITICAL


def test_what_is_only_shown_is_not_compared() -> None:
    wanted = asked(USER, {"displayName": "Ann"})
    assert {"groups", "mfa"} & wanted.fields.keys() == set()
    assert diff.changes(USER, wanted, found(wanted, groups={"a": Entry("A")})) == ()


# --- members that wait


WAITS: Final = {
    "of a name that is known": Resolved("Team-Ann", "it waits to be taken over"),
    "that does not exist": None,
}


@pytest.mark.parametrize("waits", WAITS.values(), ids=WAITS)
def test_a_member_who_waits_to_be_taken_over_is_no_drift_of_the_group(
    waits: Resolved | None,
) -> None:
    spec = {"members": [member("ann", "RamUser")]}
    wanted = asked(GROUP, spec, **({"ann": waits} if waits else {}))
    live = found(wanted, members={"team-ann": Entry("Team-Ann")})
    memory = Memory(replace(OPTIONS, adoption=AdoptionPolicy.IF_EXISTS), Applied(), RecordFacts())
    first = plan.update(Inputs(GROUP, SETTINGS, wanted, live, memory))
    assert (first.drift, len(first.waiting)) == ((), 1)
    assert first.applied is not None
    # It was there from the first, whatever becomes of the reference.
    assert first.applied.excess == {"members": frozenset({"team-ann"})}
    known = replace(memory, applied=first.applied, record=recorded(None))
    assert plan.update(Inputs(GROUP, SETTINGS, wanted, live, known)).drift == ()
    left = plan.update(Inputs(GROUP, SETTINGS, group(), live, known))
    assert [(entry.severity, entry.action) for entry in left.drift] == [
        (Severity.INFO, DriftAction.REPORTED)
    ]


# --- plans


def test_a_group_is_created_with_its_rights_before_its_members() -> None:
    wanted = group(member("team-bob"), policies=(READ,))
    memory = Memory(OPTIONS, Applied(), RecordFacts())
    made = plan.create(Inputs(GROUP, SETTINGS, wanted, found(wanted), memory))
    assert [step.verb for step in made.steps] == ["create", "attach", "join"]
    assert (made.baseline, made.held) == (None, None)


def test_a_user_is_marked_after_it_was_created() -> None:
    wanted = asked(USER, {"policies": [attachment(READ)]})
    memory = Memory(OPTIONS, Applied(), RecordFacts())
    made = plan.create(Inputs(USER, SETTINGS, wanted, found(wanted), memory))
    assert [step.verb for step in made.steps] == ["create", "attach", "mark"]
    mark = made.steps[-1]
    assert tuple(mark.entries) == tuple(desire.owner_tags(OWNER))
    assert mark.direction is Direction.NEUTRAL
    assert mark.settles == {f"tags[{key}]" for key in desire.owner_tags(OWNER)}


def test_membership_narrows_first_and_widens_last() -> None:
    before = group(member("team-bob"), policies=(READ,), comments="a")
    after = group(member("team-eve"), policies=("System/B",), comments="b")
    memory = replace(remembered(GROUP, before), harmless_policies=frozenset({"System/b"}))
    steps = plan.update(Inputs(GROUP, SETTINGS, after, found(before), memory)).steps
    assert [step.verb for step in steps] == ["detach", "expel", "attributes", "attach", "join"]


def test_a_part_that_may_be_denied_is_optional_as_a_whole() -> None:
    assert USER.optional("user tags")
    assert not USER.optional("attachments")
    assert not USER.optional("get")
    assert entries.custom_key("Read") == "Custom/read"
