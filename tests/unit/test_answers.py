"""An answer without what it is about is no answer: the part is unknown, and never empty.

Over real HTTP with the real SDK, which turns what is missing into nothing or into an empty list.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ram_operator import documents
from ram_operator.cloud.cached_reads import PolicyDocuments, ProviderFacts
from ram_operator.cloud.execute import execute
from ram_operator.cloud.observe import GETS, READS, CloseObserver
from ram_operator.cloud.writing import Kept, Writer
from ram_operator.constants import Reason, Severity
from ram_operator.errors import OutcomeUnknown, Retry
from ram_operator.kinds.table import KINDS
from ram_operator.model.basis import Basis
from ram_operator.model.objects import UnknownPart
from ram_operator.model.steps import Create, CreateWithDocument, NewIdentity, WriteDocument
from ram_operator.model.vocabulary import Cause, Direction, Presence
from ram_operator.planning import plan
from tests.unit.cloud_world import World
from tests.unit.core import inputs, remembered, trust_json, wanted
from tests.unit.stub_server import Reply, Request, Stub, stub

Json = dict[str, Any]
DOCUMENT = json.dumps({"Version": "1", "Statement": []})
TRUST = json.dumps(trust_json(("Service", "fc.aliyuncs.com")))
WHOLE: dict[str, Json] = {
    "GetRole": {
        "Role": {
            "RoleId": "1",
            "RoleName": "web",
            "AssumeRolePolicyDocument": TRUST,
            "AllowConsoleLogin": False,
        }
    },
    "GetUser": {"User": {"UserId": "1", "UserName": "web", "CreateDate": "then"}},
    "GetGroup": {"Group": {"GroupId": "1", "GroupName": "web", "CreateDate": "then"}},
    "GetPolicy": {
        "Policy": {"PolicyName": "web", "CreateDate": "then"},
        "DefaultPolicyVersion": {"VersionId": "v1", "PolicyDocument": DOCUMENT},
    },
    "ListPoliciesForRole": {"Policies": {"Policy": [{"PolicyType": "System", "PolicyName": "a"}]}},
    "ListPoliciesForUser": {"Policies": {"Policy": [{"PolicyType": "System", "PolicyName": "a"}]}},
    "ListPoliciesForGroup": {"Policies": {"Policy": [{"PolicyType": "System", "PolicyName": "a"}]}},
    "ListGroupsForUser": {"Groups": {"Group": [{"GroupName": "a"}]}},
    "ListUsersForGroup": {"Users": {"User": [{"UserName": "a"}]}, "IsTruncated": False},
    "ListAccessKeys": {
        "AccessKeys": {"AccessKey": [{"AccessKeyId": "abcdef", "Status": "Active"}]}
    },
    "GetLoginProfile": {"LoginProfile": {"UserName": "web"}},
    "IMS GetDefaultDomain": {"DefaultDomainName": "corp.onaliyun.com"},
    "IMS GetLoginProfile": {"LoginProfile": {"Status": "Inactive"}},
    "GetUserMFAInfo": {"MFADevice": {"SerialNumber": "1", "Type": "VMFA"}},
    "ListTagResources": {"TagResources": [{"TagKey": "team", "TagValue": "a"}]},
    "IMS ListTagResources": {"TagResources": {"TagResource": [{"TagKey": "team"}]}},
}
CONSOLE = ("IMS GetDefaultDomain", "IMS GetLoginProfile")
DESPITE = {"PolicyName", "RoleName", "UserName", "GroupName", "TagValue", "Status", "SerialNumber"}
"""What an answer may lack: it is known from the question, or has a meaning when it is missing."""
DESPITE |= {"Type", "IsTruncated", "CreateDate of GetUser", "CreateDate of GetGroup"}
DESPITE |= {"AllowConsoleLogin"}
INNER = {"Policy", "Group", "User", "AccessKey", "TagResource"}
"""Lists that the SDK itself makes where there is none: only the part around them can be missed."""
LISTED = {"PolicyName", "UserName", "GroupName"}


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    with stub() as running:
        yield running


@pytest.fixture
def world(server: Stub) -> Iterator[World]:
    made = World(server)
    yield made
    made.pool.shutdown()


def action_of(request: Request) -> str:
    """Of the query, or of the SDK's header."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    query = parse_qs(urlsplit(request.path).query)
    action = headers.get("x-acs-action") or query["Action"][0]
    version = headers.get("x-acs-version") or query["Version"][0]
    ims = version == "2019-08-15"
    return f"IMS {action}" if ims else action


