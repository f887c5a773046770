"""Any sequence of calls, of every action, with values that nobody would send.

The gateway is called in this process, behind HTTP: signatures, parameters, permissions, handlers
and replies take part. None may fail, and what is left can be read, saved and loaded.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from ram_emulator import persist, seeding
from ram_emulator.entities import Role, User
from ram_emulator.evaluate import wildcard
from ram_emulator.faults import Faults
from ram_emulator.gateway import ACTIONS, Gateway, Outcome
from ram_emulator.journal import Journal
from ram_emulator.signature import ALGORITHM
from ram_emulator.state import Universe
from ram_emulator.truth import true_state
from ram_emulator.wire import Line
from tests.emulator.calls import SERVICE_TRUST, policy, trust
from tests.emulator.conftest import Credentials
from tests.emulator.raw import Acs3
from tests.unit.profiles import examples

ACCOUNT = "1234567890123456"
HALF = "\ud800"

NAMES = ("a", "A", "b", "operator", "AdministratorAccess", f"a@{ACCOUNT}.onaliyun.com", "v1", "v2")
DOCUMENTS = (
    SERVICE_TRUST,
    policy(),
    policy("ram:*"),
    policy(Condition={"StringLike": {"acs:SourceIp": ["*", ""]}}),
    policy(Condition={"NumericLessThan": {"acs:CurrentTime": "1_0"}}),
    trust(f"acs:ram::{ACCOUNT}:root"),
    trust(f"acs:ram::{ACCOUNT}:user/a"),
    '{"Version":"1","Statement":{}}',
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":[],"Resource":{},"Principal":[]}]}',
    "[" * 200,
    json.dumps({"Version": "1", "Statement": [HALF]}),
)
ODD = ("", " ", "0", "1", "-1", "2", "1_0", "9" * 5000, "true", "False", "null", "[]", "{}", "[1]")
NEW_ROLE = {"RoleName": "a", "AssumeRolePolicyDocument": SERVICE_TRUST}
LISTS = ('["a","b"]', '[{"Key":"k","Value":"v"}]', '[{"Key":1}]', f'["{HALF}"]', "[[[]]]", '["a"')
FIXED = ("Custom", "System", "role", "policy", "user", "Active", "Inactive", "cDA=", "a2E=", "cC0x")
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda part: (
        st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3)
    ),
    max_leaves=6,
)
VALUES = (
    st.sampled_from((*NAMES, *NAMES, *DOCUMENTS, *ODD, *LISTS, *FIXED))
    | st.text(st.characters(codec=None), max_size=6)
    | JSON.map(json.dumps)
)
PARTS = st.sampled_from(("", ".1", ".2", ".01", ".0.Key", ".1.Key", ".1.Value", "." + "9" * 5000))
ROWS = sorted(ACTIONS.values(), key=lambda action: (action.version, action.name))


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, str, dict[str, str]]:
    """Service version, action and parameters: mostly those that the action has."""
    action = draw(st.sampled_from(ROWS))
    given: dict[str, str] = {}
    for spec in action.params:
        if spec.required or draw(st.booleans()):
            part = draw(PARTS) if spec.type in ("names", "tags") else ""
            likely = st.sampled_from(spec.choices) if spec.choices else st.sampled_from(NAMES)
            if "Document" in spec.name:
                likely = st.sampled_from(DOCUMENTS)
            given[spec.name + part] = draw(likely | VALUES)
    if draw(st.integers(0, 9)) == 0:
        given[draw(st.text(st.characters(codec=None), max_size=4)) + draw(PARTS)] = draw(VALUES)
    return action.version, action.name, given


class World:
    """A universe with one account, called without a network."""

    def __init__(self, preset: str) -> None:
        self.universe = Universe()
        keys = seeding.create_account(
            self.universe,
            {"accountId": ACCOUNT, "behaviours": {"preset": preset, "rate_limits_enforced": False}},
        )
        self.who = Credentials(keys["adminAccessKeyId"], keys["adminAccessKeySecret"])
        self.gateway = Gateway(self.universe, Journal(), Faults())

    def call(self, version: str, action: str, parameters: dict[str, str]) -> Outcome:
        request = Acs3(1, self.who, action=action, version=version, parameters=parameters)
        target, headers = request.request()
        return self.raw("POST", target, headers, b"")

    def raw(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Outcome:
        line = Line(method, target, CIMultiDict(headers), "127.0.0.1")
        return asyncio.run(self.gateway.answer(line, body))

    def check(self) -> None:
        """All that is there can be listed, shown, saved and loaded."""
        for action in ROWS:
            if action.effect == "read" and not any(spec.required for spec in action.params):
                outcome = self.call(action.version, action.name, {})
                assert outcome.status < 500, (action.name, outcome.body)
                assert json.loads(outcome.text) == outcome.body
        (account,) = self.universe.accounts.values()
        account.behaviours["stale_read_seconds"] = 0.0
        shown = [("GetRole", {"RoleName": role.name}) for _, role in account.roles.items()]
        shown += [
            ("GetPolicy", {"PolicyName": policy.name, "PolicyType": "Custom"})
            for _, policy in account.policies.items()
        ]
        for name, parameters in shown:
            outcome = self.call("2015-05-01", name, parameters)
            assert (outcome.status, json.loads(outcome.text)) == (200, outcome.body)
        json.dumps(true_state(account)).encode()
        saved = json.dumps(persist.dump(self.universe)).encode()
        again = persist.dump(persist.restore(json.loads(saved)))
        assert json.loads(json.dumps(again)) == json.loads(saved)


@examples(150)
@given(st.sampled_from(("hostile", "friendly")), st.lists(calls(), min_size=1, max_size=6))
@example(
    "hostile",
    [("2015-05-01", "CreateRole", {**NEW_ROLE, "Tag.1": "x", "Tag.1.Key": "a"})],
)
@example(
    "hostile",
    [
        (
            "2015-05-01",
            "CreatePolicy",
            {"PolicyName": "a", "PolicyDocument": policy(Resource=f"acs:oss:*:*:{HALF}")},
        )
    ],
)
def test_no_call_fails_and_none_leaves_what_cannot_be_read(
    preset: str, sequence: list[tuple[str, str, dict[str, str]]]
) -> None:
    world = World(preset)
    for version, action, parameters in sequence:
        outcome = world.call(version, action, parameters)
        assert outcome.status < 500, (action, parameters, outcome.body)
        outcome.text.decode()
    world.check()


LETTERS = st.characters(codec=None, exclude_characters="\r\n")


@examples(150)
@given(
    st.sampled_from(("GET", "POST", "PUT")),
    st.text(LETTERS, max_size=40).map(lambda text: f"/?{text}") | st.text(LETTERS, max_size=9),
    st.dictionaries(
        st.sampled_from(("Authorization", "Host", "Content-Type", "x-acs-action", "x-acs-date")),
        st.text(LETTERS, max_size=20) | st.sampled_from(("application/x-www-form-urlencoded",)),
    ),
    st.binary(max_size=60),
)
@example("POST", "/?Action=%ED%A0%80", {"Host": "\udcff"}, b"\xff=\xfe")
@example("GET", "/", {"Authorization": f"{ALGORITHM} Credential=\udcff,SignedHeaders=\udcff"}, b"")
@example(
    "GET", "/", {"Authorization": f"{ALGORITHM} Credential=x,SignedHeaders=a,Signature=1"}, b""
)
def test_no_request_fails(method: str, target: str, headers: dict[str, str], body: bytes) -> None:
    outcome = World("hostile").raw(method, target, headers, body)
    assert 400 <= outcome.status < 500, outcome.body
    outcome.text.decode()


@examples(100)
@given(st.lists(st.sampled_from("*?abAB."), max_size=9).map("".join), st.text("abAB.", max_size=9))
def test_a_pattern_means_what_it_says(pattern: str, text: str) -> None:
    """Against the plain reading: a star is any prefix of what is left."""

    def fits(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
        return bool(text) and pattern[0] in ("?", text[0]) and fits(pattern[1:], text[1:])

    assert (wildcard(pattern, False).fullmatch(text) is not None) == fits(pattern, text)


def _filled(entities: int) -> World:
    world = World("friendly")
    (account,) = world.universe.accounts.values()
    account.quotas.update(roles=10**6, users=10**6)
    now = time.time() - 3600

    for number in range(entities):
        name, tags = f"n{number:06}", (("k", "v"),)
        account.roles.put(name, Role(name, name, SERVICE_TRUST, "", 3600, now, now, tags=tags), now)
        account.users.put(name, User(name, name, now, now, tags=tags), now)
    return world


SEVENTH = f"n000007@{ACCOUNT}.onaliyun.com"
TAGGED: list[tuple[str, dict[str, str]]] = [
    ("2015-05-01", {"ResourceType": "role", "ResourceNames": '["n000007","n000008"]'}),
    ("2015-05-01", {"ResourceType": "role", "PageSize": "10"}),
    ("2019-08-15", {"ResourceType": "user", "ResourceId": '["n000007"]'}),
    (
        "2019-08-15",
        {"ResourceType": "user", "ResourcePrincipalName": f'["{SEVENTH}"]'},
    ),
    ("2019-08-15", {"ResourceType": "user", "PageSize": "10"}),
]


def _steps(world: World, version: str, parameters: dict[str, str]) -> tuple[int, Any]:
    """Lines of the emulator's code that one call runs, and its reply."""
    count = 0

    def trace(frame: Any, event: str, _argument: object) -> Any:
        nonlocal count
        if "ram_emulator" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        outcome = world.call(version, "ListTagResources", parameters)
    finally:
        sys.settrace(before)
    assert outcome.status == 200, outcome.body
    return count, outcome.body


@pytest.mark.parametrize("lag", [0.0, 60.0])
def test_reading_tags_does_not_take_longer_in_a_larger_account(lag: float) -> None:
    """Counted are the steps of the interpreter; a write of just now makes reads look back."""
    few, many = _filled(30), _filled(3000)
    for world in (few, many):
        (account,) = world.universe.accounts.values()
        account.behaviours["stale_read_seconds"] = lag
        world.call("2015-05-01", "CreateRole", {**NEW_ROLE, "RoleName": "z"})
        world.call("2015-05-01", "CreateUser", {"UserName": "z"})
    for version, parameters in TAGGED:
        steps, shown = _steps(few, version, parameters)
        more, same = _steps(many, version, parameters)
        assert {**shown, "RequestId": ""} == {**same, "RequestId": ""}
        assert more < 1.5 * steps, (parameters, steps, more)
