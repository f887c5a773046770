"""Spellings that are assumed to be equal, and what only looks like one: pairs of documents."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from ram_operator import documents
from ram_operator.model.outcome import Plan
from ram_operator.planning import plan
from tests.unit.core import (
    ACCOUNT_ID,
    ANN,
    FC,
    inputs,
    live,
    record,
    remembered,
    trust,
    trust_json,
    wanted,
)

Json = Any
IDP: Final = ("Federated", f"acs:ram::{ACCOUNT_ID}:saml-provider/CorpIdP")
ROOT: Final = ("RAM", f"acs:ram::{ACCOUNT_ID}:root")
ANN_WITH_CAPITAL: Final = ("RAM", f"acs:ram::{ACCOUNT_ID}:user/Ann")
BOB: Final = ("RAM", f"acs:ram::{ACCOUNT_ID}:user/bob")
MFA: Final = {"Bool": {"acs:MFAPresent": ["true"]}}


def other_version(document: Json, **changes: Any) -> documents.Trust:
    made = {**document, **changes}
    return documents.parse_trust({k: v for k, v in made.items() if v is not None}, lenient=True)


RESPELLINGS: Final[dict[str, tuple[documents.Trust, documents.Trust]]] = {
    # what was agreed on, what the cloud has
    "a user": (trust(ANN), trust(ANN_WITH_CAPITAL)),
    "a user beside another": (trust(FC, ANN), trust(ANN_WITH_CAPITAL, FC)),
    "a user under a condition": (
        trust(ANN, condition=MFA),
        trust(ANN_WITH_CAPITAL, condition=MFA),
    ),
    "a SAML provider": (trust(IDP), trust((IDP[0], IDP[1].lower()))),
    "an OIDC provider": (
        trust(("Federated", f"acs:ram::{ACCOUNT_ID}:oidc-provider/Git")),
        trust(("Federated", f"acs:ram::{ACCOUNT_ID}:oidc-provider/git")),
    ),
    "a service": (trust(FC), trust(("Service", "FC.aliyuncs.com"))),
    "the account as its number": (trust(ROOT), trust(("RAM", ACCOUNT_ID))),
    "the account as all that is in it": (trust(ROOT), trust(("RAM", ROOT[1][:-4] + "*"))),
    "everybody": (trust(("RAM", "*")), trust(("RAM", "acs:ram::*:root"))),
    "everybody, as a text": (
        trust(("RAM", "*")),
        other_version(trust_json(), Statement=[{**trust_json()["Statement"][0], "Principal": "*"}]),
    ),
    "a name with a wildcard": (
        trust(("RAM", ANN[1] + "*")),
        trust(("RAM", ANN_WITH_CAPITAL[1] + "*")),
    ),
    "no version": (trust(FC), other_version(trust_json(FC), Version=None)),
    "a version that is a number": (trust(FC), other_version(trust_json(FC), Version=1)),
    "one statement and no list": (
        trust(FC),
        other_version(trust_json(FC), Statement=trust_json(FC)["Statement"][0]),
    ),
    "a condition without quotes": (
        trust(ANN, condition=MFA),
        trust(ANN, condition={"Bool": {"acs:MFAPresent": True}}),
    ),
    "a range with an address in it": (
        trust(ANN, condition={"IpAddress": {"acs:SourceIp": "10.0.0.0/8"}}),
        trust(ANN, condition={"IpAddress": {"acs:SourceIp": "10.0.0.1/8"}}),
    ),
}
OTHERS: Final[dict[str, tuple[documents.Trust, documents.Trust]]] = {
    "a user whose name is longer": (trust(ANN), trust((ANN[0], ANN[1] + "e"))),
    "a role of that name": (trust(ANN), trust((ANN[0], ANN[1].replace("user/", "role/")))),
    "a user who a wildcard may mean": (trust((ANN[0], ANN[1][:-2] + "*")), trust(ANN)),
    "a user of another account": (trust(ANN), trust((ANN[0], ANN[1].replace("1", "2")))),
    "a condition dropped as well": (trust(ANN, condition=MFA), trust(ANN_WITH_CAPITAL)),
    "requests without a key, too": (
        other_version(
            trust_json(),
            Statement=[
                {**trust_json(ANN)["Statement"][0], "Condition": {test: {"acs:SourceVpc": "x"}}}
                for test in ("StringEquals", "StringNotEquals")
            ],
        ),
        trust(ANN_WITH_CAPITAL),
    ),
    "a value in other letters": (
        trust(ANN, condition={"StringEquals": {"sts:ExternalId": "x"}}),
        trust(ANN, condition={"StringEquals": {"sts:ExternalId": "X"}}),
    ),
}


def looked(agreed: documents.Trust, found: documents.Trust, **options: Any) -> Plan:
    """A look at a role of which the manifest says what was agreed on."""
    before = wanted({"trustPolicy": json.loads(agreed.to_json())})
    asked = replace(before, fields={**before.fields, "trustPolicy": agreed})
    memory = replace(remembered(before, **options), record=record(agreed))
    return plan.update(inputs(asked, live(trustPolicy=found), memory))
