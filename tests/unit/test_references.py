"""References that are not ready: what they may stand for stays, whatever kind of entry that is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import Mode
from ram_operator.gate import expiry
from ram_operator.gate.inputs import Approval
from ram_operator.kinds import entries
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.manifest import Resolved
from ram_operator.kinds.table import KINDS
from ram_operator.loop import lookups
from ram_operator.loop.sources import Sources
from ram_operator.model.objects import Key
from ram_operator.model.state import Desired
from ram_operator.model.vocabulary import Cause, Disposition
from ram_operator.planning import last_applied, plan
from ram_operator.runtime.cache import Cache
from tests.unit.core import (
    ACCOUNT,
    ACCOUNT_ID,
    NOW,
    OWNER,
    ROLE,
    attachment,
    inputs,
    made,
    policies,
    remembered,
    tags,
    wanted,
)
from tests.unit.in_memory import NO_CLOUD
from tests.unit.tenants import with_tenants
from tests.unit.test_drift import WRITE, judge

Json = dict[str, Any]
GROUP = KINDS["RamGroup"]
READ = Key("RamPolicy", "team", "read")
OVER, LATER = "2023-01-01T00:00:00Z", "2024-01-01T00:00:00Z"


def unresolved() -> Desired:
    return wanted({"policies": [{"type": "RamPolicy", "name": "read"}]})


REPORTED = (Cause.DRIFT, Disposition.REPORT)
GOES = {True: (Cause.INTENT, WRITE), False: (Cause.DRIFT, WRITE)}
"""Whether it is ours → why it is taken away."""
WAITING: dict[str, tuple[Desired, str, Any, Any]] = {
    # what is asked for, the entry that is there: what becomes of it where it is ours, where not
    "it may be of that type": (unresolved(), "Custom/A", None, REPORTED),
    "it is of another type": (unresolved(), "System/A", GOES[True], GOES[False]),
    "it is the one": (
        replace(unresolved(), nameless=frozenset(), awaited=frozenset({"policies[Custom/a]"})),
        "Custom/A",
        None,
        None,
    ),
    "it is another than the one": (
        replace(unresolved(), nameless=frozenset(), awaited=frozenset({"policies[Custom/a]"})),
        "Custom/B",
        GOES[True],
        GOES[False],
    ),
    "it has ended": (
        replace(unresolved(), ended=frozenset({"policies[Custom/a]"})),
        "Custom/A",
        GOES[True],
        GOES[False],
    ),
}


@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize(
    ("desired", "there", "becomes", "else_becomes"), WAITING.values(), ids=WAITING
)
def test_while_a_reference_is_not_ready_what_it_may_stand_for_stays(
    desired: Desired, there: str, becomes: Any, else_becomes: Any, ours: bool
) -> None:
    memory = remembered(wanted({"policies": [attachment(there)] if ours else []}))
    verdict = judge(desired, {"policies": policies(there)}, memory)
    found = (verdict.cause, verdict.disposition) if verdict is not None else None
    assert found == (becomes if ours else else_becomes)


def test_while_a_reference_is_not_ready_tags_are_still_removed() -> None:
    memory = remembered(wanted({"tags": {"a": "1"}}))
    verdict = judge(unresolved(), {"tags": tags(a="1")}, memory)
    assert verdict is not None
    assert verdict.cause is Cause.INTENT


def test_a_reference_may_name_entries_of_its_own_kind() -> None:
    for row in KINDS.values():
        for reference in row.references:
            key = reference.entry_key("Some-Name")
            assert reference.may_name(key)
            value: Any = [{"type": reference.resolved_type, "name": "Some-Name"}]
            assert list(row.field(reference.spec).parse(value)) == [key]  # type: ignore[arg-type]
    assert not entries.is_custom("System/x")
    assert not entries.is_custom("Customer/x")


def group(*members: Json, resolved: dict[Key, Resolved] | None = None) -> Desired:
    spec = {"members": list(members), "policies": []}
    key = Key("RamGroup", "team", "app")
    circumstances = desire.Circumstances(OWNER, NOW)
    return desire.build(GROUP, key, spec, resolved or {}, circumstances)


def member(name: str, **more: Any) -> Json:
    return {"type": "RamUser", "name": name, **more}


def test_of_what_exists_it_is_known_which_entry_is_meant() -> None:
    ann = Key("RamUser", "team", "ann")
    known = group(member("ann"), resolved={ann: Resolved("Team-Ann", "it is not ready")})
    assert known.unresolved == ("RamUser team/ann: it is not ready",)
    assert (known.awaited, known.nameless) == (frozenset({"members[team-ann]"}), frozenset())
    assert last_applied.stays(GROUP, known, "members", "team-ann")
    assert not last_applied.stays(GROUP, known, "members", "team-eve")
    assert not last_applied.stays(GROUP, known, "policies", "Custom/team-ann")


def test_of_what_does_not_exist_it_may_be_any_of_its_kind() -> None:
    lost = group(member("ann"))
    assert lost.unresolved == ("RamUser team/ann: it does not exist",)
    assert (lost.awaited, lost.nameless) == (frozenset(), frozenset({("members", "RamUser")}))
    assert last_applied.stays(GROUP, lost, "members", "anybody")
    assert not last_applied.stays(GROUP, lost, "policies", "Custom/any")


def test_what_has_ended_is_known_and_waits_for_nothing() -> None:
    ann = Key("RamUser", "team", "ann")
    over = group(
        member("ann", expiresAt=OVER),
        {"type": "User", "name": "Bob", "expiresAt": OVER},
        member("unknown", expiresAt=OVER),
        member("missing", expiresAt=LATER),
        resolved={ann: Resolved("Team-Ann", "it is not ready")},
    )
    assert over.ended == frozenset({"members[team-ann]", "members[bob]"})
    assert over.unresolved == ("RamUser team/missing: it does not exist",)
    for name in ("team-ann", "bob"):
        assert not last_applied.stays(GROUP, over, "members", name)
    assert last_applied.stays(GROUP, over, "members", "carl")


def test_the_memory_keeps_what_stays_and_nothing_else() -> None:
    before = wanted({"policies": [attachment(name) for name in ("Custom/A", "System/B")]})
    asked = wanted({"policies": [{"type": "RamPolicy", "name": "read"}]})
    decision = plan.update(inputs(asked, made(before), remembered(before)))
    assert [step.summary for step in decision.steps] == ["detach System/B"]
    assert decision.applied.entries["policies"] == frozenset({"Custom/a"})
    # What was taken away as asked is drift when somebody attaches it again.
    memory = replace(remembered(before), applied=decision.applied)
    verdict = judge(asked, {"policies": policies("System/B")}, memory)
    assert verdict is not None
    assert verdict.cause is Cause.DRIFT


@pytest.mark.parametrize(("now", "goes"), [(OVER, False), (LATER, True)])
def test_an_agreed_end_counts_although_a_reference_may_stand_for_the_entry(
    now: str, goes: bool
) -> None:
    before = wanted({"policies": [attachment("Custom/A")]})
    memory = remembered(before)
    record = replace(memory.record, ends={"policies[Custom/a]": LATER, "policies[Custom/b]": ""})
    asked = wanted({"policies": [{"type": "RamPolicy", "name": "read"}]})
    around = replace(
        inputs(asked, made(before), replace(memory, record=record)), approval=Approval(now=now)
    )
    left, waiting = expiry.kept(around)
    assert last_applied.stays(ROLE, left.desired, "policies", "Custom/a") is not goes
    assert last_applied.stays(ROLE, left.desired, "policies", "Custom/b")
    assert waiting == []
    detached = [step.summary for step in plan.update(around).steps if step.verb == "detach"]
    assert detached == (["detach Custom/A"] if goes else [])


def a_record(**more: Any) -> Json:
    owner = {"cluster": "test", "namespace": "team", "name": "read", "uid": "u"}
    block = {"accountId": ACCOUNT_ID, "kind": "RamPolicy", "name": "reading", "owner": owner}
    meta = {"name": f"{ACCOUNT_ID}.rampolicy.reading", "uid": "r", "resourceVersion": "1"}
    return {"kind": "RamRecord", "metadata": meta, "record": {**block, "sequence": 1, **more}}


def an_object(**more: Any) -> Json:
    meta = {"name": "read", "namespace": "team", "uid": "u", "resourceVersion": "2", **more}
    return {"kind": "RamPolicy", "metadata": meta, "spec": {"policyName": "Reading"}}


OFFERED = {"pending": {"digest": "sha256:d"}}
RESOLVES: dict[str, tuple[list[Json], str]] = {
    "it was made": ([an_object(), a_record(cloudId="7")], ""),
    "it was announced": ([an_object(), a_record()], "it is not ready"),
    "its creation is held": (
        [an_object(), a_record(**OFFERED)],
        "its creation waits for an approval, see its status.pending",
    ),
    "it is there, and a change of it is held": (
        [an_object(), a_record(cloudId="7", **OFFERED)],
        "",
    ),
    "it was deleted": (
        [an_object(), a_record(cloudId="7", deletedAt="2026-01-01T00:00:00Z")],
        "it is not ready",
    ),
    "somebody else has it": (
        [an_object(), a_record(cloudId="7", owner=None)],
        "it is not ready",
    ),
    "nobody knows of it": ([an_object()], "it is not ready"),
    "it is being deleted": (
        [an_object(deletionTimestamp="2026-01-01T00:00:00Z"), a_record(cloudId="7")],
        "it is being deleted",
    ),
    "it lives elsewhere": (
        [{**an_object(), "spec": {"policyName": "Reading", "accountRef": {"name": "other"}}}],
        "it lives in another RamAccount",
    ),
}


@pytest.mark.parametrize(("known", "problem"), RESOLVES.values(), ids=RESOLVES)
def test_a_reference_is_ready_when_what_it_names_is_known_to_exist(
    known: list[Json], problem: str
) -> None:
    cache = with_tenants(Cache())
    for body in known:
        cache.put(body)
    sources = Sources(OWNER.cluster, ACCOUNT, cache, NO_CLOUD)
    assert lookups.resolve(sources, READ, OWNER) == Resolved("Reading", problem)


def test_what_is_not_there_or_cannot_be_read_has_no_name() -> None:
    cache = with_tenants(Cache())
    sources = Sources(OWNER.cluster, ACCOUNT, cache, NO_CLOUD)
    assert lookups.resolve(sources, READ, OWNER).cloud_name == ""
    cache.put({**an_object(), "spec": {"policyName": "no such name"}})
    assert lookups.resolve(sources, READ, OWNER).cloud_name == ""
    watching = replace(sources, account=replace(ACCOUNT, mode=Mode.OBSERVE))
    cache.put({**an_object(resourceVersion="9"), "spec": {"policyName": "Reading"}})
    assert lookups.resolve(watching, READ, OWNER) == Resolved("Reading")
