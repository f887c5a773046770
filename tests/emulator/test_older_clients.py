"""What older clients and those of other makers ask for: XML, versions, why a call was refused."""

from __future__ import annotations

import inspect
import json
import re
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest
from alibabacloud_ims20190815 import models as ims_models

from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused
from tests.emulator.conftest import Cloud
from tests.emulator.raw import Acs3, Answer, v1


def _xml(answer: Answer) -> ElementTree.Element:
    assert answer.content_type == "text/xml;charset=utf-8"
    return ElementTree.fromstring(answer.text)  # noqa: S314 - the emulator's own reply


def _call(cloud: Cloud, action: str, **parameters: str) -> Answer:
    given = {"Action": action, **parameters}
    return v1(cloud.process.port, cloud.operator, given, bend={"Format": "XML"})


def test_a_reply_in_xml_has_the_fields_of_the_one_in_json(cloud: Cloud) -> None:
    odd = 'a <b> & "c" 审计 ]]>'
    invoke(cloud.ram(), "CreateRole", RoleName="one", AssumeRolePolicyDocument=SERVICE_TRUST)
    invoke(
        cloud.ram(),
        "CreateRole",
        RoleName="two",
        Description=odd,
        AssumeRolePolicyDocument=SERVICE_TRUST,
    )
    root = _xml(_call(cloud, "GetRole", RoleName="two"))
    assert root.tag == "GetRoleResponse"
    shown = invoke(cloud.ram(), "GetRole", RoleName="two")["Role"]
    texts = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in shown.items()}
    assert {part.tag: part.text or "" for part in root.find("Role") or ()} == texts
    assert texts["Description"] == odd
    listed = _xml(_call(cloud, "ListRoles"))
    assert [name.text for name in listed.iterfind("Roles/Role/RoleName")] == ["one", "two"]
    assert listed.findtext("IsTruncated") == "false"
    assert len(_xml(_call(cloud, "ListGroups")).findall("Groups/Group")) == 0


def test_an_error_in_xml(cloud: Cloud) -> None:
    answer = _call(cloud, "GetRole", RoleName="none")
    root = _xml(answer)
    assert (root.tag, answer.status) == ("Error", 404)
    assert root.findtext("Code") == "EntityNotExist.Role"
    assert all(root.findtext(name) for name in ("RequestId", "HostId", "Message", "Recommend"))
    unsigned = v1(
        cloud.process.port,
        cloud.operator,
        {"Action": "GetRole"},
        bend={"Format": "xml", "Signature": "AAAA"},
    )
    assert _xml(unsigned).findtext("Code") == "SignatureDoesNotMatch"


def test_the_header_form_says_what_it_accepts(cloud: Cloud) -> None:
    request = Acs3(cloud.process.port, cloud.operator, extra={"accept": "application/xml"})
    assert _xml(request.send()).findtext("Code") == "EntityNotExist.Role"
    for accepted in ("application/json", "*/*", ""):
        request = Acs3(cloud.process.port, cloud.operator, extra={"accept": accepted})
        assert request.send().code == "EntityNotExist.Role"


def test_what_xml_cannot_hold_is_marked(cloud: Cloud) -> None:
    parameters = {"UserName": "u", "Comments": "a\x00\x1b\ufffeb"}
    Acs3(cloud.process.port, cloud.operator, action="CreateUser", parameters=parameters).send()
    comments = _xml(_call(cloud, "GetUser", UserName="u")).findtext("User/Comments")
    assert comments == "a\ufffd\ufffd\ufffdb"
    assert _call(cloud, "<a>", UserName="u").code == "InvalidAction.NotFound"


def test_an_older_version_of_ims_means_the_same(cloud: Cloud) -> None:
    bend: dict[str, str | None] = {"Version": "2017-04-30"}
    answer = v1(cloud.process.port, cloud.operator, {"Action": "GetDefaultDomain"}, bend=bend)
    assert answer.body["DefaultDomainName"].endswith(".onaliyun.com")
    assert cloud.admin.journal(cloud.id)[-1]["service"] == "ims"
    request = Acs3(cloud.process.port, cloud.operator, action="ListUsers", version="2017-04-30")
    assert request.send().body["Users"]["User"]
    other = Acs3(cloud.process.port, cloud.operator, version="2017-05-01")
    assert other.send().code == "InvalidVersion"


