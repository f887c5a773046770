"""RAM documents by example: tests/vectors/documents.yaml, and what a table cannot say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ram_operator import documents as docs
from ram_operator.documents import Verdict, condition_keys
from ram_operator.documents.grammar import OPERATORS
from tests.oracle.evaluator import Request, Who, allows
from tests.unit.documents_by_example import VECTORS, conditioned, document, policy, tokens, trust

Json = Any


def check(row: Json, comparison: docs.Comparison) -> None:
    assert comparison.verdict == row["verdict"]
    assert comparison.same_for_display is row.get("display", row["verdict"] == "same")
    if "gains" in row:
        assert list(comparison.gain_sentences) == row["gains"]
    if "losses" in row:
        assert list(comparison.loss_sentences) == row["losses"]


@pytest.mark.parametrize("row", VECTORS["evaluation"], ids=lambda row: row["name"])
def test_the_oracle_decides_as_documented(row: Json) -> None:
    for asked in row["requests"]:
        who = Who(*asked["who"]) if "who" in asked else None
        context = tuple(asked.get("context", {}).items())
        request = Request(asked["action"], asked.get("resource", ""), who, context)
        assert allows(document(*row["statements"]), request) is asked["allowed"], asked


@pytest.mark.parametrize("row", VECTORS["trust"], ids=str)
def test_trust_is_compared_by_meaning(row: Json) -> None:
    sides = [
        docs.parse_trust(trust(*side) if isinstance(side, list) else trust(side), lenient=True)
        for side in (row["before"], row["after"])
    ]
    check(row, docs.compare_trust(*sides))


@pytest.mark.parametrize("row", VECTORS["policy"], ids=str)
def test_policies_are_compared_by_meaning(row: Json) -> None:
    sides = [docs.parse_policy(policy(row[side]), lenient=True) for side in ("before", "after")]
    check(row, docs.compare_policy(*sides))
    assert docs.documents_equal_policy(*sides) is (row["verdict"] == "same")


@pytest.mark.parametrize("row", VECTORS["escalates"], ids=str)
def test_escalation_is_seen_and_explained(row: Json) -> None:
    parsed = docs.parse_policy(policy(row["statements"]), lenient=True)
    assert list(docs.escalates(parsed)) == row["reasons"]
    assert list(docs.indirect(parsed)) == row.get("ways", list(docs.indirect(parsed)))


def test_deny_on_the_live_side_is_subtracted() -> None:
    ann = {"RAM": "acs:ram::1:user/ann"}
    root = trust({"RAM": "acs:ram::1:root"})
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": ann}
    live = {**root, "Statement": [*root["Statement"], deny]}
    before, after = docs.parse_trust(live, lenient=True), docs.parse_trust(root)
    assert docs.compare_trust(before, after).verdict is Verdict.WIDER
    assert docs.intersect_trust(before, docs.parse_trust(trust(ann))) is None


def test_what_no_request_can_meet_allows_nothing() -> None:
    few = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
    never = {"StringEquals": {"oss:Prefix": "a"}, "StringNotEquals": {"oss:Prefix": "a"}}
    more = [few, {"Effect": "Allow", "Action": "ram:*", "Resource": "*", "Condition": never}]
    before, after = docs.parse_policy(document(few)), docs.parse_policy(document(*more))
    assert docs.compare_policy(before, after).verdict is Verdict.SAME


@pytest.mark.parametrize("element", ["NotPrincipal", "Resource", "Sid"])
def test_elements_that_trust_does_not_have_may_narrow_it(element: str) -> None:
    plain = trust({"RAM": "acs:ram::1:root"})
    live = docs.parse_trust(trust({"RAM": "acs:ram::1:root"}, **{element: "x"}), lenient=True)
    comparison = docs.compare_trust(docs.parse_trust(plain), live)
    assert comparison.verdict is Verdict.UNKNOWN
    assert comparison.gains == ()


def test_actions_of_trust_differ() -> None:
    one = docs.parse_trust(trust({"Service": "fc.aliyuncs.com"}))
    listed = ["sts:AssumeRole", "sts:SetSourceIdentity"]
    two = docs.parse_trust(trust({"Service": "fc.aliyuncs.com"}, Action=listed))
    comparison = docs.compare_trust(one, two)
    assert comparison.verdict is Verdict.WIDER
    assert comparison.gain_sentences == (
        "service fc.aliyuncs.com can now set the source identity of sessions of this role",
    )
    assert comparison.gains[0].actions == ("sts:SetSourceIdentity",)


@pytest.mark.parametrize(
    ("element", "deed"),
    [
        ({"Action": "sts:Other"}, "do sts:other on this role"),
        ({"NotAction": "sts:Other"}, "do everything but sts:Other on this role"),
        ({"Action": "other"}, "do something that cannot be read on this role"),
    ],
)
def test_odd_live_actions_have_words(element: Json, deed: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"Service": "fc.aliyuncs.com"}, **element}
    live = docs.parse_trust(document(statement), lenient=True)
    (text,) = docs.compare_trust(docs.NOBODY, live).gain_sentences
    assert text.endswith(deed)


def test_every_operator_has_words() -> None:
    values = {"word": "x", "number": "1", "date": "2030-01-01T00:00:00Z", "bool": "true"}
    for operator, row in OPERATORS.items():
        value = values.get(row.family, "192.0.2.0/24")
        after = trust({"RAM": "acs:ram::1:root"}, {operator: {"sts:SourceIdentity": [value]}})
        comparison = docs.compare_trust(docs.NOBODY, docs.parse_trust(after))
        assert comparison.verdict is Verdict.WIDER
        (text,) = comparison.gain_sentences
        assert text.endswith(f"this role when sts:SourceIdentity {row.words} {value}")


def test_a_condition_without_values_has_words() -> None:
    live = trust({"RAM": "acs:ram::1:root"}, {"StringEquals": {"sts:ExternalId": []}})
    comparison = docs.compare_trust(docs.NOBODY, docs.parse_trust(live, lenient=True))
    assert comparison.gain_sentences[0].endswith("when sts:ExternalId = nothing")


@pytest.mark.parametrize("key", ["acs:ResourceTag/team", "acs:SourceIp", "oss:Prefix"])
def test_policies_may_use_the_keys_of_services(key: str) -> None:
    before = conditioned({"StringEquals": {key: ["x", "y"]}})
    after = conditioned({"StringEquals": {key: "x"}})
    assert docs.compare_policy(before, after).verdict is Verdict.NARROWER


def test_keys_in_two_letter_cases_make_no_certain_gain() -> None:
    before = conditioned({"StringEquals": {"oss:Prefix": "x"}})
    after = conditioned({"StringEquals": {"oss:prefix": "x"}})
    assert docs.compare_policy(before, after).verdict is Verdict.UNKNOWN


def test_numbers_are_a_continuous_scale() -> None:
    before = conditioned({"NumericLessThan": {"ecs:Size": "-2.5"}})
    after = conditioned({"NumericLessThanEquals": {"ecs:Size": "-2.500"}})
    assert docs.compare_policy(before, after).verdict is Verdict.WIDER


def test_an_effect_that_is_none_may_allow_and_may_deny() -> None:
    live = docs.parse_trust(trust({"RAM": "acs:ram::1:root"}, Effect="allow"), lenient=True)
    comparison = docs.compare_trust(docs.NOBODY, live)
    assert comparison.verdict is Verdict.UNKNOWN
    assert comparison.gain_sentences == (
        "something that cannot be read on resources that cannot be read may now be allowed",
    )


def test_doubtful_gains_show_only_what_is_gained() -> None:
    rows = [["ecs:*", "acs:oss:*:*:a/*"], ["oss:*", "*"]]
    before = policy(rows)
    after = policy([[["ecs:*", "oss:GetObject", "ram:GetRole"], "acs:oss:*:*:a/*"], rows[1]])
    after["Statement"][0]["NotResource"] = "x"
    comparison = docs.compare_policy(
        docs.parse_policy(before), docs.parse_policy(after, lenient=True)
    )
    assert comparison.verdict is Verdict.UNKNOWN
    assert comparison.gain_sentences == ("ram:GetRole on acs:oss:*:*:a/* may now be allowed",)


def test_a_gain_for_requests_without_the_key_alone_is_not_certain() -> None:
    """acs:CurrentTime is always there; whether NotEquals is true of an absent key is not known."""
    whole = conditioned({})
    shape = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}
    now = "2030-01-01T00:00:00Z"
    for parts in (
        ("DateLessThan", "DateGreaterThanEquals", "acs:CurrentTime", now),
        ("StringEquals", "StringNotEquals", "acs:SourceVpc", "x"),
    ):
        one, two, key, value = parts
        halves = [{**shape, "Condition": {name: {key: value}}} for name in (one, two)]
        comparison = docs.compare_policy(docs.parse_policy(document(*halves)), whole)
        assert comparison.verdict is Verdict.UNKNOWN
        assert comparison.losses == ()


def test_a_union_covers_what_no_part_of_it_does() -> None:
    whole = conditioned({"NumericLessThan": {"ecs:Size": "9"}})
    parts = [
        {"NumericLessThan": {"ecs:Size": "3"}},
        {"NumericGreaterThanEquals": {"ecs:Size": "5"}},
        {"NumericGreaterThanEquals": {"ecs:Size": "3"}, "NumericLessThan": {"ecs:Size": "5"}},
    ]
    shape = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}
    union = docs.parse_policy(document(*({**shape, "Condition": part} for part in parts)))
    assert docs.compare_policy(whole, union).verdict is Verdict.WIDER
    assert docs.compare_policy(union, whole).verdict is Verdict.NARROWER


def test_a_value_that_is_no_text_at_all() -> None:
    unclear = conditioned({"StringEquals": {"oss:Prefix": ["x", {}]}}, lenient=True)
    assert tokens(unclear)


def test_a_denial_counts_although_the_document_allows_nothing_of_it() -> None:
    before = docs.parse_policy(policy([["ecs:*", "*"], ["ram:*", "*", "Deny"]]))
    after = docs.parse_policy(policy([["ecs:*", "*"], ["oss:*", "*"]]))
    comparison = docs.compare_policy(before, after)
    assert comparison.verdict is Verdict.WIDER
    gains = ("oss:* on * is now allowed", "ram:* on * is no longer denied")
    assert comparison.gain_sentences == gains
    assert [grant.effect for grant in comparison.gains] == ["Allow", "Deny"]


def test_the_table_of_equal_spellings_has_sources() -> None:
    assert len({row.id for row in docs.EQUIVALENCES}) == len(docs.EQUIVALENCES)
    page = Path(__file__).parents[2] / "docs" / "reference" / "documents.md"
    lines = page.read_text(encoding="utf-8").splitlines()
    for row in docs.EQUIVALENCES:
        assert row.one != row.other
        assert any(f"| {row.certainty} | {row.source} |" in line for line in lines), row


def test_the_page_names_every_operator_and_key() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "documents.md"
    text = page.read_text(encoding="utf-8")
    keys = condition_keys.COMMON + condition_keys.TRUST + condition_keys.PERMISSION
    told = [key.name + "<key>" * key.name.endswith("/") for key in keys]
    assert [name for name in (*OPERATORS, *told) if f"`{name}`" not in text] == []
    assert [key.source for key in keys if key.source not in text] == []
