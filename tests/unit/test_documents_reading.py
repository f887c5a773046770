"""Reading RAM documents: what is refused, what is kept, who is named."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from ram_operator import documents as docs
from ram_operator.documents import Kind, Verdict
from tests.unit.documents_by_example import VECTORS, conditioned, document, refusal, tokens, trust

Json = Any


@pytest.mark.parametrize("row", VECTORS["refused"], ids=str)
def test_what_must_not_be_written_is_refused(row: Json) -> None:
    if "trust" in row:
        raw = row["trust"]
        if isinstance(raw, dict) and isinstance(raw.get("Statement"), list):
            fill = {"Action": "sts:AssumeRole", "Principal": {"RAM": "acs:ram::1:root"}}
            named = "NotAction" in str(raw) or row["says"] == "there is no Action"
            fill = (
                {"Principal": fill["Principal"]} if named and "no Action" in row["says"] else fill
            )
            raw = {
                **raw,
                "Statement": [
                    {**fill, **s} if isinstance(s, dict) else s for s in raw["Statement"]
                ],
            }
        error = refusal(docs.parse_trust, raw)
    else:
        error = refusal(docs.parse_policy, row["policy"])
    assert error.path == row["path"]
    assert row["says"] in str(error)
    assert str(error).startswith(f"{row['path'] or 'document'}: ")


@pytest.mark.parametrize("row", VECTORS["refused_principals"], ids=str)
def test_what_is_no_principal_is_refused(row: Json) -> None:
    error = refusal(docs.parse_trust, trust(row["value"]))
    assert error.path == "Statement[0].Principal" + row["path"]
    assert row["says"] in str(error)
    lenient = docs.parse_trust(trust(row["value"]), lenient=True)
    assert tokens(lenient)
    assert [p.kind for p in docs.trust_principals(lenient)] in (
        [Kind.UNKNOWN],
        [Kind.ACCOUNT],
    )


@pytest.mark.parametrize("row", VECTORS["refused_conditions"], ids=str)
def test_conditions_of_no_known_meaning_are_refused(row: Json) -> None:
    value = trust({"RAM": "acs:ram::1:root"}, row["value"])
    error = refusal(docs.parse_trust, value)
    assert error.path == "Statement[0].Condition" + row["path"]
    assert row["says"] in str(error)
    assert tokens(docs.parse_trust(value, lenient=True))


PRINCIPALS = [
    ("RAM", "acs:ram::12:root", Kind.ACCOUNT, "12", ""),
    ("RAM", "acs:ram::12:user/Ann", Kind.USER, "12", "Ann"),
    ("RAM", "acs:ram::12:role/Ci", Kind.ROLE, "12", "Ci"),
    ("RAM", "*", Kind.WILDCARD, "", ""),
    ("RAM", "acs:ram::*:root", Kind.WILDCARD, "", ""),
    ("RAM", "acs:ram::12:*", Kind.WILDCARD, "12", ""),
    ("RAM", "acs:ram::12:user/a*", Kind.WILDCARD, "12", "a*"),
    ("RAM", "acs:ram::*:role/?", Kind.WILDCARD, "", "?"),
    ("Service", "fc.aliyuncs.com", Kind.SERVICE, "", "fc.aliyuncs.com"),
    ("Service", "12@log.aliyuncs.com", Kind.SERVICE, "12", "12@log.aliyuncs.com"),
    ("Service", "*.aliyuncs.com", Kind.WILDCARD, "", "*.aliyuncs.com"),
    ("Federated", "acs:ram::12:saml-provider/idp", Kind.SAML, "12", "idp"),
    ("Federated", "acs:ram::12:oidc-provider/git", Kind.OIDC, "12", "git"),
    ("Federated", "*", Kind.WILDCARD, "", ""),
]


@pytest.mark.parametrize(("key", "text", "kind", "account", "name"), PRINCIPALS)
def test_principals_are_told_apart(
    key: str, text: str, kind: Kind, account: str, name: str
) -> None:
    conditions = {"StringEquals": {"sts:ExternalId": ["y", "x"]}}
    parsed = docs.parse_trust(trust({key: text}, conditions))
    (found,) = docs.trust_principals(parsed)
    assert (found.kind, found.account_id, found.name, found.raw) == (kind, account, name, text)
    assert found.conditions == (("StringEquals", "sts:ExternalId", ("x", "y")),)


def test_a_string_for_principal_is_public() -> None:
    (found,) = docs.trust_principals(docs.parse_trust(trust("*")))
    assert (found.kind, found.raw) == (Kind.WILDCARD, "*")


def test_principals_of_deny_are_not_trusted_and_unreadable_statements_are() -> None:
    value = document(
        {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {"RAM": "acs:ram::1:root"}},
        "nonsense",
    )
    found = docs.trust_principals(docs.parse_trust(value, lenient=True))
    assert [principal.kind for principal in found] == [Kind.UNKNOWN]


@pytest.mark.parametrize("key", ["nothing", "oss:", "ecs:tag/", "ecs:a b", "Ecs:tag/x", "a:b/\t"])
def test_keys_that_no_document_can_have(key: str) -> None:
    refusal(conditioned, {"StringEquals": {key: "x"}})
    assert tokens(conditioned({"StringEquals": {key: "x"}}, lenient=True))


class TestReading:
    def test_text_and_values_are_alike(self) -> None:
        value = trust({"RAM": "acs:ram::1:root"})
        assert docs.parse_trust(json.dumps(value)) == docs.parse_trust(value)

    def test_order_of_statements_is_kept_for_the_cloud(self) -> None:
        value = document(
            *trust({"Service": "fc.aliyuncs.com"})["Statement"],
            *trust({"RAM": "acs:ram::1:user/ä".replace("ä", "a")})["Statement"],
        )
        assert json.loads(docs.parse_trust(value).to_json()) == value
        assert " " not in docs.parse_trust(value).to_json()

    def test_digest_has_the_form_that_records_keep(self) -> None:
        digest = docs.parse_trust(trust({"RAM": "acs:ram::1:root"})).digest
        prefix, _, hexadecimal = digest.partition(":")
        assert prefix == "sha256"
        assert len(hexadecimal) == 64
        assert int(hexadecimal, 16)

    @pytest.mark.parametrize(
        "odd",
        [
            {1: "x"},
            {"Version": math.nan},
            {"Version": (1,)},
            {"Version": "\ud800"},
            '{"Version": "\\ud800"}',
            '{"Version":"1","Version":"1"}',
        ],
    )
    def test_odd_trees_are_refused_or_equal_themselves_only(self, odd: Json) -> None:
        refusal(docs.parse_trust, odd)
        live = docs.parse_trust(odd, lenient=True)
        plain = docs.parse_trust(trust({"RAM": "acs:ram::1:root"}))
        assert docs.compare_trust(live, live).verdict is Verdict.SAME
        assert docs.compare_trust(live, plain).verdict is Verdict.UNKNOWN
        if isinstance(odd, str):
            assert live.to_json() == odd
        else:
            assert "no JSON" in refusal(lambda document: document.to_json(), live).problem

    def test_deep_documents_end(self) -> None:
        nested: Json = "x"
        for _ in range(40):
            nested = [nested]
        for value in ({"Version": nested}, '{"a":' * 100_000 + "1" + "}" * 100_000):
            assert "deeply" in refusal(docs.parse_policy, value).problem
            live = docs.parse_policy(value, lenient=True)
            assert docs.escalates(live) == ("has actions that cannot be read",)

    @pytest.mark.parametrize("value", [None, 3, "null", "[]", "nonsense", b"{}"])
    def test_what_is_no_object_is_refused_even_from_the_cloud(self, value: Json) -> None:
        with pytest.raises(docs.DocumentError):
            docs.parse_trust(value, lenient=True)

    @pytest.mark.parametrize(
        ("change", "display"),
        [
            ({"Version": None}, True),
            ({"Version": 1}, True),
            ({"Version": "2"}, False),
            ({"Id": "x"}, False),
            ({"Statement": trust({"RAM": "acs:ram::1:root"})["Statement"][0]}, True),
            ({"Statement": None}, False),
        ],
    )
    def test_old_forms_of_the_whole_decide_nothing(self, change: Json, display: bool) -> None:
        plain = trust({"RAM": "acs:ram::1:root"})
        one, two = docs.parse_trust(plain), docs.parse_trust({**plain, **change}, lenient=True)
        comparison = docs.compare_trust(one, two)
        assert comparison.verdict is Verdict.UNKNOWN
        assert comparison.same_for_display is display

    def test_an_empty_live_document_trusts_nobody(self) -> None:
        live = docs.parse_trust(document(), lenient=True)
        assert docs.compare_trust(live, docs.NOBODY).verdict is Verdict.SAME
        assert live.to_json() == '{"Version":"1","Statement":[]}'


@pytest.mark.parametrize("principal", [{"RAM": []}, {"RAM": [], "Service": []}])
def test_a_trust_whose_lists_are_all_empty_is_not_written_nor_understood(principal: Json) -> None:
    assert refusal(docs.parse_trust, trust(principal)).path.startswith("Statement[0].Principal")
    assert tokens(docs.parse_trust(trust(principal), lenient=True))


def test_an_unlisted_key_is_written_in_a_permission_document_and_in_no_trust() -> None:
    odd = {"StringEquals": {"acs:Nothing": "x", "ecs:tag/a b": "y"}}
    assert docs.unlisted_keys(conditioned(odd)) == ("acs:Nothing",)
    who = {"Service": "fc.aliyuncs.com"}
    refused = refusal(docs.parse_trust, trust(who, odd))
    assert refused.path.endswith("acs:Nothing")


def test_what_has_no_lists_is_sent_as_it_stands() -> None:
    value = document("nonsense", *trust("*")["Statement"], *trust({"RAM": "*"})["Statement"])
    sent = json.loads(docs.parse_trust(value, lenient=True).to_send())
    assert sent["Statement"][:2] == value["Statement"][:2]
    assert sent["Statement"][2]["Principal"] == {"RAM": ["*"]}
