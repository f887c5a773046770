"""What the rules hold and what they let pass, judged by the emulated cloud's journal.

Federated subjects that nobody named, rights by other spellings, longer sessions, and detours to
other identities.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from lab.world import World, condition, trust
from tests.gate.approving import approve, held, say
from tests.gate.attacks import ADMIN, ECS, FC, NAME, NOBODY, OUTSIDER, ROLE, a_role
from tests.gate.escalation_attacks import allowing
from tests.gate.test_providers import provider
from tests.gate.triples import Entry, Moment, Resource, Triple, attack, rows
from tests.support.hands import Hands

Json = dict[str, Any]
POLICY: Final = "RamPolicy"
LONG: Final = 43200
WAITS: Final = "ApprovalRequired"
OOS: Final = {"type": "System", "name": "AliyunOOSFullAccess"}
REPORTS: Final = {"type": "Custom", "name": "reports"}
SECRETS: Final = allowing(Action=["kms:GetSecretValue"])


def git(world: World, compared: str, subject: Any) -> Json:
    """A trust in the provider under that condition on oidc:sub, with all else as it should be."""
    condition: dict[str, Json] = {"StringEquals": {"oidc:aud": "ci", "oidc:iss": "https://git"}}
    condition.setdefault(compared, {})["oidc:sub"] = subject
    name = f"acs:ram::{world.account_id}:oidc-provider/git"
    return trust(("Federated", name), condition=condition)


def reason(item: Json) -> str:
    return str(condition(item, "Ready")["reason"])


def calls(world: World, since: int, *actions: str) -> list[str]:
    return [entry["action"] for entry in world.writes(since) if entry["action"] in actions]


def attached(world: World, since: int) -> list[str]:
    return [
        str(entry["parameters"]["PolicyName"])
        for entry in world.writes(since)
        if entry["action"].startswith("AttachPolicyTo")
    ]


def sessions(world: World, since: int) -> list[int]:
    """How long the operator let sessions last."""
    keys = ("NewMaxSessionDuration", "MaxSessionDuration")
    return [
        int(entry["parameters"][key])
        for entry in world.writes(since)
        for key in keys
        if key in entry["parameters"]
    ]


SUBJECTS: Final = {
    "every repository": ("StringLike", "repo:*"),
    "every owner": ("StringLike", "repo:*/*:*"),
    "a variable": ("StringLike", "${oidc:sub}"),
    "every repository of an owner": ("StringLike", "repo:org/*"),
    "names that begin alike": ("StringLike", "repo:org/app*"),
    "one letter open": ("StringLike", "repo:or?/app:*"),
    "a variable as the owner": ("StringLike", "repo:${oidc:aud}/app:*"),
    "a variable spelled out": ("StringEquals", "${oidc:sub}"),
    "one named and one not": ("StringLike", ["repo:org/app:*", "repo:*"]),
    "everybody but one": ("StringNotEquals", "repo:org/app:ref:x"),
    "another form": ("StringLike", "project_path:*/app:*"),
    "a whole namespace": ("StringLike", "system:serviceaccount:ci:*"),
    "ServiceAccounts that begin alike": ("StringLike", "system:serviceaccount:ci:app*"),
    "letters of an unknown issuer": ("StringEqualsIgnoreCase", "tenant|A1b2"),
}


@attack(Entry.CREATED, Resource.CONDITION, Moment.CREATION)
@pytest.mark.parametrize(("compared", "subject"), SUBJECTS.values(), ids=SUBJECTS)
def test_no_role_is_created_for_subjects_that_nobody_named(
    world: World, compared: str, subject: Any
) -> None:
    provider(world)
    start = world.journal_end()
    world.role(NAME, trustPolicy=git(world, compared, subject))
    item = held(world, ROLE, NAME)
    say(world, ROLE, NAME, approve=NOBODY)
    world.settle()
    assert calls(world, start, "CreateRole", "UpdateRole") == []
    assert "RAM004" in {row["id"] for row in item["status"]["pending"]["findings"]}


@pytest.mark.legitimate
@pytest.mark.parametrize(
    ("compared", "subject"),
    [("StringLike", "repo:org/app:*"), ("StringEquals", "system:serviceaccount:ci:app")],
)
def test_a_role_for_one_owner_is_created(world: World, compared: str, subject: str) -> None:
    provider(world)
    world.role(NAME, trustPolicy=git(world, compared, subject))
    world.ready(ROLE, NAME)
    assert NAME in world.cloud()["roles"]


@attack(Entry.CREATED, Resource.CONDITION, Moment.CREATION)
def test_what_the_account_lists_is_trusted_and_nothing_beside_it(world: World) -> None:
    provider(world)
    world.edit(
        "RamAccount", world.namespace, gate={"trustedSubjects": ["system:serviceaccount:ci:*"]}
    )
    world.settle()
    world.role(NAME, trustPolicy=git(world, "StringLike", "system:serviceaccount:ci:app-*"))
    world.ready(ROLE, NAME)
    start = world.journal_end()
    for name, subject in (
        ("wider", "system:serviceaccount:*"),
        ("beside", "system:serviceaccount:cia:*"),
        ("variable", "system:serviceaccount:ci:${oidc:aud}*"),
    ):
        world.role(name, trustPolicy=git(world, "StringLike", subject))
        held(world, ROLE, name)
    assert calls(world, start, "CreateRole") == []


SPELLINGS: Final = {
    "all of CloudSSO": allowing(Action=["cloudsso:*"]),
    "passwords in CloudSSO": allowing(Action=["CloudSSO:ResetUserPasswor?"]),
    "all but RAM, and CloudSSO left in": allowing(
        NotAction=["ram:*", "ims:*", "sts:*", "resourcemanager:*"]
    ),
    "all but the writes of RAM that have names": allowing(
        NotAction=["ram:C*", "ram:U*", "ram:A*", "ram:Delete*", "ims:*", "sts:*", "cloudsso:*"]
    ),
    "delegated administrators": allowing(Action=["resourcemanager:RegisterDelegatedAdministrator"]),
    "a service by its letters": allowing(Action=["?am:PassRole"]),
    "a read that nobody has described": allowing(Action=["ram:GetSecretsOfUsers"]),
    "more than a service-linked role": allowing(Action=["ram:CreateServiceLinkedRole*"]),
    "the source of identities": allowing(Action=["sts:Set*"]),
}


@attack(Entry.POLICY_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED)
@pytest.mark.parametrize("document", SPELLINGS.values(), ids=SPELLINGS)
def test_a_right_by_another_spelling_waits(world: World, document: Json) -> None:
    Hands(world).create_policy("reports", document)
    world.settle()
    start = a_role(world)
    world.edit(ROLE, NAME, policies=[REPORTS])
    held(world, ROLE, NAME)
    world.settle()
    assert attached(world, start) == []


@attack(Entry.MANIFEST, Resource.ROLE_POLICY, Moment.SETTLED)
def test_a_name_that_ends_like_a_reading_policy_is_read_all_the_same(world: World) -> None:
    """Of the system policies whose names say so, some read what lets one act as another."""
    start = world.journal_end()
    world.role(NAME, trustPolicy=trust(OUTSIDER), policies=[])
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    readers = [{"type": "System", "name": n} for n in ("ReadOnlyAccess", "AliyunOOSReadOnlyAccess")]
    world.edit(
        ROLE, NAME, policies=[*readers, {"type": "System", "name": "AliyunOSSReadOnlyAccess"}]
    )
    held(world, ROLE, NAME)
    world.settle()
    assert attached(world, start) == ["AliyunOSSReadOnlyAccess"]


@pytest.mark.legitimate
@pytest.mark.parametrize("name", ["AliyunECSFullAccess", "AliyunRDSFullAccess"])
def test_everyday_rights_need_nobody(world: World, name: str) -> None:
    """They can create service-linked roles, which gives nobody anything."""
    world.role(NAME, policies=[{"type": "System", "name": name}])
    world.ready(ROLE, NAME)
    assert name in str(world.cloud()["roles"][NAME])


def administrator(world: World) -> None:
    world.role(NAME, policies=[ADMIN])
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)


def by_hand(world: World) -> None:
    """What somebody attached stays on a role that is Additive."""
    world.role(NAME, policyMode="Additive")
    world.ready(ROLE, NAME)
    Hands(world).attach(NAME, "AdministratorAccess")
    world.settle()
    world.look(ROLE, NAME)


def foreign(world: World) -> None:
    world.role(NAME, trustPolicy=trust(OUTSIDER))
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)


def federated(world: World) -> None:
    provider(world)
    world.role(NAME, trustPolicy=git(world, "StringEquals", "repo:org/app:ref:x"))
    world.ready(ROLE, NAME)


def unreadable(world: World) -> None:
    """Nobody knows what the role may do: of what was attached by hand nothing can be read."""
    Hands(world).create_policy("reports", allowing(Action=["oss:Get*"]))
    world.role(NAME, policyMode="Additive")
    world.ready(ROLE, NAME)
    Hands(world).attach(NAME, "reports", "Custom")
    world.admin.add_fault("deny", account=world.account_id, action="GetPolicy", times=-1)
    world.settle()


PLAIN: Final = (Entry.MANIFEST, Resource.SESSION, Moment.SETTLED)
SCENES: Final[dict[str, tuple[Any, Triple]]] = {
    "an administrator's": (administrator, PLAIN),
    "one that was made an administrator's by hand": (
        by_hand,
        (Entry.ATTACHED_BY_HAND, Resource.SESSION, Moment.SETTLED),
    ),
    "another account's": (foreign, PLAIN),
    "a provider's": (federated, PLAIN),
    "one of which nobody knows what it may do": (
        unreadable,
        (Entry.MANIFEST, Resource.SESSION, Moment.UNREAD),
    ),
}


@pytest.mark.parametrize("scene", rows(SCENES, lambda row: row[1]))
def test_a_longer_session_of_a_privileged_role_waits(world: World, scene: Any) -> None:
    scene[0](world)
    start = world.journal_end()
    world.edit(ROLE, NAME, maxSessionDurationSeconds=LONG, description="nightly")
    item = held(world, ROLE, NAME)
    world.settle()
    world.look(ROLE, NAME)
    assert LONG not in sessions(world, start)
    assert world.cloud()["roles"][NAME]["maxSessionDuration"] == 3600
    assert world.cloud()["roles"][NAME]["description"] == "nightly"
    assert [f["id"] for f in item["status"]["pending"]["findings"]].count("RAM023") >= 1


@attack(Entry.SESSION_BY_HAND, Resource.SESSION, Moment.SETTLED)
def test_an_approved_session_is_written_and_one_made_longer_by_hand_is_taken_back(
    world: World,
) -> None:
    administrator(world)
    world.edit(ROLE, NAME, maxSessionDurationSeconds=7200)
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    assert world.cloud()["roles"][NAME]["maxSessionDuration"] == 7200
    world.settle()
    start = world.journal_end()
    Hands(world).update_role(NAME, session=LONG)
    world.settle()
    world.look(ROLE, NAME)
    world.ready(ROLE, NAME)
    assert sessions(world, start) == [7200]
    world.edit(ROLE, NAME, maxSessionDurationSeconds=3600)
    world.ready(ROLE, NAME)
    assert world.cloud()["roles"][NAME]["maxSessionDuration"] == 3600


@attack(Entry.MANIFEST, Resource.SESSION, Moment.OFFERED)
def test_an_approval_of_a_session_is_none_of_a_longer_one(world: World) -> None:
    administrator(world)
    world.edit(ROLE, NAME, maxSessionDurationSeconds=7200)
    digest = held(world, ROLE, NAME)["status"]["pending"]["digest"]
    world.edit(ROLE, NAME, maxSessionDurationSeconds=LONG)
    start = world.journal_end()
    say(world, ROLE, NAME, approve=digest)
    held(world, ROLE, NAME, instead_of=digest)
    world.settle()
    assert sessions(world, start) == []


@pytest.mark.legitimate
def test_a_longer_session_of_an_ordinary_role_needs_nobody_and_no_read(world: World) -> None:
    reader = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
    start = a_role(world, policies=[reader])
    world.edit(ROLE, NAME, maxSessionDurationSeconds=LONG)
    world.ready(ROLE, NAME)
    assert sessions(world, start) == [LONG]
    read = [entry["action"] for entry in world.admin.journal(world.account_id, since=start)]
    assert "GetPolicy" not in read


@attack(Entry.CREATED, Resource.ROLE_POLICY, Moment.CREATION)
def test_a_detour_passes_with_an_event_and_waits_where_the_account_says_so(world: World) -> None:
    world.role(NAME, policies=[OOS])
    world.ready(ROLE, NAME)
    world.settle()
    (message,) = world.told("FindingReported", NAME)
    assert message.startswith("RAM021 System/AliyunOOSFullAccess: can ")
    world.edit("RamAccount", world.namespace, gate={"holdIndirect": True})
    world.settle()
    start = world.journal_end()
    world.role("second", policies=[OOS])
    world.create("RamUser", "eve", {"policies": [OOS]})
    world.policy("reader", document=SECRETS)
    world.ready(POLICY, "reader")
    world.role("third", policies=[{"type": POLICY, "name": "reader"}])
    for kind, name in ((ROLE, "second"), ("RamUser", "eve"), (ROLE, "third")):
        held(world, kind, name)
    world.settle()
    assert attached(world, start) == []
    world.look(ROLE, NAME)
    assert "AliyunOOSFullAccess" in str(world.cloud()["roles"][NAME])


def outside_at_once(world: World) -> tuple[str, str]:
    provider(world)
    asked = git(world, "StringEquals", "repo:org/app:ref:x")
    world.role(NAME, trustPolicy=asked, policies=[OOS])
    return ROLE, NAME


def outside_first(world: World) -> tuple[str, str]:
    foreign(world)
    world.edit(ROLE, NAME, policies=[OOS])
    return ROLE, NAME


def outside_by_hand(world: World) -> tuple[str, str]:
    """Somebody was let in by hand: what is given meanwhile is his until he is out."""
    world.role(NAME, driftPolicy="Report")
    world.ready(ROLE, NAME)
    Hands(world).update_role(NAME, trust=trust(FC, OUTSIDER))
    world.settle()
    world.edit(ROLE, NAME, policies=[OOS])
    return ROLE, NAME


def by_document(world: World) -> tuple[str, str]:
    """The policy was harmless when it was attached to the outsider's role."""
    world.policy("reader")
    world.ready(POLICY, "reader")
    world.role(NAME, trustPolicy=trust(OUTSIDER), policies=[{"type": POLICY, "name": "reader"}])
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.edit(POLICY, "reader", document=allowing(Action=["oss:GetObject", "kms:GetSecretValue"]))
    return POLICY, "reader"


