"""The closed table of equal spellings, each row tried: as certain as it says, and nothing more."""

from __future__ import annotations

from typing import Any, Final

import pytest

from ram_operator import documents
from ram_operator.documents import Verdict
from tests.unit.core import ANN, ECS, FC, trust, trust_json
from tests.unit.letters import MFA, RESPELLINGS, other_version

Json = Any


def _trusts(one: tuple[str, str], other: tuple[str, str]) -> tuple[documents.Trust, ...]:
    return trust(one), trust(other)


def _under(one: Json, other: Json) -> tuple[documents.Trust, ...]:
    return trust(ANN, condition=one), trust(ANN, condition=other)


def _rights(*statements: Json, **other: Json) -> tuple[documents.Policy, ...]:
    one = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "acs:oss:*:*:a"}
    sides = [{"Version": "1", "Statement": [{**one, **each}]} for each in statements]
    return tuple(documents.parse_policy(side, lenient=True) for side in sides)


def _before(key: str) -> Json:
    return {"DateLessThan": {"acs:CurrentTime": key}}


def _from(key: str) -> Json:
    return {"IpAddress": {"acs:SourceIp": key}}


def _sized(key: str) -> Json:
    return {"Condition": {"NumericEquals": {"ecs:Size": key}}}


def _for_app(key: str) -> Json:
    return {"StringEqualsIgnoreCase": {"sts:ExternalId": key}}


def _listed(principal: Json) -> Json:
    one = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return {"Version": "1", "Statement": [one]}


# One pair of documents for each row of the table, and for no other row.
ROWS: Final[dict[str, tuple[Any, ...]]] = {
    "scalar": _under(_from("10.0.0.0/8"), _from(["10.0.0.0/8"])),  # type: ignore[arg-type] # a list
    "order": (trust(FC, ECS), trust(ECS, FC)),
    "repeat": (trust(FC), trust(FC, FC)),
    "split": (
        trust(FC, ANN),
        other_version(
            trust_json(), Statement=[trust_json(name)["Statement"][0] for name in (FC, ANN)]
        ),
    ),
    "empty-list": (
        documents.parse_trust(_listed({"RAM": [], "Service": [FC[1]]})),
        documents.parse_trust(_listed({"Service": FC[1]})),
    ),
    "empty-condition": _under({}, None),
    "action-case": _rights({}, {"Action": "OSS:getobject"}),
    "role-case": _trusts(*((ANN[0], ANN[1].replace("user/ann", f"role/{n}")) for n in ("A", "a"))),
    "time-zone": _under(_before("2030-01-01T08:00:00+08:00"), _before("2030-01-01T00:00:00Z")),
    "number": _rights(_sized("1"), _sized("1.0")),
    "one-address": _under(_from("192.0.2.7"), _from("192.0.2.7/32")),
    "ignored-case": _under(_for_app("App"), _for_app("app")),
    "name-case": RESPELLINGS["a user"],
    "resource-case": _rights(*({"Resource": f"acs:ram:*:1:role/{n}"} for n in ("Admin", "admin"))),
    "bare-account": RESPELLINGS["the account as its number"],
    "account-wildcard": RESPELLINGS["the account as all that is in it"],
    "public": RESPELLINGS["everybody"],
    "public-string": RESPELLINGS["everybody, as a text"],
    "name-wildcard": (trust(("RAM", ANN[1] + "*"), ANN), trust(("RAM", ANN[1] + "*"))),
    "version": RESPELLINGS["no version"],
    "unquoted": RESPELLINGS["a condition without quotes"],
    "truth-case": _under(MFA, {"Bool": {"acs:MFAPresent": "TRUE"}}),
    "lone-statement": RESPELLINGS["one statement and no list"],
    "host-bits": RESPELLINGS["a range with an address in it"],
}
TWO_WAYS: Final = {"resource-case"}
"""Assumed in no comparison: objects heed case in one service and not in another."""


def test_every_row_of_the_table_is_tried() -> None:
    assert ROWS.keys() == {row.id for row in documents.EQUIVALENCES}


@pytest.mark.parametrize("row", documents.EQUIVALENCES, ids=lambda row: row.id)
def test_a_row_is_as_certain_as_the_table_says(row: documents.Equivalence) -> None:
    one, other = ROWS[row.id]
    of_trust = isinstance(one, documents.Trust)
    compare = documents.compare_trust if of_trust else documents.compare_policy
    for comparison in (compare(one, other), compare(other, one)):
        if row.certainty is documents.Certainty.DOCUMENTED:
            assert comparison.verdict is Verdict.SAME
        else:
            assert comparison.verdict is Verdict.UNKNOWN
            assert comparison.respelled is (row.id not in TWO_WAYS)
