"""Letters in both worlds, one in which they make a difference and one in which they do not."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.documents import NOBODY
from ram_operator.gate import clearance
from ram_operator.model.changes import Held
from ram_operator.model.permissions import Cleared
from tests.oracle.evaluator import PROBABLE, Reading, allows
from tests.oracle.universe import requests
from tests.unit import strategies_documents as some
from tests.unit.core import ACCOUNT
from tests.unit.letters import looked
from tests.unit.profiles import examples
from tests.unit.test_documents_properties import only_in, readings

Json = Any


@st.composite
def in_other_letters(draw: st.DrawFn, document: Json) -> Json:
    """The document with principals and elements in spellings that are assumed to be equal."""
    out = copy.deepcopy(document)
    for statement in out["Statement"]:
        for key, listed in statement["Principal"].items():
            statement["Principal"][key] = [draw(_respelled(text)) for text in listed]
    if draw(st.integers(0, 5)) == 0:
        out["Version"] = draw(st.sampled_from([1, None]))
    return out


def _respelled(text: str) -> st.SearchStrategy[str]:
    head, separator, name = text.rpartition("/")
    if separator:
        # Sometimes the wrong kind of letters: `Ann` is all that the oracle looks for.
        return st.sampled_from([text, f"{head}/{name.replace('ann', 'Ann')}"])
    if text.endswith(":root"):
        account = text.split(":")[3]
        return st.sampled_from([text, account, f"acs:ram::{account}:*"])
    return st.just(text)


def judged(found: Json, agreed: Json) -> Cleared | Held:
    sides = (documents.parse_trust(side, lenient=True) for side in (found, agreed))
    return clearance.judge_take_back(*sides, ACCOUNT)


def sent(verdict: Cleared) -> Json | None:
    """The document that is sent; None where nobody can use it."""
    trusted = clearance.in_force(verdict.trust)
    return None if trusted == NOBODY else json.loads(trusted.to_json())


@examples(60)
@given(data=st.data())
def test_in_no_reading_does_anybody_get_what_was_not_agreed_on(data: st.DataObject) -> None:
    found, agreed = data.draw(some.series(True, odd=True))
    verdict = judged(found, agreed)
    document = sent(verdict) if isinstance(verdict, Cleared) else None
    if document is None:
        return
    asked = list(requests(document, found, agreed, trust=True))
    for reading in readings(document, found, agreed):
        assert only_in(document, agreed, reading, asked) is None, reading
    assert only_in(document, found, PROBABLE, asked) is None


@examples(60)
@given(data=st.data())
def test_letters_alone_cut_nobody_off_and_let_nobody_in(data: st.DataObject) -> None:
    """What was agreed on, saved in other letters and with somebody else in it, or not."""
    agreed = data.draw(some.documents(True))
    found = data.draw(in_other_letters(agreed))
    if data.draw(st.booleans()):
        found["Statement"] += data.draw(some.documents(True))["Statement"]
    parsed = [documents.parse_trust(side, lenient=True) for side in (agreed, found)]
    decision = looked(*parsed)
    assert decision.held is None
    document = found
    for step in decision.steps:
        document = sent(step.cleared)
        assert document is not None, "closed, though everybody who was agreed on is there"
    asked = list(requests(document, found, agreed, trust=True))
    for reading in readings(document, found, agreed):
        if decision.steps:
            assert only_in(document, agreed, reading, asked) is None, reading
        if reading.assumed and reading.fold_names:
            # In the world where letters make no difference: exactly those, no less and no more.
            assert only_in(agreed, document, reading, asked) is None, reading
            assert only_in(document, agreed, reading, asked) is None, reading
        elif reading == Reading(fold_names=False):
            # In the other: whoever is there and was agreed on letter by letter stays.
            for request in asked:
                if allows(agreed, request, reading) and allows(found, request, reading):
                    assert allows(document, request, reading), request
