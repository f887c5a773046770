"""What a judgement may cost, whatever somebody writes: in units of work and in calls of Python.

Neither depends on how busy the machine is. Once it is shown by the clock what a unit stands for.
"""

from __future__ import annotations

import contextlib
import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, target
from hypothesis import strategies as st

from ram_operator import documents as docs
from ram_operator.documents import Verdict, comparing, intersection
from ram_operator.documents.actions import ActionClass, classify
from ram_operator.documents.comparing import TOO_COMPLEX
from ram_operator.documents.globs import WORK, Budget
from ram_operator.documents.identity_grants import judged as part_of
from ram_operator.documents.kept import Verdicts
from ram_operator.gate import clearance
from ram_operator.model.permissions import Cleared
from tests.unit.core import ACCOUNT
from tests.unit.profiles import examples

Json = Any
REAL: Final = Path(__file__).parents[1] / "vectors" / "real-documents.jsonl"
LARGEST: Final = 6_144
"""Bytes of a document that RAM takes."""
PER_UNIT: Final = 4
"""Calls of Python for one unit of work, at most; and for each character of the documents, for what
is done once to each of them.
"""
PER_CHARACTER: Final = 40
ROLE: Final = "sts:AssumeRole"


def policy(*statements: Json) -> docs.Policy:
    return docs.parse_policy({"Version": "1", "Statement": list(statements)}, lenient=True)


def trust(*statements: Json) -> docs.Trust:
    return docs.parse_trust({"Version": "1", "Statement": list(statements)}, lenient=True)


def allow(action: Json, resource: Json = "*", **more: Json) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def services(numbers: range, ids: Json = None) -> docs.Trust:
    names = [f"s{number}.aliyuncs.com" for number in numbers]
    found: Json = {"Effect": "Allow", "Action": ROLE, "Principal": {"Service": names}}
    if ids:
        found["Condition"] = {"StringEquals": {"sts:ExternalId": ids}}
    return trust(found)


LONG: Final = policy(allow("oss:*", "acs:oss:*:*:" + "a" * 1_000))
NEARLY: Final = policy(allow("oss:*", ["acs:oss:*:*:*" + "a" * 490 + f"b{n}" for n in range(10)]))
GAPS: Final = policy(allow([f"*r*a*m*{n}*:*x*y*z*" for n in range(200)]))
FEW: Final = (services(range(304)), services(range(304, 608)))
BOTH: Final = (services(range(304), ["x", "y"]), services(range(304), ["y", "z"]))


def units(work: Callable[[Budget], object]) -> int:
    """What the work takes where nothing bounds it."""
    budget = Budget(100 * WORK)
    work(budget)
    return 100 * WORK - budget.left


def calls(work: Callable[[], object]) -> int:
    """How many functions are called meanwhile, those of the interpreter as well."""
    found = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return found


def one_pass(before: Json, after: Json) -> None:
    """The judgements of two documents that nothing is remembered of, each with its own budget."""
    if isinstance(before, docs.Trust):
        if comparing.judged(before, after, Budget()) is None:
            comparing.undecided(before, after)
        with contextlib.suppress(docs.TooComplex):
            intersection.common(before, after, Budget())
        return
    if comparing.judged(before, after, Budget()) is None:
        comparing.undecided(before, after)
    for kind in (ActionClass.IDENTITY, ActionClass.INDIRECT):
        part_of(after, kind, Budget())
    docs.reaches(after, ("1:role/app", "1:user/ann"))


JUDGEMENTS: Final = 4


def bound(*sides: Json) -> int:
    return PER_UNIT * WORK * JUDGEMENTS + PER_CHARACTER * sum(len(side.text) for side in sides)


