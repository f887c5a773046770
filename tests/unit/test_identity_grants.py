"""The identity grants of a document: exactly what of it changes rights, and what lies within."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents as docs
from tests.oracle.evaluator import Request, allows
from tests.unit.profiles import examples

Json = Any
REAL = Path(__file__).parents[1] / "vectors" / "real-documents.jsonl"

IDENTITY = ("ram:CreateUser", "ram:DeleteRole", "sts:AssumeRole", "ims:CreateUser")
OTHER = ("oss:GetObject", "ecs:RunCommand", "ram:ListUsers", "ram:DecodeDiagnosticMessage")
PATTERNS = ("*", "ram:*", "ram:Create*", "oss:*", "ecs:*", *IDENTITY, *OTHER)
RESOURCES = ("*", "acs:ram:*:*:user/a*", "acs:ram:*:*:user/ann")
TARGETS = ("acs:ram:*:1:user/ann", "acs:ram:*:1:user/amy", "acs:ram:*:1:role/app")


def allow(action: Json, resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: Json) -> docs.Policy:
    return docs.parse_policy({"Version": "1", "Statement": list(statements)})


@st.composite
def statement(draw: st.DrawFn) -> Json:
    actions = draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3, unique=True))
    effect = draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"]))
    element = draw(st.sampled_from(["Action", "Action", "NotAction"]))
    resources = draw(st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True))
    return {"Effect": effect, element: actions, "Resource": resources}


DOCUMENTS = st.lists(statement(), min_size=1, max_size=3).map(
    lambda statements: {"Version": "1", "Statement": statements}
)


def granted(document: Json) -> set[Request]:
    """The requests of class identity that its Allow statements match."""
    allowing = [raw for raw in document["Statement"] if raw["Effect"] == "Allow"]
    without = {**document, "Statement": allowing}
    asked = (Request(action, target) for action, target in product(IDENTITY, TARGETS))
    return {request for request in asked if allows(without, request)}


@given(DOCUMENTS, DOCUMENTS)
@examples(300)
def test_what_is_said_to_lie_within_gives_no_identity_request_more(one: Json, two: Json) -> None:
    agreed, found = docs.parse_policy(one), docs.parse_policy(two)
    if docs.within_identity_grants(agreed, found):
        assert granted(two) <= granted(one)


@given(DOCUMENTS)
@examples(300)
def test_the_part_grants_what_the_document_grants_and_can_be_stored(document: Json) -> None:
    whole = docs.parse_policy(document)
    part, text = docs.identity_grants(whole), docs.identity_text(whole)
    assert bool(text) is bool(part.grants) is bool(docs.escalates(whole))
    if text:
        assert granted(json.loads(text)) == granted(document)
        assert docs.identity_grants(docs.parse_policy(text, lenient=True)).digest == part.digest
    assert docs.within_identity_grants(part, whole)
    assert docs.within_identity_grants(whole, part)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["ram:CreateUser", "oss:*"], ["ram:createuser", "ecs:*", "ram:List*"]),
        ([], ["oss:*", "ecs:RunCommand"]),
        (["*"], ["ram:*"]),
        (["ram:*"], ["ram:CreateUser", "ram:DeleteRole"]),
    ],
)
def test_what_else_a_document_allows_may_move(before: Json, after: Json) -> None:
    agreed = policy(*(allow(action) for action in before)) if before else docs.Policy("", ())
    assert docs.within_identity_grants(agreed, policy(allow(after)))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (allow("ram:CreateUser"), allow("ram:*")),
        (allow("ram:*"), allow("*")),
        (allow("oss:*"), allow("ram:PassRole")),
        (allow("ram:*", "acs:ram:*:*:user/a*"), allow("ram:*")),
        (
            allow("ram:*", Condition={"Bool": {"acs:MFAPresent": ["true"]}}),
            allow("ram:*"),
        ),
    ],
)
def test_more_of_identity_is_never_within(before: Json, after: Json) -> None:
    assert not docs.within_identity_grants(policy(before), policy(after))
    assert docs.within_identity_grants(policy(after), policy(before))


def test_a_denial_makes_no_grant_safer_here() -> None:
    deny = {"Effect": "Deny", "Action": "ram:*", "Resource": "*"}
    both = policy(allow("ram:*"), deny)
    assert docs.identity_grants(both).digest == docs.identity_grants(policy(allow("ram:*"))).digest
    assert not docs.within_identity_grants(policy(allow("oss:*")), both)


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"Version":"2","Statement":{"Effect":"Allow"}}',
        '{"Version":"1","Statement":["x"]}',
        '{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*"}]}',
    ],
)
def test_what_cannot_be_read_is_within_nothing(text: str) -> None:
    odd = docs.parse_policy(text, lenient=True)
    stored = docs.parse_policy(docs.identity_text(odd), lenient=True)
    assert docs.identity_grants(odd).grants
    assert docs.identity_grants(stored).digest == docs.identity_grants(odd).digest
    assert not docs.within_identity_grants(policy(allow("oss:*")), odd)


def test_real_documents_keep_their_identity_grants_when_stored() -> None:
    found = 0
    for line in REAL.read_text().splitlines():
        whole = docs.parse_policy(json.loads(line)["document"], lenient=True)
        text = docs.identity_text(whole)
        found += bool(text)
        if text:
            again = docs.parse_policy(text, lenient=True)
            part = docs.identity_grants(whole)
            assert docs.identity_grants(again).digest == part.digest
    assert found


def test_actions_that_are_too_many_to_be_told_apart_count_together() -> None:
    many = [f"oss:Get{number}*" for number in range(20_000)]
    assert not docs.escalates(policy(allow(many[0])))
    whole = policy(allow(many))
    assert docs.escalates(whole)
    assert docs.identity_grants(whole).grants == whole.grants


def test_what_may_stand_behind_one_name_grants_what_each_of_them_grants() -> None:
    one, two = policy(allow("ram:CreateUser")), policy(allow("oss:*"), allow("ram:DeleteRole"))
    both = docs.together([one, two])
    assert all(docs.within_identity_grants(both, each) for each in (one, two))
    assert docs.together([one]) is one
    assert "DeleteRole" in docs.identity_text(both)
    odd = docs.together([one, docs.Policy("no JSON", ())])
    assert not docs.within_identity_grants(one, odd)
    single = docs.parse_policy({"Version": "1", "Statement": allow("ram:*")}, lenient=True)
    assert '"ram:*"' in docs.identity_text(docs.together([one, single]))