DETOURS: Final[dict[str, tuple[Any, Triple]]] = {
    "a new role": (outside_at_once, (Entry.CREATED, Resource.ROLE_POLICY, Moment.CREATION)),
    "a role that trusts somebody": (
        outside_first,
        (Entry.MANIFEST, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    "a role where somebody was let in by hand": (
        outside_by_hand,
        (Entry.TRUST_BY_HAND, Resource.ROLE_POLICY, Moment.REPORTED),
    ),
    "a policy that an outsider's role has": (
        by_document,
        (Entry.MANIFEST, Resource.DOCUMENT, Moment.SETTLED),
    ),
}


@pytest.mark.parametrize("story", rows(DETOURS, lambda row: row[1]))
def test_no_outsider_gets_a_detour_unseen(world: World, story: Any) -> None:
    start = world.journal_end()
    kind, name = story[0](world)
    item = held(world, kind, name)
    say(world, kind, name, approve=NOBODY)
    world.settle()
    assert "AliyunOOSFullAccess" not in attached(world, start)
    assert calls(world, start, "CreatePolicyVersion", "SetDefaultPolicyVersion") == []
    assert "RAM021" in {row["id"] for row in item["status"]["pending"]["findings"]}


@pytest.mark.legitimate
def test_a_document_of_a_detour_needs_nobody_where_no_outsider_has_it(world: World) -> None:
    world.policy("reader")
    world.ready(POLICY, "reader")
    world.role(NAME, trustPolicy=trust(ECS), policies=[{"type": POLICY, "name": "reader"}])
    world.ready(ROLE, NAME)
    world.edit(POLICY, "reader", document=allowing(Action=["kms:GetSecretValue"]))
    item = world.ready(POLICY, "reader")
    assert reason(item) == "Synced"
    assert world.cloud()["policies"]["reader"]["document"] == allowing(
        Action=["kms:GetSecretValue"]
    )