def pattern(pick: random.Random, size: int) -> str:
    """Patterns of the kinds that once took long."""
    return pick.choice(
        (
            lambda: "".join(pick.choices("a*", k=size)),
            lambda: "*" + "a" * size + "b",
            lambda: "".join(pick.choices("ab?*", k=size)),
            lambda: "a" * size,
            lambda: "*a" * (size // 2) + "b",
            lambda: "*".join(chr(200 + n % 150) for n in range(size // 2 + 1)),
            lambda: "".join(pick.choices("?*", k=size)),
        )
    )()


def filled(pick: random.Random, size: int) -> list[str]:
    """So many characters of patterns: few long ones, or many short ones."""
    each = pick.choice((3, 8, 40, 200, size))
    return [pattern(pick, each) for _ in range(max(1, size // (each + 3)))]


def statement(pick: random.Random, size: int) -> Json:
    services_of = pick.choice(("oss:", "*r*a*m*", "o?s:*", "ram:", "*:"))
    actions = [
        services_of + ("" if ":" in services_of else ":") + text.encode("ascii", "replace").decode()
        for text in filled(pick, size // 2)
    ]
    found: Json = {"Effect": pick.choice(("Allow", "Allow", "Deny"))}
    found[pick.choice(("Action", "Action", "NotAction"))] = pick.choice((actions, "oss:*", ["*"]))
    found["Resource"] = pick.choice((["acs:" + t for t in filled(pick, size // 2)], "*"))
    if pick.random() < 0.4:
        operators = ("StringLike", "StringNotLike", "StringEquals", "StringNotEquals")
        kinds = pick.sample(operators, pick.randrange(1, 4))
        found["Condition"] = {k: {"acs:SourceVpc": filled(pick, size // 8)} for k in kinds}
    return found


def trusting(pick: random.Random, size: int) -> Json:
    names = [
        f"acs:ram::{pick.randrange(9)}:user/{pick.choice('abAB*?')}" for _ in range(size // 30)
    ]
    key, listed = pick.choice(
        (
            ("Service", [f"s{pick.randrange(999)}.aliyuncs.com" for _ in range(size // 22)]),
            ("RAM", names),
            ("RAM", [f"acs:ram::{pick.randrange(999)}:root" for _ in range(size // 22)]),
        )
    )
    found: Json = {"Effect": "Allow", "Action": ROLE, "Principal": {key: listed or ["*"]}}
    if pick.random() < 0.5:
        operator = pick.choice(("StringLike", "StringNotLike", "StringNotEquals"))
        found["Condition"] = {operator: {"oidc:sub": filled(pick, size // 4)}}
    return found


def document(pick: random.Random, make: Callable[[random.Random, int], Json]) -> list[Json]:
    number = pick.choice((1, 2, 10, 60, 120))
    return [make(pick, LARGEST // number - 40) for _ in range(number)]


@examples(20)
@given(seed=st.integers(0, 2**40))
def test_no_document_costs_more_than_the_budget_says(seed: int) -> None:
    pick = random.Random(seed)
    parse, make = pick.choice(((policy, statement), (trust, trusting)))
    before = document(pick, make)
    after = document(pick, make)
    if pick.random() < 0.5:
        after = [*before, make(pick, 60)]
        pick.shuffle(after)
    sides = parse(*before), parse(*after)
    taken = calls(lambda: one_pass(*sides))
    target(float(taken))
    assert taken <= bound(*sides)


@pytest.mark.parametrize(
    "sides",
    [(LONG, NEARLY), (NEARLY, LONG), (LONG, GAPS), FEW, BOTH, (services(range(0)), FEW[0])],
    ids=["a*b", "b*a", "gaps", "others", "conditions", "none"],
)
def test_what_once_took_minutes_is_within_it(sides: Json) -> None:
    assert calls(lambda: one_pass(*sides)) <= bound(*sides)


def test_a_text_is_matched_faster_than_its_letters_one_by_one() -> None:
    assert docs.compare_policy(LONG, NEARLY).verdict is Verdict.MIXED
    assert units(lambda budget: comparing.judged(LONG, NEARLY, budget)) < WORK / 3


def test_a_unit_is_about_a_quarter_of_a_microsecond() -> None:
    """By the clock of this process, the best of five, with room for machines that are slower."""
    taken = []
    for _ in range(5):
        budget = Budget()
        started = time.process_time()
        comparing.judged(*FEW, budget)
        taken.append(time.process_time() - started)
        assert budget.over
    assert min(taken) / WORK < 4e-6


class TestWhatPeopleWrite:
    """Everyday documents are far from the budget, so that it is met by nobody who means no harm."""

    def test_real_documents(self) -> None:
        for line in REAL.read_text().splitlines():
            one = docs.parse_policy(json.loads(line)["document"], lenient=True)
            other = docs.together([one, policy(allow("oss:GetObject", "acs:oss:*:*:x/*"))])
            parts = policy(allow("oss:GetObject", "acs:oss:*:*:x/*"))
            for pair in ((one, other), (other, one), (one, parts)):
                assert units(lambda b, pair=pair: comparing.judged(*pair, b)) < WORK / 2
            assert units(lambda b, one=one: part_of(one, ActionClass.IDENTITY, b)) < WORK / 2

    def test_a_trust_of_thirty_who_change_by_one(self) -> None:
        one, other = services(range(30), ["x"]), services(range(1, 31), ["x"])
        assert units(lambda budget: comparing.judged(one, other, budget)) < WORK / 4
        assert units(lambda budget: intersection.common(one, other, budget)) < WORK / 2

    def test_a_full_document_of_which_a_part_changes(self) -> None:
        rows = [allow(f"ecs:DoThing{n}With*", f"acs:ecs:*:*:disk/d-{n}/*") for n in range(103)]
        one, other = policy(*rows[:100]), policy(*rows[3:])
        assert units(lambda budget: comparing.judged(one, other, budget)) < WORK


class TestOverIt:
    def test_nobody_knows_what_changes_and_that_is_said_first(self) -> None:
        found = docs.compare_trust(*FEW)
        assert found.verdict is Verdict.UNKNOWN
        assert found.too_complex
        assert not found.respelled
        assert found.gain_sentences[0] == TOO_COMPLEX
        assert len(found.gains) == len(found.losses) == 304
        assert "may now be able to" in found.gain_sentences[1]

    def test_what_is_there_letter_by_letter_is_no_difference(self) -> None:
        before = services(range(304))
        found = docs.compare_trust(before, services(range(200, 504), ["x"]))
        assert found.too_complex
        assert not set(before.grants) & set(found.gains)

    def test_the_rights_count_as_the_worst(self) -> None:
        assert "is too complex" in " ".join(docs.escalates(GAPS))
        assert docs.identity_grants(GAPS).grants == GAPS.grants
        assert docs.exceeds_rights(policy(allow("oss:*")), GAPS)

    def test_a_document_reaches_what_it_may_reach(self) -> None:
        aimed = allow("ram:CreateUser", ["acs:ram:*:*:" + "?*" * 3_000] * 3)
        assert docs.reaches(policy(aimed), ("1:role/app",))

    def test_who_was_not_got_to_is_not_left_out(self) -> None:
        """The work ends while it is being proved who stays: nobody knows who would be missing."""
        crossed = [{"oidc:sub": ["*a*b" * n + last for n in range(1, 40)]} for last in ("*", "c*")]
        live, agreed = (
            trust(
                *(
                    {
                        "Effect": "Allow",
                        "Action": ROLE,
                        "Principal": {"Federated": f"acs:ram::{account}:oidc-provider/git"},
                        "Condition": {"StringLike": found},
                    }
                    for account in (1, 2)
                )
            )
            for found in crossed
        )
        with pytest.raises(docs.TooComplex):
            docs.intersect_trust(live, agreed)

    def test_nobody_is_shut_out(self) -> None:
        live, agreed = BOTH
        with pytest.raises(docs.TooComplex):
            docs.intersect_trust(live, agreed)
        held = clearance.judge_take_back(live, agreed, ACCOUNT)
        assert not isinstance(held, Cleared)
        assert held.gains[0] == TOO_COMPLEX


class TestMemory:
    def test_the_same_pair_is_never_judged_twice(self) -> None:
        asked: list[str] = []

        def judge(name: str) -> Callable[[], str | None]:
            def found() -> str | None:
                asked.append(name)
                return None if name == "complex" else name

            return found

        kept: Verdicts[str] = Verdicts()
        for _ in range(3):
            assert kept.of("one", judge("one"), 10) == "one"
            assert kept.of("two", judge("complex"), 10) is None
        assert asked == ["one", "complex"]

    def test_what_was_asked_for_last_stays(self) -> None:
        kept: Verdicts[int] = Verdicts()
        kept.of(-1, lambda: 0, 10)
        for number in range(5_000):
            kept.of(-1, lambda: 1, 10)
            kept.of(number, lambda: 0, 10)
        assert kept.of(-1, lambda: 2, 10) == 0
        assert kept.of(0, lambda: 3, 10) == 3

    def test_large_documents_fill_no_memory_but_that_they_were_too_much_is_kept(self) -> None:
        kept: Verdicts[int] = Verdicts()
        kept.of("complex", lambda: None, 12_000)
        for number in range(200):
            kept.of(number, lambda: 0, 12_000)
            kept.of(-number - 1, lambda: None, 12_000)
        assert kept.of(199, lambda: 1, 10) == 0
        assert kept.of(0, lambda: 1, 10) == 1
        assert kept.of("complex", lambda: 1, 10) is None

    def test_documents_are_known_by_their_letters(self) -> None:
        first = docs.compare_policy(LONG, NEARLY)
        again = docs.compare_policy(
            docs.parse_policy(LONG.to_json()), docs.parse_policy(NEARLY.to_json(), lenient=True)
        )
        assert again is first
        assert LONG.spelled != policy(allow("oss:*", ["acs:oss:*:*:" + "a" * 1_000])).spelled
        assert docs.identity_grants(GAPS) is docs.identity_grants(GAPS)

    def test_a_long_pattern_is_judged_and_not_kept(self) -> None:
        assert classify("ram:" + "a" * 200 + "*", Budget()).rows
        assert classify("oss:" + "a" * 200 + "*", Budget()).rows == ()


class TestParsing:
    def test_what_cannot_be_read_does_not_multiply(self) -> None:
        """A statement of a few kilobytes would be two million grants."""
        odd = list(range(1_200))
        raw = {"Effect": "Allow", "Action": odd, "Resource": odd}
        found = policy(raw)
        assert len(found.grants) == 2
        assert docs.escalates(found)
        assert found.digest != policy({**raw, "Action": odd[1:]}).digest
        many = policy(*({"Effect": "Allow", "Action": odd[:30], "Resource": odd[:30]},) * 2)
        assert len(many.grants) == 2

    def test_nobody_writes_one(self) -> None:
        names = [f"s{number}.aliyuncs.com" for number in range(1_001)]
        raw = {"Effect": "Allow", "Action": ROLE, "Principal": {"Service": names}}
        for statements in ([raw], [{**raw, "Principal": {"Service": names[:600]}}] * 2):
            with pytest.raises(docs.DocumentError, match="larger than RAM takes"):
                docs.parse_trust({"Version": "1", "Statement": statements})

    def test_many_denials_do_not_exhaust_the_stack(self) -> None:
        denied = [
            {"Effect": "Deny", "Action": "oss:*", "Resource": f"acs:oss:*:*:b{n}*"}
            for n in range(600)
        ]
        found = docs.compare_policy(
            policy(allow("*"), *denied), policy(allow("oss:*"), *denied[1:])
        )
        assert found.verdict is not Verdict.SAME
        nots = [
            {"Effect": "Allow", "NotAction": [f"oss:a{n}*", "ram:*"], "Resource": "*"}
            for n in range(200)
        ]
        assert docs.compare_policy(policy(*nots), policy(*nots[1:])).verdict is not Verdict.WIDER