def answering(world: World, answers: dict[str, Json]) -> None:
    def answer(request: Request) -> Reply:
        body = {"RequestId": "R", **answers.get(action_of(request), {})}
        return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    world.server.answer = answer


def holes(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each part that an answer could lack."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in parts:
        if isinstance(value, dict):
            yield (*path, name)
        if isinstance(part, dict | list):
            yield from holes(part, (*path, name))


def without(value: Json, path: tuple[Any, ...]) -> Json:
    left: Any = copy.deepcopy(value)
    place = left
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return dict(left)


def needed(action: str, path: tuple[Any, ...]) -> bool:
    name = path[-1]
    made_by_the_sdk = name in INNER if len(path) == 2 else action == "ListTagResources"
    if "List" in action and len(path) < 3 and made_by_the_sdk:
        return False
    if len(path) > 2 and name in LISTED and action.startswith("List"):
        return True
    if action in CONSOLE:
        return True
    return name not in DESPITE and f"{name} of {action}" not in DESPITE


CELLS = [
    pytest.param(action, path, id=f"{action}-{'.'.join(map(str, path))}")
    for action, answer in WHOLE.items()
    for path in holes(answer)
    if needed(action, path)
]


def kinds_that_read(action: str) -> list[str]:
    """By what they ask for, with whole answers."""
    return [kind for kind in GETS if action in asked_by(kind)]


def asked_by(kind: str) -> set[str]:
    title = KINDS[kind].noun.capitalize()
    reads = {"attachments": {f"ListPoliciesFor{title}"}, "tags": {"ListTagResources"}}
    reads |= {"user tags": {"IMS ListTagResources"}, "groups": {"ListGroupsForUser"}}
    reads |= {"members": {"ListUsersForGroup"}, "mfa": {"GetUserMFAInfo"}}
    reads["access"] = {"GetLoginProfile", "ListAccessKeys", *CONSOLE}
    assert set(reads) == set(READS)
    return {f"Get{title}", *(action for read in KINDS[kind].reads for action in reads[read])}


@pytest.mark.parametrize("kind", GETS)
def test_a_whole_answer_leaves_nothing_unknown(world: World, kind: str) -> None:
    answering(world, WHOLE)
    live = CloseObserver(world.client).look(kind, "web")
    assert live.presence is Presence.PRESENT
    assert live.unknown_parts() == ()
    assert all(live.fields[field.name] is not None for field in KINDS[kind].fields if field.read)


@pytest.mark.parametrize(("action", "path"), CELLS)
def test_what_an_answer_lacks_is_unknown(world: World, action: str, path: tuple[Any, ...]) -> None:
    answering(world, {**WHOLE, action: without(WHOLE[action], path)})
    kinds = kinds_that_read(action)
    assert kinds
    for kind in kinds:
        live = CloseObserver(world.client).look(kind, "web")
        assert live.presence is not Presence.ABSENT
        errors = [part.error for part in live.unknown_parts()]
        error = live.error if live.presence is Presence.UNKNOWN else errors[0]
        assert isinstance(error, Retry)
        assert error.reason is Reason.CLOUD_UNAVAILABLE
        assert "without its" in error.message


@pytest.mark.parametrize("path", [p for p in holes(WHOLE["GetPolicy"]) if "Default" in str(p[0])])
def test_what_a_policy_allows_is_not_known_without_its_document(
    world: World, path: tuple[Any, ...]
) -> None:
    if path[-1] == "VersionId":
        return
    answering(world, {"GetPolicy": without(WHOLE["GetPolicy"], path)})
    with pytest.raises(Retry, match="without its"):
        PolicyDocuments().read(world.client, "Custom", "web")


def test_a_provider_is_not_known_without_what_makes_it_one(world: World) -> None:
    for name in ("oidc-provider/git", "saml-provider/corp"):
        answering(world, {})
        with pytest.raises(Retry, match="without its"):
            ProviderFacts().read(world.client, name, 0.0, fresh=True)


@pytest.mark.parametrize("part", ["AccountId", "Arn"])
def test_whose_the_credentials_are_is_not_known_without_it(world: World, part: str) -> None:
    """An account that cannot be told for a moment is no other account, and keeps its session."""
    whole = {"AccountId": "1234567890123456", "Arn": "acs:ram::1234567890123456:user/op"}
    answering(world, {"GetCallerIdentity": without(whole, (part,))})
    with pytest.raises(Retry, match=f"without its {part}"):
        world.client.caller_identity()


@pytest.mark.parametrize("kind", ["RamUser", "RamGroup", "RamPolicy"])
def test_of_a_creation_without_an_id_the_outcome_is_unknown(world: World, kind: str) -> None:
    answering(world, {})
    new = NewIdentity("web", {})
    document = documents.parse_policy(DOCUMENT, lenient=True)
    step: Any = Create(summary="create web", new=new)
    if kind == "RamPolicy":
        step = CreateWithDocument(summary="create web", new=new, document=document)
    with pytest.raises(OutcomeUnknown, match="its outcome is looked at"):
        execute(Writer(world.client, Kept()), KINDS[kind], "web", step)


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("ListPolicyVersions", {}),
        ("ListPolicyVersions", {"PolicyVersions": {"PolicyVersion": [{"IsDefaultVersion": True}]}}),
        ("GetPolicyVersion", {"PolicyVersion": {"VersionId": "v1"}}),
    ],
)
def test_no_version_is_made_while_it_is_not_known_which_there_are(
    world: World, action: str, answer: Json
) -> None:
    """What the list seems to lack would be made once more, and push a good version out."""
    versions = {"PolicyVersions": {"PolicyVersion": [{"VersionId": "v1"}]}}
    answering(world, {"ListPolicyVersions": versions, action: answer})
    step = WriteDocument(
        summary="",
        cause=Cause.INTENT,
        direction=Direction.MIXED,
        field="document",
        document=documents.parse_policy(DOCUMENT, lenient=True),
        rests=Basis(documents=frozenset(), identity="then"),
    )
    world.server.asked.clear()
    with pytest.raises(Retry, match="without its"):
        execute(Writer(world.client, Kept()), KINDS["RamPolicy"], "web", step)
    asked = {action_of(request) for request in world.server.asked}
    assert not asked & {"CreatePolicyVersion", "SetDefaultPolicyVersion"}


