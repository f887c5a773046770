"""Patterns, and comparisons that are large, hostile or both."""

from __future__ import annotations

import time

import pytest

from ram_operator import documents as docs
from ram_operator.documents import Verdict
from ram_operator.documents.globs import Budget, Glob, TooComplex, inhabited
from ram_operator.documents.globs import contains as contains_within
from ram_operator.documents.value_sets import complement
from tests.unit.documents_by_example import policy


def contains(outer: Glob, inner: Glob) -> bool:
    return contains_within(outer, inner, Budget())


class TestLimits:
    def test_large_documents_are_fast(self) -> None:
        rows = [[f"ecs:DoThing{n}With*", f"acs:ecs:*:*:disk/d-{n}/*"] for n in range(103)]
        one = docs.parse_policy(policy(rows[:100]))
        two = docs.parse_policy(policy(rows[3:]))
        assert len(one.to_json()) > 6_000
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


def test_a_text_is_not_looked_for_in_more_sets_than_anybody_writes() -> None:
    every = [frozenset({Glob.pattern(f"*{number}*")}) for number in range(70)]
    with pytest.raises(TooComplex):
        inhabited(every, frozenset(), Budget())


def test_a_subject_of_which_nobody_can_tell_binds_nobody() -> None:
    listed = ["*a" * (300 + number) + "*" for number in range(20)]
    (grant,) = docs.parse_trust(
        {
            "Version": "1",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Federated": "acs:ram::1:oidc-provider/git"},
                    "Condition": {"StringLike": {"oidc:sub": "*a" * 400 + "*b"}},
                }
            ],
        },
        lenient=True,
    ).grants
    assert not docs.binds_subject(grant.conditions, listed)


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


def test_a_text_must_be_in_the_pattern_and_not_only_in_an_excluded_one() -> None:
    names = ("ab", "a?*b", "a?")
    none = frozenset(Glob.pattern(name) for name in names)
    assert not inhabited([frozenset({Glob.pattern("a*b")})], none, Budget(1_000))
    assert inhabited([frozenset({Glob.pattern("a*b*")})], none, Budget(1_000))


def test_complement_of_spans() -> None:
    assert complement(((0, 1),), 0, 1) == ()
    assert complement((), 0, 1) == ((0, 1),)
    assert complement(((1, 2), (5, 9)), 0, 9) == ((0, 0), (3, 4))
