"""Keys of users for single services, through the real SDK."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.calls import invoke, refused
from tests.emulator.conftest import Cloud

LIST = "ListServiceCredentials"
GONE = "EntityNotExist.ServiceCredential"


def _domain(cloud: Cloud) -> str:
    return f"{cloud.account.alias}.onaliyun.com"


def _create(cloud: Cloud, user: str, service: str = "bailian", **given: Any) -> dict[str, Any]:
    row = {"ServiceCredentialName": "key", "ServiceName": service, **given}
    who = {"UserPrincipalName": f"{user}@{_domain(cloud)}"}
    return dict(invoke(cloud.ims(), "CreateServiceCredential", **who, **row)["ServiceCredential"])


def _list(cloud: Cloud, **given: Any) -> list[dict[str, Any]]:
    return list(invoke(cloud.ims(), LIST, **given)["ServiceCredentials"])


@pytest.fixture
def ann(cloud: Cloud) -> Cloud:
    invoke(cloud.ram(), "CreateUser", UserName="ann")
    return cloud


def test_a_life(ann: Cloud) -> None:
    made = _create(ann, "ann", CredentialAgeDays=2)
    assert made["Status"] == "Active"
    assert len(made["ServiceCredentialSecret"]) == 40
    assert made["ExpirationTime"] > made["CreateTime"]
    target = {
        "ServiceCredentialId": made["ServiceCredentialId"],
        "UserPrincipalName": f"ann@{_domain(ann)}",
    }
    invoke(ann.ims(), "UpdateServiceCredential", **target, Status="Inactive")
    invoke(ann.ims(), "UpdateServiceCredential", **target, ServiceCredentialName="other")
    shown = invoke(ann.ims(), "GetServiceCredential", **target)["ServiceCredential"]
    assert (shown["Status"], shown["ServiceCredentialName"]) == ("Inactive", "other")
    assert "ServiceCredentialSecret" not in shown
    assert invoke(ann.ram(), "ListAccessKeys", UserName="ann")["AccessKeys"]["AccessKey"] == []
    ann.admin.advance_clock(2 * 86_400 + 1)
    assert [row["Status"] for row in _list(ann, AllUsers=True)] == ["Expired"]
    ann.admin.load(ann.admin.save())
    assert [row["Status"] for row in _list(ann, AllUsers=True)] == ["Expired"]
    invoke(ann.ims(), "DeleteServiceCredential", **target)
    assert refused(ann.ims(), "GetServiceCredential", **target).code.startswith("EntityNotExist")
    assert _list(ann, AllUsers=True) == []


def test_who_is_meant_and_what_is_listed(ann: Cloud) -> None:
    mine = {"ServiceCredentialName": "mine", "ServiceName": "bailian"}
    invoke(ann.ims(), "CreateServiceCredential", **mine)
    _create(ann, "ann", "bailian")
    permanent = _create(ann, "ann", "pai")
    assert "ExpirationTime" not in permanent
    assert [row["ServiceCredentialName"] for row in _list(ann)] == ["mine"]
    assert len(_list(ann, AllUsers=True)) == 3
    assert len(_list(ann, AllUsers=True, ServiceName="BAILIAN")) == 2
    named = {"UserPrincipalName": f"ann@{_domain(ann)}"}
    assert len(_list(ann, **named)) == 2
    invoke(ann.ram(), "UpdateUser", UserName="ann", NewUserName="anna")
    renamed = {row["UserPrincipalName"] for row in _list(ann, AllUsers=True)}
    assert f"anna@{_domain(ann)}" in renamed
    invoke(ann.ram(), "DeleteUser", UserName="anna")
    assert [row["ServiceCredentialName"] for row in _list(ann, AllUsers=True)] == ["mine"]


def test_pages_have_ten_rows_unless_more_are_asked_for(ann: Cloud) -> None:
    for number in range(12):
        _create(ann, "ann", f"service-{number}")
    first = invoke(ann.ims(), LIST, AllUsers=True)
    assert (len(first["ServiceCredentials"]), first["IsTruncated"]) == (10, True)
    rest = invoke(ann.ims(), LIST, AllUsers=True, NextToken=first["NextToken"])
    assert (len(rest["ServiceCredentials"]), rest["IsTruncated"]) == (2, False)
    assert len(_list(ann, AllUsers=True, MaxResults=100)) == 12


CASES: list[tuple[str, dict[str, Any], str]] = [
    (LIST, {"AllUsers": True, "UserPrincipalName": "{ann}"}, "InvalidParameter.AllUsers"),
    (LIST, {"UserPrincipalName": "ghost@{domain}"}, "EntityNotExist.User"),
    (LIST, {"AllUsers": True, "NextToken": "bad"}, "InvalidParameter.NextToken"),
    (
        "GetServiceCredential",
        {"ServiceCredentialId": "{other}"},
        "EntityNotExist.ServiceCredential",
    ),
    ("GetServiceCredential", {}, "MissingParameter"),
    ("DeleteServiceCredential", {"ServiceCredentialId": "sc"}, GONE),
    (
        "UpdateServiceCredential",
        {"ServiceCredentialId": "{other}", "UserPrincipalName": "{ann}", "Status": "Odd"},
        "InvalidParameter.Status",
    ),
    (
        "CreateServiceCredential",
        {"ServiceCredentialName": "a b", "ServiceName": "pai"},
        "InvalidParameter.ServiceCredentialName.InvalidChars",
    ),
    (
        "CreateServiceCredential",
        {"ServiceCredentialName": "a", "ServiceName": "pai", "CredentialAgeDays": 36_601},
        "InvalidParameter.CredentialAgeDays",
    ),
]


@pytest.mark.parametrize(("action", "given", "code"), CASES)
def test_refused(ann: Cloud, action: str, given: dict[str, Any], code: str) -> None:
    known = {
        "{ann}": f"ann@{_domain(ann)}",
        "{domain}": _domain(ann),
        "{other}": _create(ann, "ann")["ServiceCredentialId"],
    }
    for name, value in given.items():
        for word, text in known.items():
            if isinstance(value, str):
                given = {**given, name: (value := value.replace(word, text))}
    assert refused(ann.ims(), action, **given).code == code


def test_a_quota_and_a_permission(ann: Cloud) -> None:
    for _ in range(2):
        _create(ann, "ann")
    given = {"ServiceCredentialName": "third", "ServiceName": "Bailian"}
    who = {"UserPrincipalName": f"ann@{_domain(ann)}"}
    error = refused(ann.ims(), "CreateServiceCredential", **given, **who)
    assert error.code == "LimitExceeded.ServiceCredential"
    nobody = ann.ims(ann.user("nobody"))
    assert refused(nobody, LIST, AllUsers=True).code == "NoPermission"
    root = refused(ann.ims(ann.root), LIST)
    assert root.code == "MissingParameter"
