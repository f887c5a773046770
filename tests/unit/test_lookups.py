"""What a pass looks up, on manifests and a snapshot: without a cluster, a cloud or a session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator import documents
from ram_operator.constants import Reason
from ram_operator.errors import Retry
from ram_operator.kinds.manifest import Circumstances, Resolved, build
from ram_operator.kinds.record import Identity, RecordChange, first
from ram_operator.kinds.table import KINDS
from ram_operator.loop import agreed_denials, judged_policies, lookups, trust_lookups
from ram_operator.loop.sources import Sources
from ram_operator.loop.subject import Subject
from ram_operator.model import provider_states
from ram_operator.model.objects import Entry, Key, Owner, UnknownPart
from ram_operator.model.records import (
    NO_RIGHTS,
    NOT_READ,
    UNKNOWN_RIGHTS,
    Agreed,
    RecordFacts,
    denying,
)
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from ram_operator.runtime.cache import Cache
from tests.unit.core import (
    ACCOUNT,
    ACCOUNT_ID,
    ALLOW_ALL,
    ALLOW_READ,
    ECS,
    FC,
    KEY,
    NOW,
    OUTSIDER,
    OWNER,
    attachment,
    made,
    policy,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.in_memory import Manifests, Snapshot
from tests.unit.tenants import with_tenants

Json = dict[str, Any]
READ = Key("RamPolicy", "team", "read")
OIDC = f"acs:ram::{ACCOUNT_ID}:oidc-provider/git"


def body(key: Key, spec: Json) -> Json:
    meta = {"name": key.name, "namespace": key.namespace, "uid": "u"}
    return {"kind": key.kind, "metadata": meta, "spec": spec}


def record(identity: Identity, says: RecordChange) -> tuple[Key, Json]:
    return identity.key, first(identity, says)


def sources(*bodies: tuple[Key, Json], **cloud: Any) -> Sources:
    return Sources(OWNER.cluster, ACCOUNT, Manifests(dict(bodies)), Snapshot(**cloud))


def test_a_reference_is_resolved_by_manifest_and_record() -> None:
    manifest = (READ, body(READ, {"policyName": "Reading"}))
    assert lookups.resolve(sources(manifest), READ, OWNER) == Resolved("Reading", "it is not ready")
    owner = Identity(ACCOUNT_ID, "RamPolicy", "Reading")
    says = RecordChange(owner=Owner(OWNER.cluster, "team", "read"), cloud_id="7", sequence=1)
    known = sources(manifest, record(owner, says))
    assert lookups.resolve(known, READ, OWNER) == Resolved("Reading")


def test_what_is_to_be_attached_is_judged_by_its_documents() -> None:
    names = ("System/reads", "System/admin", "Custom/missing")
    spec = {"policies": [{"type": t, "name": n} for t, _, n in (x.partition("/") for x in names)]}
    known = sources(
        policies={"System/reads": policy(ALLOW_READ), "System/admin": policy(ALLOW_ALL)}
    )
    subject = Subject.of(KEY, body(KEY, {"trustPolicy": trust_json(FC), **spec}))
    rights = lookups.look(known, subject, wanted(spec), made(wanted({})), RecordFacts())
    assert rights.harmless == {"System/reads"}
    assert rights.reasons.keys() == {"System/admin", "Custom/missing"}
    assert rights.reasons["Custom/missing"] == (judged_policies.MISSING,)
    assert rights.attached == frozenset()
    assert rights.texts["System/reads"] == NO_RIGHTS
    assert rights.texts["System/admin"] == documents.identity_text(policy(ALLOW_ALL))


def test_what_a_policy_only_asks_for_is_not_in_force() -> None:
    asked = {"document": {"Version": "1", "Statement": [ALLOW_ALL]}}
    spec = {"policies": [{"type": "RamPolicy", "name": "read"}]}
    names = {READ: Resolved("read")}
    subject = Subject.of(KEY, body(KEY, {"trustPolicy": trust_json(FC), **spec}))

    def look(there: Json) -> lookups.Rights:
        known = sources((READ, body(READ, asked)), policies={"Custom/read": policy(there)})
        return lookups.look(known, subject, wanted(spec, names), made(wanted({})), RecordFacts())

    waits, has = look(ALLOW_READ), look(ALLOW_ALL)
    assert waits.reasons.keys() == has.reasons.keys() == {"Custom/read"}
    assert (waits.not_in_force, has.not_in_force) == ({"Custom/read"}, frozenset())


@pytest.mark.parametrize(
    ("says", "listed", "read"),
    [
        ("{}", {}, True),
        (UNKNOWN_RIGHTS, {}, True),
        (NO_RIGHTS, {}, False),
        ("{}", {"eve": NO_RIGHTS}, False),
        ("{}", {NOT_READ: UNKNOWN_RIGHTS}, False),
    ],
    ids=["a right", "unread", "none", "listed", "not known"],
)
def test_whom_the_record_of_a_group_does_not_name_is_judged_by_what_it_may_now(
    says: str, listed: dict[str, str], read: bool
) -> None:
    """What the record says of a right may be old."""
    key = Key("RamGroup", "team", "app")
    spec = {"members": [{"type": "User", "name": "eve"}], "policies": [attachment("Custom/read")]}
    subject = Subject.of(key, body(key, spec))
    asked = build(subject.row, key, spec, {}, Circumstances(OWNER, NOW))
    there = Live(Presence.PRESENT, "app", "id-1", "", dict(asked.fields))
    facts = RecordFacts(agreed=Agreed({"policies": {"Custom/read": says}, "members": listed}))
    known = sources(policies={"Custom/read": policy(ALLOW_READ)})
    rights = lookups.look(known, subject, asked, there, facts)
    assert dict(rights.texts) == ({"Custom/read": NO_RIGHTS} if read else {})


def test_what_is_attached_is_read_until_it_is_agreed_on() -> None:
    spec = {"policies": [attachment("Custom/new"), attachment("Custom/known")]}
    found = {f"Custom/{name}": policy(ALLOW_READ) for name in ("new", "known", "beside")}
    subject = Subject.of(KEY, body(KEY, {"trustPolicy": trust_json(FC), **spec}))
    beside = {"policies": [*spec["policies"], attachment("Custom/beside")]}

    def read(agreed: Agreed) -> set[str]:
        known = sources(policies=found)
        live = made(wanted(beside))
        return set(
            lookups.look(known, subject, wanted(spec), live, RecordFacts(agreed=agreed)).texts
        )

    assert read(Agreed()) == {"Custom/new", "Custom/known", "Custom/beside"}
    assert read(Agreed({"policies": {"Custom/known": NO_RIGHTS}})) == {"Custom/new"}


def test_what_is_attached_is_read_where_more_is_asked_for_than_was_agreed_on() -> None:
    """Also where the cloud has it already, or more: somebody may have written both."""
    name = "maxSessionDurationSeconds"
    carried = {"policies": [attachment("Custom/known")]}
    known = sources(policies={"Custom/known": policy(ALLOW_READ)})

    def read(live: int, asked: int, agreed: int) -> bool:
        spec = {**carried, name: asked}
        subject = Subject.of(KEY, body(KEY, {"trustPolicy": trust_json(FC), **spec}))
        says = Agreed({"policies": {"Custom/known": NO_RIGHTS}}, values={name: str(agreed)})
        there, facts = made(wanted({**carried, name: live})), RecordFacts(agreed=says)
        return bool(lookups.look(known, subject, wanted(spec), there, facts).texts)

    assert read(43200, 43200, agreed=3600)
    assert read(43200, 7200, agreed=3600)
    assert read(3600, 7200, agreed=7200)
    assert not read(7200, 7200, agreed=7200)
    assert not read(43200, 3600, agreed=3600)


def test_what_makes_an_open_console_dangerous_is_read_where_nothing_is_asked_for() -> None:
    spec = {"policies": [attachment("Custom/known")]}
    known = sources(policies={"Custom/known": policy(ALLOW_READ)})
    subject = Subject.of(KEY, body(KEY, {"trustPolicy": trust_json(FC), **spec}))
    entries = {"policies": {"Custom/known": NO_RIGHTS}}

    def harmless(agreed: str) -> frozenset[str]:
        facts = RecordFacts(agreed=Agreed(entries, values={"consoleLogin": agreed}))
        there = made(wanted({**spec, "consoleLogin": "Allow"}))
        return lookups.look(known, subject, wanted(spec), there, facts).harmless

    assert harmless("Deny") == {"Custom/known"}
    assert harmless("Allow") == frozenset()


def test_a_policy_waits_with_the_trust_of_a_role_that_has_it() -> None:
    role = {"roleName": "app", "policies": [{"type": "RamPolicy", "name": "app"}]}
    both, one = trust(FC, ECS), trust_json(FC)
    says = RecordChange(owner=OWNER, cloud_id="7", baseline=both, sequence=1)
    known = sources(
        (KEY, body(KEY, {**role, "trustPolicy": one})),
        record(Identity(ACCOUNT_ID, "RamRole", "app"), says),
    )
    key = Key("RamPolicy", "team", "app")
    subject = Subject.of(key, body(key, {}))
    more = wanted_policy(document={"Version": "1", "Statement": [ALLOW_ALL]})
    live = Live(Presence.PRESENT, "app", "8", fields=wanted_policy().fields)
    assert trust_lookups.blockers(known, subject, more, live) == ("app",)
    assert not trust_lookups.exposed(known, subject, more, live)
    open_role = body(KEY, {**role, "trustPolicy": trust_json(OUTSIDER)})
    open_now = sources((KEY, open_role))
    assert lookups.look(open_now, subject, more, live, RecordFacts()).narrowing == ()


def test_providers_are_looked_up_by_the_trusts_that_name_them() -> None:
    asked = wanted({"trustPolicy": trust_json(("Federated", OIDC))})
    text = provider_states.oidc("https://git.example", ["app"], ["ab"])
    known = sources(providers={"oidc-provider/git": text})
    subject = Subject.of(KEY, body(KEY, {}))
    found = trust_lookups.provider_states(known, subject, (asked, made(wanted({}))), urgent=True)
    assert found == {"oidc-provider/git": Entry("oidc-provider/git", text)}
    missing = trust_lookups.provider_states(sources(), subject, (asked, made(asked)), urgent=False)
    assert missing == {"oidc-provider/git": Entry("oidc-provider/git", provider_states.ABSENT)}


class Counting(Cache):
    """Notes which roles are decoded."""

    def __init__(self) -> None:
        super().__init__()
        self.decoded: list[Key] = []

    def get(self, key: Key) -> Json | None:
        self.decoded += [key] if key.kind == "RamRole" else []
        return super().get(key)


def test_an_edited_policy_decodes_no_role_that_does_not_have_it() -> None:
    has = {"policies": [{"type": "Custom", "name": "APP"}], "trustPolicy": trust_json(FC)}
    not_it = {"policies": [{"type": "Custom", "name": "other"}], "trustPolicy": trust_json(FC)}
    known = Counting()
    with_tenants(known)
    for number in range(50):
        other = body(Key("RamRole", "team", f"r{number}"), {**not_it, "accountRef": REF})
        known.put({**other, "metadata": {**other["metadata"], "uid": f"u{number}"}})
    known.put(body(KEY, {**has, "accountRef": REF}))
    key = Key("RamPolicy", "team", "app")
    more = wanted_policy(document={"Version": "1", "Statement": [ALLOW_ALL]})
    live = Live(Presence.PRESENT, "app", "8", fields=wanted_policy().fields)
    look = Sources(OWNER.cluster, ACCOUNT, known, Snapshot())
    trust_lookups.blockers(look, Subject.of(key, body(key, {})), more, live)
    assert set(known.decoded) == {KEY}


REF: Final = {"name": ACCOUNT.name}


def guarded(noted: str, *bodies: tuple[Key, Json], **cloud: Any) -> Any:
    """What a pass finds of a role that was agreed to have a guard, and has and asks for none."""
    agreed = {"policies": {"Custom/guard": NO_RIGHTS}}
    if noted:
        agreed[denying("policies")] = {"Custom/guard": noted}
    facts = RecordFacts(exists=True, agreed=Agreed(agreed))
    subject = Subject.of(KEY, body(KEY, {"trustPolicy": trust_json(FC)}))
    return lookups.look(sources(*bodies, **cloud), subject, wanted({}), made(wanted({})), facts)


DENIES: Final = {"Effect": "Deny", "Action": ["ram:*"], "Resource": "*"}
DENIED: Final = documents.denied_text(policy(DENIES))


def test_a_denial_that_is_gone_is_told_by_the_record_of_its_holder() -> None:
    known = guarded(DENIED, policies={"Custom/guard": policy(DENIES)})
    assert known.gone == {"Custom/guard": DENIED}
    assert known.denying == {"Custom/guard": DENIED}
    assert known.gives_nothing == {"Custom/guard"}
    assert known.denials["Custom/guard"]
    # Whatever became of the policy since.
    for cloud in ({}, {"policies": {"Custom/guard": policy(ALLOW_READ)}}):
        known = guarded(DENIED, **cloud)
        assert known.denials.keys() == {"Custom/guard"}
        assert known.denying == {}
    assert guarded("", policies={"Custom/guard": policy(DENIES)}).gone == {}


def test_where_an_object_owns_the_policy_its_own_record_tells_it() -> None:
    identity = Identity(ACCOUNT_ID, "RamPolicy", "guard")

    def owned(*statements: Json) -> tuple[Key, Json]:
        agreed = Agreed(document=policy(*statements))
        owner = Owner(OWNER.cluster, "team", "guard")
        return record(identity, RecordChange(owner=owner, cloud_id="7", sequence=1, agreed=agreed))

    assert guarded("", owned(DENIES)).gone == {"Custom/guard": DENIED}
    # It was agreed there that it denies nothing any more.
    assert guarded(DENIED, owned(ALLOW_READ)).gone == {}


def test_what_keeps_the_members_of_a_group_from_rights() -> None:
    group = KINDS["RamGroup"]
    key = Key("RamGroup", "team", "app")
    spec = {"policies": [{"type": "Custom", "name": "guard"}], "members": []}
    asked = build(group, key, spec, {}, Circumstances(OWNER, NOW))
    live = Live(Presence.PRESENT, "app", "id-1", "arn", asked.fields)
    agreed = {"policies": {"Custom/guard": NO_RIGHTS}, "members": {}}
    agreed |= {denying("policies"): {"Custom/guard": DENIED}, denying("members"): {"bob": "-"}}
    facts = RecordFacts(exists=True, agreed=Agreed(agreed))
    subject = Subject.of(key, body(key, spec))
    known = lookups.look(
        sources(policies={"Custom/guard": policy(DENIES)}), subject, asked, live, facts
    )
    assert known.denying == {"Custom/guard": DENIED}
    assert known.denials.keys() == known.gives_nothing == {"Custom/guard"}
    assert known.no_users == frozenset()
    # A user who is gone is kept from nothing, and nobody asks what of.
    empty = sources(no_users=frozenset({"bob"}))
    assert lookups.look(empty, subject, asked, live, facts).no_users == {"bob"}
    assert agreed_denials.no_users(empty, subject, live, facts) == {"bob"}
    inside = replace(live, fields={**live.fields, "members": {"bob": Entry("bob")}})
    assert agreed_denials.no_users(empty, subject, inside, facts) == frozenset()
    unread = replace(
        live, fields={**live.fields, "members": UnknownPart(Retry(Reason.THROTTLED, ""))}
    )
    assert lookups.look(sources(), subject, asked, unread, facts).denials == {}
