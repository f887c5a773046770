"""RAM documents by example: tests/vectors/documents.yaml, and what a table cannot say."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from ram_operator import documents as docs
from ram_operator.documents import Kind, Verdict
from ram_operator.documents.globs import Budget, Glob, TooComplex, inhabited
from ram_operator.documents.globs import contains as contains_within
from ram_operator.documents.grammar import OPERATORS, TRUST_KEYS
from ram_operator.documents.regions import complement
from tests.oracle.evaluator import Request, Who, allows

Json = Any

VECTORS = yaml.safe_load(
    (Path(__file__).parents[1] / "vectors" / "documents.yaml").read_text(encoding="utf-8")
)


def document(*statements: Json) -> Json:
    return {"Version": "1", "Statement": list(statements)}


def trust(principal: Json, condition: Json = None, **more: Json) -> Json:
    """A trust document of one statement."""
    made = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return document(made if condition is None else {**made, "Condition": condition})


def policy(rows: list[list[Json]]) -> Json:
    """[action or "!action", resource, effect] rows as a permission document."""
    out = []
    for actions, resource, *effect in rows:
        listed = actions if isinstance(actions, list) else [actions]
        name = "NotAction" if listed[0].startswith("!") else "Action"
        plain = [action.removeprefix("!") for action in listed]
        out.append({"Effect": effect[0] if effect else "Allow", name: plain, "Resource": resource})
    return document(*out)


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


def refusal(parse: Any, value: Json) -> docs.DocumentError:
    with pytest.raises(docs.DocumentError) as caught:
        parse(value)
    return caught.value


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
    assert lenient.uncertain
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
    assert docs.parse_trust(value, lenient=True).uncertain


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


def test_deny_on_the_live_side_is_subtracted() -> None:
    ann = {"RAM": "acs:ram::1:user/ann"}
    root = trust({"RAM": "acs:ram::1:root"})
    deny = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": ann}
    live = {**root, "Statement": [*root["Statement"], deny]}
    before, after = docs.parse_trust(live, lenient=True), docs.parse_trust(root)
    assert docs.compare_trust(before, after).verdict is Verdict.WIDER
    assert docs.intersect_trust(before, docs.parse_trust(trust(ann))) is None


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
    assert comparison.gains_certain
    assert not comparison.losses_certain


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

    def test_size_counts_bytes(self) -> None:
        value = trust({"RAM": "acs:ram::1:root"}, {"StringEquals": {"sts:ExternalId": "秘"}})
        parsed = docs.parse_trust(value)
        assert parsed.size_bytes == len(parsed.to_json()) + 2

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
            assert live.size_bytes
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


class TestIntersection:
    def both(self, live: Json, wanted: Json) -> Json:
        one, two = docs.parse_trust(live, lenient=True), docs.parse_trust(wanted, lenient=True)
        made = docs.intersect_trust(one, two)
        return made and json.loads(made.to_json())["Statement"]

    def test_an_added_principal_is_left_out(self) -> None:
        (statement,) = self.both(
            trust({"RAM": ["acs:ram::1:root", "acs:ram::2:root"]}),
            trust({"RAM": "acs:ram::1:root"}),
        )
        assert statement["Principal"] == {"RAM": ["acs:ram::1:root"]}

    def test_the_narrower_principal_under_all_conditions(self) -> None:
        (statement,) = self.both(
            trust(
                {"RAM": "acs:ram::1:root"},
                {
                    "StringEquals": {"sts:ExternalId": ["x", "y"]},
                    "NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"},
                },
            ),
            trust(
                {"RAM": "acs:ram::1:user/ann"},
                {
                    "StringEquals": {"sts:ExternalId": ["y", "z"]},
                    "NotIpAddress": {"acs:SourceIp": "192.0.2.1"},
                },
            ),
        )
        assert statement["Principal"] == {"RAM": ["acs:ram::1:user/ann"]}
        assert statement["Condition"] == {
            "StringEquals": {"sts:ExternalId": ["y"]},
            "NotIpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.0.2.1"]},
        }

    def test_conditions_that_exclude_each_other(self) -> None:
        one = trust({"RAM": "acs:ram::1:root"}, {"StringEquals": {"sts:ExternalId": "x"}})
        two = trust({"RAM": "acs:ram::1:root"}, {"StringEquals": {"sts:ExternalId": "y"}})
        assert self.both(one, two) is None

    def test_unknown_parts_are_left_out(self) -> None:
        live = trust({"RAM": "acs:ram::1:root"}, {"Null": {"sts:ExternalId": "true"}})
        assert self.both(live, trust({"RAM": "acs:ram::1:root"})) is None
        assert self.both(document("x"), trust({"RAM": "acs:ram::1:root"})) is None

    def test_actions_that_are_not_named_are_left_out(self) -> None:
        statement = {
            "Effect": "Allow",
            "NotAction": "ram:*",
            "Principal": {"RAM": "acs:ram::1:root"},
        }
        assert self.both(document(statement), document(statement)) is None

    def test_spelling_and_repeats_do_not_show(self) -> None:
        (statement,) = self.both(
            trust({"RAM": ["acs:ram::1:role/Ci", "acs:ram::1:role/ci"]}),
            trust({"RAM": "acs:ram::1:role/CI"}),
        )
        assert len(statement["Principal"]["RAM"]) == 1


class TestLimits:
    def test_large_documents_are_fast(self) -> None:
        rows = [[f"ecs:DoThing{n}With*", f"acs:ecs:*:*:disk/d-{n}/*"] for n in range(103)]
        one = docs.parse_policy(policy(rows[:100]))
        two = docs.parse_policy(policy(rows[3:]))
        assert one.size_bytes > 6_000
        started = time.process_time()
        comparison = docs.compare_policy(one, two)
        assert time.process_time() - started < 1  # 30 ms on an idle machine
        assert comparison.verdict is Verdict.MIXED
        assert len(comparison.gains) == len(comparison.losses) == 3

    def test_long_lists_show_what_changed_only(self) -> None:
        names = [f"acs:oss:*:*:bucket{n}/*" for n in range(100)]
        one = docs.parse_policy(policy([["oss:*", names[:99]]]))
        two = docs.parse_policy(policy([["oss:*", names[1:]]]))
        comparison = docs.compare_policy(one, two)
        assert comparison.gain_sentences == ("oss:* on acs:oss:*:*:bucket99/* is now allowed",)
        other = docs.parse_policy(policy([["oss:*", [f"acs:oss:*:*:new{n}/*" for n in range(60)]]]))
        assert len(docs.compare_policy(one, other).gains[0].resources) == 60

    def test_hostile_patterns_end_in_unknown(self) -> None:
        """Together the second document's patterns are the first's, but none is alone."""
        letters = "abaabbabab" * 8
        gaps = range(len(letters) + 1)

        def pattern(filled: int) -> str:
            stars = ["?*" if at == filled else "*" for at in gaps]
            return (
                "acs:" + stars[0] + "".join(a + b for a, b in zip(letters, stars[1:], strict=True))
            )

        one = policy([["oss:*", pattern(-1)]])
        two = policy([["oss:*", ["acs:" + letters, *map(pattern, gaps)]]])
        started = time.process_time()
        comparison = docs.compare_policy(docs.parse_policy(one), docs.parse_policy(two))
        assert time.process_time() - started < 20
        assert comparison.verdict is Verdict.UNKNOWN
        assert not comparison.same_for_display

    def test_hostile_actions_count_as_escalating(self) -> None:
        hostile = "*a" * 2_000 + ":*"
        assert docs.escalates(docs.parse_policy(policy([[hostile, "*"]])))

    def test_containment_that_takes_too_long_is_not_claimed(self) -> None:
        assert contains(Glob.pattern("*a" * 3 + "*"), Glob.pattern("*a" * 4 + "*"))
        assert not contains(Glob.pattern("*a" * 399 + "*"), Glob.pattern("*a" * 400 + "*"))

    def test_a_budget_ends(self) -> None:
        with pytest.raises(TooComplex):
            inhabited([], frozenset(), Budget(0))


def contains(outer: Glob, inner: Glob) -> bool:
    return contains_within(outer, inner, Budget(10_000))


def conditioned(condition: Json, *, lenient: bool = False) -> docs.Policy:
    statement = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*", "Condition": condition}
    return docs.parse_policy(document(statement), lenient=lenient)


@pytest.mark.parametrize("key", ["acs:ResourceTag/team", "acs:SourceIp", "oss:Prefix"])
def test_policies_may_use_the_keys_of_services(key: str) -> None:
    before = conditioned({"StringEquals": {key: ["x", "y"]}})
    after = conditioned({"StringEquals": {key: "x"}})
    assert docs.compare_policy(before, after).verdict is Verdict.NARROWER


@pytest.mark.parametrize("key", ["acs:Nothing", "nothing", "oss:"])
def test_keys_that_no_document_can_have(key: str) -> None:
    refusal(conditioned, {"StringEquals": {key: "x"}})
    assert conditioned({"StringEquals": {key: "x"}}, lenient=True).uncertain


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
        assert not comparison.gains_certain
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
    assert unclear.uncertain


def test_denies_that_touch_nothing_are_passed_over() -> None:
    before = docs.parse_policy(policy([["ecs:*", "*"], ["ram:*", "*", "Deny"]]))
    after = docs.parse_policy(policy([["ecs:*", "*"], ["oss:*", "*"]]))
    comparison = docs.compare_policy(before, after)
    assert comparison.verdict is Verdict.WIDER
    assert comparison.gain_sentences == ("oss:* on * is now allowed",)


def test_globs_match_as_documented() -> None:
    star = Glob.pattern("a*c?")
    assert [star.matches(text) for text in ("acd", "abbcd", "ac", "xacd", "acde")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert Glob.pattern("a**b") == Glob.pattern("a*b")
    assert Glob.literal("1", folded=True) == Glob.literal("1")
    assert Glob.literal("*").matches("*")
    assert not Glob.literal("*").matches("x")
    assert Glob.literal("É", folded=True).matches("É")
    assert not Glob.literal("É", folded=True).matches("é")
    assert contains(Glob.pattern("a*"), Glob.literal("ab"))
    assert contains(Glob.pattern("a?*"), Glob.pattern("a*?"))
    assert not contains(Glob.pattern("a?"), Glob.pattern("a*"))


def test_complement_of_spans() -> None:
    assert complement(((0, 1),), 0, 1) == ()
    assert complement((), 0, 1) == ((0, 1),)
    assert complement(((1, 2), (5, 9)), 0, 9) == ((0, 0), (3, 4))


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
    assert [name for name in (*OPERATORS, *TRUST_KEYS) if f"`{name}`" not in text] == []