def test_the_summary_has_every_figure_that_the_sdk_knows(cloud: Cloud) -> None:
    found = invoke(cloud.ims(), "GetAccountSummary")["SummaryMap"]
    source = inspect.getsource(ims_models.GetAccountSummaryResponseBodySummaryMap)
    assert set(found) == set(re.findall(r"result\['(\w+)'\]", source))
    assert all(type(value) is int for value in found.values())
    assert (found["IPItemsPerAKPolicyQuota"], found["ConditionsPerAKPolicyQuota"]) == (50, 8)


def _message(error: Any) -> str:
    return str(error.data["AccessDeniedDetail"]["EncodedDiagnosticMessage"])


def _decoded(cloud: Cloud, message: str) -> dict[str, Any]:
    given = {"EncodedDiagnosticMessage": message}
    return dict(invoke(cloud.ram(), "DecodeDiagnosticMessage", **given)["DecodedDiagnosticMessage"])


def test_a_refusal_that_nothing_allows_can_be_decoded(cloud: Cloud) -> None:
    error = refused(cloud.ram(cloud.user("u")), "GetRole", RoleName="r")
    found = _decoded(cloud, _message(error))
    assert found["ExplicitDeny"] is False
    assert found["NoPermissionPolicyType"] == "AccountLevelIdentityBasedPolicy"
    assert found["AuthAction"] == "ram:GetRole"
    assert found["AuthResource"] == f"acs:ram:*:{cloud.id}:role/r"
    assert found["MatchedPolicies"] == []
    detail = error.data["AccessDeniedDetail"]
    assert found["AuthPrincipal"] == {
        name: detail[name]
        for name in ("AuthPrincipalType", "AuthPrincipalOwnerId", "AuthPrincipalDisplayName")
    }
    conditions = {row["ConditionKey"]: row["ConditionValues"] for row in found["AuthConditions"]}
    assert conditions["acs:SourceIp"] == ["127.0.0.1"]


def test_a_refusal_names_the_policies_that_deny(cloud: Cloud) -> None:
    ram = cloud.ram()
    who = cloud.user("u", policies=[["System", "AdministratorAccess"]])
    cloud.admin.create_group(cloud.id, "g", members=["u"])
    deny = json.loads(policy("ram:GetRole"))
    deny["Statement"][0]["Effect"] = "Deny"
    invoke(ram, "CreatePolicy", PolicyName="no", PolicyDocument=json.dumps(deny))
    invoke(ram, "AttachPolicyToGroup", PolicyType="Custom", PolicyName="no", GroupName="g")
    found = _decoded(cloud, _message(refused(cloud.ram(who), "GetRole", RoleName="r")))
    assert found["ExplicitDeny"] is True
    (row,) = found["MatchedPolicies"]
    assert (row["PolicyIdentifier"], row["PolicyVersion"], row["Effect"]) == ("no", "v1", "Deny")
    assert row["AttachedEntityType"] == "Group"


def test_a_trust_that_says_no_and_an_injected_refusal_can_be_decoded(cloud: Cloud) -> None:
    invoke(cloud.ram(), "CreateRole", RoleName="r", AssumeRolePolicyDocument=SERVICE_TRUST)
    given = {"RoleArn": f"acs:ram::{cloud.id}:role/r", "RoleSessionName": "me"}
    found = _decoded(cloud, _message(refused(cloud.sts(), "AssumeRole", **given)))
    assert found["NoPermissionPolicyType"] == "AssumeRolePolicy"
    assert found["AuthResource"] == f"acs:ram:*:{cloud.id}:role/r"
    cloud.admin.add_fault("deny", action="GetRole")
    assert _decoded(cloud, _message(refused(cloud.ram(), "GetRole", RoleName="r")))["AuthAction"]


@pytest.mark.parametrize("message", ["invented", "another account's"])
def test_a_message_that_is_not_known_here(cloud: Cloud, hostile: Cloud, message: str) -> None:
    if message != "invented":
        message = _message(refused(hostile.ram(hostile.user("u")), "GetRole", RoleName="r"))
    given = {"EncodedDiagnosticMessage": message}
    assert refused(cloud.ram(), "DecodeDiagnosticMessage", **given).code == "EntityNotExist"


def test_a_message_ends_and_needs_a_permission(cloud: Cloud) -> None:
    message = _message(refused(cloud.ram(cloud.user("u")), "GetRole", RoleName="r"))
    given = {"EncodedDiagnosticMessage": message}
    nobody = cloud.ram(cloud.user("v"))
    assert refused(nobody, "DecodeDiagnosticMessage", **given).code == "NoPermission"
    cloud.admin.advance_clock(90_000)
    assert refused(cloud.ram(), "DecodeDiagnosticMessage", **given).code == "EncodedMessageExpire"
