"""Answers of the cloud that no program means: brackets without end, numbers that are none, no ids.

What is odd is no answer, and is told as that; nothing behind the one door meets it.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from Tea.exceptions import TeaException

from ram_operator import documents
from ram_operator.cloud import answers, faults, role_calls
from ram_operator.errors import OutcomeUnknown, Retry
from ram_operator.kinds.table import KINDS
from ram_operator.model import sentences
from ram_operator.model.changes import Change
from ram_operator.model.objects import UnknownPart
from ram_operator.model.vocabulary import Direction
from ram_operator.planning import diff
from tests.unit.cloud_world import World
from tests.unit.core import made, trust, wanted
from tests.unit.profiles import examples
from tests.unit.stub_server import Reply, Request, stub

Json = Any
NESTED = "[" * 990 + "]" * 990


class Answering:
    """The calls of an account whose every answer is the same."""

    def __init__(self, body: Json) -> None:
        self.body = body

    def call(self, action: str, parameters: object) -> Json:
        problem = answers.oddity(self.body)
        if problem:
            raise faults.unusable(action, problem, writes=False)
        return self.body


ODD = st.sampled_from(
    [float("nan"), float("inf"), 10**400, -(10**30), 1e300, "", " ", True, 0, 1, "\ud800", NESTED]
)
LEAF = st.one_of(ODD, st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9))
ANY = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)
NAMES = (
    "RoleId",
    "RoleName",
    "Arn",
    "Description",
    "MaxSessionDuration",
    "AllowConsoleLogin",
    "AssumeRolePolicyDocument",
)
ROLES = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, ANY)) | ANY


@examples(300)
@given(role=ROLES, known=st.booleans())
def test_whatever_is_answered_is_a_role_or_an_error(role: Json, known: bool) -> None:
    """With an id, and in a form that the report can be made of."""
    if known and isinstance(role, dict):
        role = {**role, "RoleId": "1"}
    try:
        live = role_calls.read_role(Answering({"Role": role}), "web")
    except Retry:
        return
    assert live.cloud_id
    for change in diff.changes(KINDS["RamRole"], wanted({}), live):
        json.loads(json.dumps(sentences.sides([change])))
        sentences.drift_values(change)


@examples(300)
@given(ANY)
def test_what_passes_can_be_told_in_json(body: Json) -> None:
    if not answers.oddity(body):
        text = json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
        assert json.loads(text) == body


def test_what_is_odd_is_said() -> None:
    deep: Json = []
    for _ in range(5_000):
        deep = [deep]
    assert answers.oddity(deep) == "it is nested too deeply"
    assert answers.oddity({"a": [float("nan")]}) == "a number in it is none, or too large"
    assert answers.oddity({"a": 10**30}) == "a number in it is none, or too large"
    assert answers.oddity(["\udc00"]) == "a text in it has half of a character"
    assert "set" in answers.oddity({"a": set()})
    assert answers.oddity({"Müller": [1, 2.5, None, True, ("ü",)]}) == ""


@pytest.mark.parametrize("found", [7, True, {"a": 1}, ["1"], "", None])
def test_an_id_that_is_no_text_is_none(found: Json) -> None:
    with pytest.raises(Retry):
        answers.part({"Role": {"RoleId": found}}, "GetRole", "Role", "RoleId")


@pytest.mark.parametrize("text", [NESTED, '{"Statement":' + NESTED + "}", '{"Version": 1e999}'])
def test_a_trust_that_nobody_can_look_into_is_reported(text: str) -> None:
    """The report is made deeper in the stack than the document is read."""
    live = answers.read_trust(text)
    assert not isinstance(live, UnknownPart)
    change = Change("trustPolicy", live, trust(("RAM", "acs:ram::1:root")), Direction.UNKNOWN)
    assert "not readable" in sentences.sides([change])[0]
    assert "1e999" in live.text or documents.compare_trust(live, change.after).gains
    found = made(wanted({}))
    assert found is not None
    policy = documents.unreadable_policy(live.text)
    if text != NESTED:
        policy = documents.parse_policy(live.text, lenient=True)
    assert documents.identity_text(policy)
    assert documents.escalates(documents.together([policy, documents.Policy("", ())]))


@pytest.mark.parametrize("writes", [False, True])
def test_what_the_sdk_cannot_read_is_no_defect(writes: bool) -> None:
    for error in (RecursionError(), OverflowError(), UnicodeDecodeError("utf-8", b"", 0, 1, "")):
        found = faults.classify(error, "GetRole", writes=writes)
        assert isinstance(found, OutcomeUnknown if writes else Retry)
    data = {"statusCode": "many", "Message": "m"}
    odd = TeaException({"code": "Throttling", "message": "m", "data": data})
    odd.retry_after = "NaN"
    assert isinstance(faults.classify(odd, "GetRole", writes=False), Retry)


@pytest.mark.parametrize(
    "sent",
    [
        '{"RequestId": "1", "Role": {"RoleId": "1", "MaxSessionDuration": NaN}}',
        '{"RequestId": "1", "Role": {"RoleId": "1", "Description": 1e999}}',
        '{"RequestId": "1", "Role": {"RoleId": "1", "Description": ' + "[" * 9_000 + "}}",
        '{"RequestId": "1", "Role": {"RoleId": "1", "Description": ' + "[" * 300 + "]" * 300 + "}}",
    ],
    ids=["NaN", "infinity", "broken", "brackets"],
)
def test_over_the_real_sdk_it_is_tried_again(sent: str) -> None:
    def answer(request: Request) -> Reply:
        return Reply(200, sent.encode(), {"Content-Type": "application/json"})

    with stub(answer) as server:
        world = World(server)
        try:
            with pytest.raises(Retry):
                world.read()
        finally:
            world.pool.shutdown()


def test_an_id_that_fits_into_no_status_is_none() -> None:
    """The API server would refuse the whole status, and the object would say nothing."""
    answer = {"DefaultPolicyVersion": {"VersionId": "v" * 17}}
    assert answers.oddity(answer) == "its VersionId is too long to be one"
    assert answers.oddity({"Policy": {"DefaultVersion": "v" * 16, "Description": "x" * 500}}) == ""
