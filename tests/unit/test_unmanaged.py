"""How bad an identity may be that nobody manages, and which ones a rule leaves out."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.constants import Severity
from ram_operator.kinds.account import account_settings
from ram_operator.model.objects import IgnoreRule
from ram_operator.reporting.inventory import (
    NOT_READ,
    SEVERITIES,
    Sort,
    Trait,
    Unmanaged,
    matches,
    of_policy,
    of_trust,
    told,
    worst,
)


def policy(*actions: str) -> documents.Policy:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return documents.parse_policy({"Version": "1", "Statement": [statement]})


@pytest.mark.parametrize(
    ("actions", "sort", "why"),
    [
        (("*",), Sort.IDENTITY, "allows every action (*)"),
        (("ram:AttachPolicyToUser", "oss:*"), Sort.IDENTITY, "can change identities"),
        (("sts:AssumeRole",), Sort.IDENTITY, "can assume roles"),
        (("ram:PassRole", "ims:*"), Sort.IDENTITY, " and 2 more"),
        (("kms:GetSecretValue",), Sort.INDIRECT, "can read secret values"),
        (("oss:GetObject",), Sort.ORDINARY, ""),
    ],
)
def test_what_a_policy_gives(actions: tuple[str, ...], sort: Sort, why: str) -> None:
    found = of_policy([policy(*actions)])
    assert found.sort is sort
    assert why in found.why


def test_of_several_documents_that_may_be_in_force_the_worst_counts() -> None:
    assert of_policy([policy("oss:GetObject"), policy("ram:*")]).sort is Sort.IDENTITY
    assert of_policy([]) == Trait(Sort.UNKNOWN, NOT_READ)


@pytest.mark.parametrize("sort", Sort)
def test_each_row_of_the_table_has_a_severity(sort: Sort) -> None:
    found = told("RamRole", "a", [Trait(sort, "why")])
    assert found.severity is SEVERITIES[sort]
    assert found.why == ("" if found.severity is Severity.INFO else "why")


def test_the_table() -> None:
    critical = {sort for sort, severity in SEVERITIES.items() if severity is Severity.CRITICAL}
    assert critical == {Sort.IDENTITY}
    assert {sort for sort, found in SEVERITIES.items() if found is Severity.INFO} == {Sort.ORDINARY}


ACCOUNT = account_settings(
    "main",
    {
        "accountId": "1000000000000001",
        "gate": {
            "trustedAccounts": ["2000000000000002"],
            "trustedProviders": ["acs:ram::1000000000000001:saml-provider/Corp"],
        },
    },
)
OWN = "acs:ram::1000000000000001:"
CLUSTER = f"{OWN}oidc-provider/ack-rrsa-c1"
SUBJECT = {"StringEquals": {"oidc:sub": "system:serviceaccount:shop:web", "oidc:aud": "sts"}}


def trust(kind: str, who: str, condition: Mapping[str, object] | None = None) -> documents.Trust:
    more = {"Condition": condition} if condition else {}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {kind: [who]}, **more}
    return documents.parse_trust({"Version": "1", "Statement": [statement]})


@pytest.mark.parametrize(
    ("found", "sort"),
    [
        (None, Sort.UNKNOWN),
        (trust("Service", "fc.aliyuncs.com"), Sort.ORDINARY),
        (trust("RAM", f"{OWN}root"), Sort.ORDINARY),
        (trust("RAM", "acs:ram::2000000000000002:root"), Sort.ORDINARY),
        (trust("RAM", "acs:ram::3000000000000003:root"), Sort.OUTSIDE),
        (trust("RAM", "acs:ram::3000000000000003:role/app"), Sort.OUTSIDE),
        (trust("Federated", f"{OWN}saml-provider/corp"), Sort.ORDINARY),
        (trust("Federated", f"{OWN}saml-provider/other"), Sort.OUTSIDE),
        (trust("Federated", CLUSTER, SUBJECT), Sort.ORDINARY),
        (trust("Federated", CLUSTER), Sort.OUTSIDE),
        (trust("Federated", f"{OWN}oidc-provider/git", SUBJECT), Sort.OUTSIDE),
        (trust("Federated", CLUSTER.replace("1000", "3000"), SUBJECT), Sort.OUTSIDE),
        (trust("RAM", "*"), Sort.OUTSIDE),
    ],
)
def test_who_comes_from_outside(found: documents.Trust | None, sort: Sort) -> None:
    assert of_trust(ACCOUNT, found).sort is sort


def test_strangers_are_named_and_counted() -> None:
    names = [f"acs:ram::300000000000000{n}:root" for n in range(3)]
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": names}}
    found = of_trust(ACCOUNT, documents.parse_trust({"Version": "1", "Statement": [statement]}))
    assert found.why == f"{names[0]} and 2 more may assume it from outside the account"


def test_an_identity_is_as_bad_as_its_worst_trait_and_says_all_that_is_bad() -> None:
    traits = [Trait(Sort.INDIRECT, "c"), Trait(Sort.ORDINARY, "x"), Trait(Sort.IDENTITY, "b")]
    assert told("RamUser", "ann", traits) == Unmanaged("RamUser", "ann", Severity.CRITICAL, "b; c")
    assert told("RamUser", "ann", []) == Unmanaged("RamUser", "ann", Severity.INFO, "")
    assert worst(traits) == Trait(Sort.IDENTITY, "b")
    assert worst([*traits, Trait(Sort.IDENTITY, "a")]) == Trait(Sort.IDENTITY, "a; b")
    assert worst([]) == Trait(Sort.ORDINARY)


def test_the_worst_come_first() -> None:
    found = [
        told("RamUser", "b", []),
        told("RamUser", "c", [Trait(Sort.UNKNOWN, NOT_READ)]),
        told("RamUser", "z", [Trait(Sort.IDENTITY, "why")]),
        told("RamRole", "a", []),
        told("RamUser", "B", []),
    ]
    found.sort(key=lambda one: one.rank)
    assert [one.name for one in found] == ["z", "c", "a", "B", "b"]


def test_what_is_told_is_one_line_and_bounded() -> None:
    odd = told("RamPolicy", "a\n\u202e" + "x" * 500, [Trait(Sort.IDENTITY, "\x1b[2J" + "y" * 500)])
    document = odd.document()
    assert document["name"].startswith("a\\n\\u202ex")
    assert document["why"].startswith("\\u001b[2J")
    assert len(document["name"]) <= 128
    assert len(document["why"]) <= 256
    assert "why" not in told("RamUser", "a", []).document()


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("app", "App", True),
        ("app", "apps", False),
        ("app*", "app", True),
        ("app*", "my-app", False),
        ("*app", "my-app", True),
        ("*app", "apps", False),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("a*b*c", "a-c-b-c", True),
        ("a*b*c", "a-c-c", False),
        ("*", "", True),
        ("a.b", "a-b", False),
    ],
)
def test_patterns(pattern: str, name: str, found: bool) -> None:
    assert matches(pattern, name) is found


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12))
def test_patterns_are_those_of_a_shell_with_stars_alone(pattern: str, name: str) -> None:
    assert matches(pattern, name) is fnmatch.fnmatchcase(name, pattern)


def test_the_rules_of_an_account() -> None:
    spec = {
        "accountId": "1",
        "inventory": {"ignore": [{"kind": "RamRole", "name": "tmp-*", "reason": "x"}]},
    }
    found = account_settings("main", spec)
    assert found.ignored == (IgnoreRule("RamRole", "tmp-*"),)
    # Nobody else has to look again because of them.
    assert found == account_settings("main", {"accountId": "1"})
