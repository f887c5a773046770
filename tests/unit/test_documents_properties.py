"""The comparison against the oracle, which decides requests one by one from raw JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ram_operator import documents as docs
from ram_operator.documents import Verdict
from ram_operator.documents.globs import Budget, Glob, inhabited
from tests.oracle.evaluator import Reading, Request, allows
from tests.oracle.universe import requests
from tests.unit import strategies_documents as some
from tests.unit.profiles import PROFILE, count

Json = Any

_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]
EXAMPLES = count(40)
thorough = settings(
    max_examples=EXAMPLES,
    derandomize=PROFILE != "long",
    deadline=None,
    suppress_health_check=_CALM,
)

BOTH = pytest.mark.parametrize("trust", [True, False], ids=["trust", "policy"])

FLIPPED = {
    Verdict.SAME: Verdict.SAME,
    Verdict.NARROWER: Verdict.WIDER,
    Verdict.WIDER: Verdict.NARROWER,
    Verdict.MIXED: Verdict.MIXED,
    Verdict.UNKNOWN: Verdict.UNKNOWN,
}
GAINS = {Verdict.WIDER, Verdict.MIXED}
LOSES = {Verdict.NARROWER, Verdict.MIXED}


def compare(before: Json, after: Json, trust: bool, *, lenient: bool = True) -> docs.Comparison:
    if trust:
        one, two = (docs.parse_trust(d, lenient=lenient) for d in (before, after))
        return docs.compare_trust(one, two)
    left, right = (docs.parse_policy(d, lenient=lenient) for d in (before, after))
    return docs.compare_policy(left, right)


def readings(*documents: Json) -> Iterator[Reading]:
    """Every reading that matters to the documents."""
    text = json.dumps(documents)
    unclear = any(odd in text for odd in ("IfExists", "NotResource", '"allow"'))
    both = (True, False)
    for row in product(
        both if "*" in text or '"1"' in text.replace('"Version": "1"', "") else (True,),
        both if "Not" in text else (True,),
        both if "Ann" in text else (True,),
        both if "acs:" in text and "Statement" in text and "Resource" in text else (False,),
        (0, 1, 2, 3) if unclear else (0,),
    ):
        yield Reading(*row)


EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def beside(document: Json) -> Json:
    """The document for somebody who has another policy, which allows everything."""
    return {**document, "Statement": [EVERYTHING, *document["Statement"]]}


def only_in(one: Json, other: Json, reading: Reading, asked: list[Request]) -> Request | None:
    """A request that `one` allows and `other` does not."""
    for request in asked:
        if allows(one, request, reading) and not allows(other, request, reading):
            return request
    return None


def gained(
    before: Json, after: Json, reading: Reading, asked: list[Request], trust: bool
) -> Request | None:
    """A request that passes after and not before; of a permission document also beside others."""
    found = only_in(after, before, reading, asked)
    if found is None and not trust:
        return only_in(beside(after), beside(before), reading, asked)
    return found


def check_sound(before: Json, after: Json, verdict: Verdict, trust: bool) -> None:
    if verdict is Verdict.UNKNOWN:
        return
    asked = list(requests(before, after, trust=trust))
    for reading in readings(before, after):
        gain = gained(before, after, reading, asked, trust)
        loss = gained(after, before, reading, asked, trust)
        assert verdict in GAINS or gain is None, (reading, gain)
        assert verdict in LOSES or loss is None, (reading, loss)
        probable = (reading.assumed, reading.fold_names, reading.absent_differs) == (True,) * 3
        if probable:
            assert verdict not in GAINS or gain is not None, reading
            assert verdict not in LOSES or loss is not None, reading


@BOTH
@thorough
@given(data=st.data())
def test_every_verdict_on_what_we_write_is_borne_out_by_requests(
    trust: bool, data: st.DataObject
) -> None:
    before, after = data.draw(some.series(trust))
    comparison = compare(before, after, trust, lenient=False)
    check_sound(before, after, comparison.verdict, trust)


@BOTH
@thorough
@given(data=st.data())
def test_every_verdict_on_odd_live_documents_is_borne_out_by_requests(
    trust: bool, data: st.DataObject
) -> None:
    before, after = data.draw(some.series(trust, odd=True))
    check_sound(before, after, compare(before, after, trust).verdict, trust)


@BOTH
@thorough
@given(data=st.data())
def test_a_respelling_is_the_same(trust: bool, data: st.DataObject) -> None:
    document = data.draw(some.documents(trust, odd=True))
    other = data.draw(some.respelled(document))
    comparison = compare(document, other, trust)
    assert comparison.verdict is Verdict.SAME
    assert comparison.gain_sentences == comparison.loss_sentences == ()
    parse = docs.parse_trust if trust else docs.parse_policy
    assert parse(document, lenient=True).digest == parse(other, lenient=True).digest


@BOTH
@thorough
@given(data=st.data())
def test_swapping_the_sides_swaps_the_verdict(trust: bool, data: st.DataObject) -> None:
    before, after = data.draw(some.series(trust, odd=True))
    there, back = compare(before, after, trust), compare(after, before, trust)
    assert back.verdict is FLIPPED[there.verdict]
    assert (back.gains, back.losses) == (there.losses, there.gains)
    assert back.same_for_display == there.same_for_display


@BOTH
@thorough
@given(data=st.data())
def test_verdicts_chain(trust: bool, data: st.DataObject) -> None:
    one, two, three = data.draw(some.series(trust, odd=True, size=3))
    steps = {compare(one, two, trust).verdict, compare(two, three, trust).verdict}
    whole = compare(one, three, trust).verdict
    for way in (Verdict.WIDER, Verdict.NARROWER):
        if steps <= {Verdict.SAME, way}:
            legal = {way} if way in steps else {Verdict.SAME}
            assert whole in legal | {Verdict.UNKNOWN}


@BOTH
@thorough
@given(data=st.data())
def test_what_is_sent_means_what_was_written(trust: bool, data: st.DataObject) -> None:
    document = data.draw(some.documents(trust))
    if trust:
        parsed = docs.parse_trust(document)
        again = docs.parse_trust(parsed.to_json())
        live = docs.parse_trust(parsed.to_json(), lenient=True)
        sent = docs.parse_trust(parsed.to_send())
        assert parsed.digest == again.digest == live.digest == sent.digest
        for statement in json.loads(sent.text)["Statement"]:
            assert all(isinstance(listed, list) for listed in statement["Principal"].values())
    else:
        policy = docs.parse_policy(document)
        assert policy.digest == docs.parse_policy(policy.to_json(), lenient=True).digest
        assert json.loads(policy.to_json()) == document


@thorough
@given(data=st.data())
def test_what_two_have_in_common_is_wanted_and_most_likely_there(data: st.DataObject) -> None:
    live, wanted = data.draw(some.series(True, odd=True))
    shared = docs.intersect_trust(
        docs.parse_trust(live, lenient=True), docs.parse_trust(wanted, lenient=True)
    )
    if shared is None:
        return
    common = json.loads(shared.to_json())
    asked = list(requests(common, live, wanted, trust=True))
    for reading in readings(live, wanted):
        assert only_in(common, wanted, reading, asked) is None
        if reading.assumed and reading.fold_names:
            assert only_in(common, live, reading, asked) is None


@thorough
@given(data=st.data())
def test_taking_back_an_addition_gives_what_was_wanted(data: st.DataObject) -> None:
    wanted = data.draw(some.documents(True))
    extra = data.draw(some.documents(True))
    live = {"Version": "1", "Statement": wanted["Statement"] + extra["Statement"]}
    parsed = docs.parse_trust(wanted)
    shared = docs.intersect_trust(docs.parse_trust(live, lenient=True), parsed)
    assert docs.compare_trust(parsed, shared or docs.NOBODY).verdict is Verdict.SAME


@thorough
@given(document=some.json_values | some.rough_documents(), other=some.rough_documents())
def test_any_json_is_read_leniently(document: Json, other: Json) -> None:
    if not isinstance(document, dict):
        document = {"Statement": document}
    for text in (document, json.dumps(document)):
        trust = docs.parse_trust(text, lenient=True)
        policy = docs.parse_policy(text, lenient=True)
        assert docs.compare_trust(trust, trust).verdict is Verdict.SAME
        assert docs.documents_equal_policy(policy, policy)
        docs.trust_principals(trust)
        docs.escalates(policy)
        second = docs.parse_trust(other, lenient=True)
        comparison = docs.compare_trust(trust, second)
        assert docs.compare_trust(second, trust).verdict is FLIPPED[comparison.verdict]
        docs.intersect_trust(trust, second)


@thorough
@given(document=some.json_values | some.rough_documents())
def test_strict_reading_refuses_or_agrees_with_lenient_reading(document: Json) -> None:
    for strict in (docs.parse_trust, docs.parse_policy):
        try:
            parsed = strict(document)
        except docs.DocumentError as refusal:
            error = refusal
        else:
            assert strict(document, lenient=True) == parsed
            continue
        assert error.problem
        assert error.remedy


@pytest.mark.hypothesis
@BOTH
def test_unknown_is_rare_on_what_we_write(trust: bool) -> None:
    counts: Counter[Verdict] = Counter()
    odd: Counter[Verdict] = Counter()

    # A rate needs its examples, a few also in the quick profile.
    @settings(thorough, max_examples=60 if PROFILE == "quick" else max(200, 2 * EXAMPLES))
    @given(pair=some.series(trust), live=some.series(trust, odd=True))
    def count(pair: list[Json], live: list[Json]) -> None:
        counts[compare(pair[0], pair[1], trust, lenient=False).verdict] += 1
        odd[compare(live[0], live[1], trust).verdict] += 1

    count()
    assert counts[Verdict.UNKNOWN] <= 0.02 * counts.total(), counts
    assert odd[Verdict.UNKNOWN] <= 0.40 * odd.total(), odd
    assert min(counts[verdict] for verdict in FLIPPED if verdict is not Verdict.UNKNOWN) >= 1


_LETTERS = "abAB"
_ALL = ["".join(t) for n in range(6) for t in product(_LETTERS, repeat=n)]
_patterns = st.one_of(
    st.builds(Glob.pattern, st.text(alphabet="ab*?A", max_size=4), folded=st.booleans()),
    st.builds(Glob.literal, st.text(alphabet="abA", max_size=4), folded=st.booleans()),
)


@settings(thorough, max_examples=5 * EXAMPLES)
@given(
    every=st.lists(st.frozensets(_patterns, min_size=1, max_size=2), max_size=2),
    none=st.frozensets(_patterns, max_size=4),
)
def test_emptiness_of_patterns_is_exact(
    every: list[frozenset[Glob]], none: frozenset[Glob]
) -> None:
    def member(text: str) -> bool:
        inside = all(any(glob.matches(text) for glob in union) for union in every)
        return inside and not any(glob.matches(text) for glob in none)

    found = inhabited(every, none, Budget(100_000))
    if not found:
        assert not any(member(text) for text in _ALL)
    else:
        more = ("".join(t) for n in range(7) for t in product("abABz", repeat=n))
        assert any(member(text) for text in more)
