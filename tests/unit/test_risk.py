"""Rules on trust: who breaks which, and the page about them."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents, risk
from ram_operator.constants import Severity
from tests.structure.pure import ROOT
from tests.unit.core import ACCOUNT, ACCOUNT_ID, ANN, FC, OTHER_ID, OUTSIDER, trust

Json = dict[str, Any]
ROOT_HERE = ("RAM", f"acs:ram::{ACCOUNT_ID}:root")
OIDC = ("Federated", f"acs:ram::{ACCOUNT_ID}:oidc-provider/git")
SAML = ("Federated", f"acs:ram::{ACCOUNT_ID}:saml-provider/idp")
SAML_THERE = ("Federated", f"acs:ram::{OTHER_ID}:saml-provider/idp")
BOUND = {"oidc:sub": "repo:x", "oidc:aud": "sts", "oidc:iss": "https://i"}
ID = {"StringEquals": {"sts:ExternalId": "e-1"}}


def oidc(**changes: str | None) -> Json:
    values = {**BOUND, **{key.replace("_", ":"): value for key, value in changes.items()}}
    return {"StringEquals": {key: value for key, value in values.items() if value is not None}}


CASES: dict[str, tuple[documents.Trust, set[str]]] = {
    "service": (trust(FC), set()),
    "user of the account": (trust(ANN), set()),
    "everybody": (trust(("RAM", "*")), {"RAM001"}),
    "every root": (trust(("RAM", "acs:ram::*:root")), {"RAM001"}),
    "another account": (trust(OUTSIDER), {"RAM002", "RAM006", "RAM007"}),
    "another account with an id": (trust(OUTSIDER, condition=ID), {"RAM002", "RAM007"}),
    "the id in another case": (
        trust(OUTSIDER, condition={"StringEquals": {"STS:externalid": "e"}}),
        {"RAM002", "RAM007"},
    ),
    "an id that only some must have": (
        trust(OUTSIDER, condition={"StringNotEquals": {"sts:ExternalId": "e"}}),
        {"RAM002", "RAM006", "RAM007"},
    ),
    "a user of another account": (
        trust(("RAM", f"acs:ram::{OTHER_ID}:user/eve")),
        {"RAM002", "RAM006"},
    ),
    "a principal nobody knows": (trust(("RAM", "who")), {"RAM003"}),
    "the account": (trust(ROOT_HERE), {"RAM007"}),
    "oidc, bound": (trust(OIDC, condition=oidc()), set()),
    "oidc, not bound": (trust(OIDC), {"RAM004", "RAM005"}),
    "oidc, any subject": (trust(OIDC, condition=oidc(oidc_sub=None)), {"RAM004"}),
    "oidc, any audience": (trust(OIDC, condition=oidc(oidc_aud=None)), {"RAM005"}),
    "oidc, any issuer": (trust(OIDC, condition=oidc(oidc_iss=None)), {"RAM005"}),
    "oidc, a pattern for all": (
        trust(OIDC, condition={**oidc(oidc_sub=None), "StringLike": {"oidc:sub": ["x", "*?"]}}),
        {"RAM004"},
    ),
    "oidc, a pattern for some": (
        trust(OIDC, condition={**oidc(oidc_sub=None), "StringLike": {"oidc:sub": "repo:*"}}),
        set(),
    ),
    "saml": (trust(SAML), set()),
    "saml of another account": (trust(SAML_THERE), {"RAM002"}),
}


@pytest.mark.parametrize(("document", "ids"), CASES.values(), ids=CASES)
def test_a_trust_breaks_exactly_these_rules(document: documents.Trust, ids: set[str]) -> None:
    assert {finding.id for finding in risk.assess(document, ACCOUNT)} == ids


def test_a_trusted_account_is_not_outside_but_still_another() -> None:
    account = replace(ACCOUNT, trusted_accounts=frozenset({OTHER_ID}))
    found = risk.assess(trust(OUTSIDER), account)
    assert {finding.id for finding in found} == {"RAM006", "RAM007"}
    assert not risk.dangerous(found)


def test_findings_name_each_principal_once_critical_ones_first() -> None:
    document = trust(ROOT_HERE, OUTSIDER, ("RAM", f"acs:ram::{OTHER_ID}:user/eve"), OUTSIDER)
    found = risk.assess(document, ACCOUNT)
    severities = [finding.severity for finding in found]
    assert severities == sorted(severities, key=lambda one: one is not Severity.CRITICAL)
    assert len(set(found)) == len(found)
    outside = [finding.message for finding in found if finding.id == "RAM002"]
    assert outside == sorted(outside)
    assert len(outside) == 2
    assert all(finding.remedy for finding in found)


def test_only_critical_findings_are_dangerous() -> None:
    assert risk.dangerous(risk.assess(trust(OUTSIDER), ACCOUNT))
    assert not risk.dangerous(risk.assess(trust(ROOT_HERE), ACCOUNT))
    assert not risk.dangerous(())


def test_ids_are_stable() -> None:
    critical = {rule.id for rule in risk.RULES if rule.severity is Severity.CRITICAL}
    assert [rule.id for rule in risk.RULES] == [f"RAM00{n}" for n in range(1, 8)]
    assert critical == {"RAM001", "RAM002", "RAM003", "RAM004"}


def test_every_rule_is_broken_by_some_case() -> None:
    assert set().union(*(ids for _, ids in CASES.values())) == {rule.id for rule in risk.RULES}


def test_the_page_of_rules_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "rules_reference.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