def test_a_part_that_cannot_be_read_is_no_defect(world: World) -> None:
    role = {**WHOLE["GetRole"]["Role"], "MaxSessionDuration": "for ever"}
    answering(world, {**WHOLE, "GetRole": {"Role": role}})
    live = CloseObserver(world.client).look("RamRole", "web")
    assert isinstance(live.fields["maxSessionDurationSeconds"], UnknownPart)


NO_DOCUMENT = {
    "nothing": "",
    "no JSON": "{Version: 1",
    "a byte order mark": '\ufeff{"Version":"1","Statement":[]}',
    "a list": "[]",
}


@pytest.mark.parametrize("text", NO_DOCUMENT.values(), ids=NO_DOCUMENT)
def test_a_trust_that_is_none_is_critical_drift_and_said(world: World, text: str) -> None:
    """Whom it lets in nobody knows, and the operator is not to blame."""
    role = copy.deepcopy(WHOLE["GetRole"])
    role["Role"]["AssumeRolePolicyDocument"] = text
    answering(world, {**WHOLE, "GetRole": role})
    live = CloseObserver(world.client).look("RamRole", "web")
    assert live.unknown_parts() == ()
    asked = wanted({"roleName": "web"})
    memory = remembered(asked)
    memory = replace(memory, record=replace(memory.record, cloud_id=live.cloud_id))
    decision = plan.update(inputs(asked, live, memory))
    (entry,) = (entry for entry in decision.drift if entry.field == "trustPolicy")
    assert entry.severity is Severity.CRITICAL
    assert "cannot be read" in entry.now
    assert json.dumps(text) in entry.now


def test_a_document_of_a_policy_that_is_none_may_allow_anything(world: World) -> None:
    policy = copy.deepcopy(WHOLE["GetPolicy"])
    policy["DefaultPolicyVersion"]["PolicyDocument"] = "oops"
    answering(world, {**WHOLE, "GetPolicy": policy})
    document = CloseObserver(world.client).look("RamPolicy", "web").fields["document"]
    assert isinstance(document, documents.Policy)
    assert documents.escalates(document)
