"""Which event made a difference: by what it is about and when; rather nobody than a wrong one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.cloud import trail
from ram_operator.constants import EventReason
from ram_operator.kinds.table import KINDS
from ram_operator.model.traces import Author, Ourselves, Question, Seen, Trace
from ram_operator.model.vocabulary import AuthorKind
from ram_operator.planning import authorship
from ram_operator.reporting import authors

START, END = 1_000_000.0, 1_000_600.0
US = Ourselves("acs:ram::1:user/ram-operator", frozenset({"OUR-REQUEST"}))
ROLE = frozenset({"role/shop"})
BY_ANN = Trace("e1", "r1", "UpdateRole", START + 10, ROLE, "ram-user", "ann", address="10.1.2.3")


def question(place: str, kind: str = "RamRole", name: str = "Shop") -> Question:
    return authorship.question(KINDS[kind], (name, "3001"), place, START, END)


def found(place: str, *traces: Trace, kind: str = "RamRole", name: str = "Shop") -> Author:
    return authorship.author(question(place, kind, name), traces, US)


def test_the_one_call_about_the_identity_in_the_time_made_it() -> None:
    author = found("trustPolicy", BY_ANN)
    assert (author.kind, author.name, author.event_id) == (AuthorKind.PROGRAM, "ann", "e1")
    assert author.at == "1970-01-12T13:46:50Z"


@pytest.mark.parametrize(
    "other",
    [
        replace(BY_ANN, names=frozenset({"role/other"})),
        replace(BY_ANN, names=frozenset({"role/shop", "policy/x"})),
        replace(BY_ANN, at=START - 61),
        replace(BY_ANN, at=END + 3),
        replace(BY_ANN, failed=True),
        replace(BY_ANN, request_id="OUR-REQUEST"),
        replace(BY_ANN, user="RAM-Operator"),
    ],
)
def test_nobody_is_named_for_another_call(other: Trace) -> None:
    author = found("trustPolicy", other)
    assert (author.kind, author.name) == (AuthorKind.UNKNOWN, "")
    assert author.why == authorship.NOTHING_FOUND


def test_an_id_is_as_good_as_a_name() -> None:
    assert found("trustPolicy", replace(BY_ANN, names=frozenset({"id/3001"}))).name == "ann"


def test_an_attachment_has_to_name_the_policy() -> None:
    about = replace(BY_ANN, names=frozenset({"role/shop", "policy/aliyunossfullaccess"}))
    place = "policies[System/aliyunossfullaccess]"
    assert found(place, about, replace(BY_ANN, user="bob")).name == "ann"


def test_a_membership_has_to_name_the_member() -> None:
    about = replace(BY_ANN, names=frozenset({"group/team", "user/eve"}))
    other = replace(about, names=frozenset({"group/team", "user/max"}), user="bob")
    assert found("members[eve]", about, other, kind="RamGroup", name="team").name == "ann"


def test_a_key_may_be_named_or_not() -> None:
    named = replace(BY_ANN, names=frozenset({"user/eve", "key/ltai1"}))
    other = replace(named, names=frozenset({"user/eve", "key/ltai2"}), user="bob")
    place = "access[accessKey/…tai1]"
    assert found(place, named, other, kind="RamUser", name="eve").name == "ann"
    unnamed = replace(BY_ANN, names=frozenset({"user/eve"}))
    assert found(place, unnamed, kind="RamUser", name="eve").name == "ann"
    assert found("access[loginProfile]", named, kind="RamUser", name="eve").name == ""


def test_the_last_of_several_calls_of_one_is_shown() -> None:
    later = replace(BY_ANN, event_id="e2", at=START + 20)
    assert found("trustPolicy", BY_ANN, later).event_id == "e2"


def test_several_are_named_as_such() -> None:
    others = [replace(BY_ANN, user=name) for name in ("bob", "eve", "max", "")]
    author = found("trustPolicy", BY_ANN, *others)
    assert author.name == "one of ann, bob, eve, 2 more"
    assert (author.kind, author.event_id) == (AuthorKind.PROGRAM, "")
    mixed = found("trustPolicy", BY_ANN, replace(BY_ANN, console=True))
    assert (mixed.kind, mixed.name) == (AuthorKind.UNKNOWN, "one of ann")


@pytest.mark.parametrize(
    ("identity", "user", "console", "kind"),
    [
        ("root-account", "root", True, AuthorKind.PERSON),
        ("ram-user", "ann", False, AuthorKind.PROGRAM),
        ("assumed-role", "deployer:x", False, AuthorKind.PROGRAM),
        ("assumed-role", "AliyunServiceRoleForX:x", False, AuthorKind.PLATFORM),
        ("service", "", True, AuthorKind.PLATFORM),
        ("saml-user", "ann", True, AuthorKind.UNKNOWN),
    ],
)
def test_who_it_is_by_nature(identity: str, user: str, console: bool, kind: AuthorKind) -> None:
    trace = replace(BY_ANN, identity=identity, user=user, console=console)
    assert authorship.kind_of(trace) is kind


def test_sessions_of_the_operators_role_are_its_own() -> None:
    us = Ourselves("acs:ram::1:assumed-role/operator/one", frozenset())
    own = replace(BY_ANN, identity="assumed-role", user="Operator:two")
    assert authorship.ours(own, us)
    assert not authorship.ours(replace(own, user="other:one"), us)
    assert not authorship.ours(own, Ourselves("", frozenset()))


def test_an_event_after_the_difference_shows_that_the_trail_came_so_far() -> None:
    asked = question("trustPolicy")
    assert not authorship.caught_up(asked, [BY_ANN], US)
    assert authorship.caught_up(asked, [BY_ANN, replace(BY_ANN, at=END + 1)], US)


def test_so_does_the_call_that_put_it_right() -> None:
    asked, right = question("trustPolicy"), replace(BY_ANN, user="ram-operator", at=END - 1)
    assert authorship.caught_up(asked, [right], US)
    assert not authorship.caught_up(asked, [replace(right, user="bob")], US)
    assert not authorship.caught_up(asked, [replace(right, at=END - 6)], US)
    assert not authorship.caught_up(asked, [replace(right, names=frozenset({"role/x"}))], US)


def test_personal_data_is_left_out() -> None:
    author = found("trustPolicy", BY_ANN)
    assert authorship.shown(author, names=True, addresses=True) == author
    assert authorship.shown(author, names=True, addresses=False).address == ""
    hidden = authorship.shown(author, names=False, addresses=False)
    assert (hidden.name, hidden.address, hidden.event_id) == ("", "", "e1")


DRIFT: dict[str, Any] = {"field": "trustPolicy", "is": "b", "firstSeen": "t", "action": "held"}
SEEN: Seen = ("trustPolicy", "b", "t")


def test_an_author_that_becomes_known_is_told_once_and_stays() -> None:
    who = {SEEN: found("trustPolicy", BY_ANN)}
    status = {"drift": [dict(DRIFT)]}
    (event,) = authors.told({}, status, who)
    assert event.reason is EventReason.DRIFT_AUTHOR
    assert event.message == (
        "trustPolicy: made by program ann (UpdateRole, event e1 of 1970-01-12T13:46:50Z)"
    )
    again = {"drift": [dict(DRIFT)]}
    assert authors.told(status, again, {}) == []
    assert again == status
    moved = {"drift": [{**DRIFT, "is": "c"}]}
    assert authors.told(status, moved, who) == []
    assert "author" not in moved["drift"][0]


def test_an_unknown_author_is_no_event() -> None:
    status: dict[str, Any] = {"corrected": [{"field": "trustPolicy", "is": "b", "at": "t"}]}
    assert authors.told({}, status, {SEEN: Author(AuthorKind.UNKNOWN, why="denied")}) == []
    assert status["corrected"][0]["author"] == {"kind": "unknown", "why": "denied"}


def test_one_of_several_has_an_event_without_an_event_id() -> None:
    status = {"drift": [dict(DRIFT)]}
    (event,) = authors.told({}, status, {SEEN: Author(AuthorKind.UNKNOWN, "one of ann, bob")})
    assert event.message == "trustPolicy: made by unknown one of ann, bob"


def test_what_differs_in_spelling_alone_has_no_author() -> None:
    status = {"drift": [DRIFT, {**DRIFT, "action": "respelled"}], "corrected": [{"author": {}}]}
    assert list(authors.unnamed(status)) == [SEEN]


def test_an_event_of_the_console_is_understood() -> None:
    event = {
        "eventId": "E",
        "eventTime": "2026-01-02T03:04:05Z",
        "eventName": "AddUserToUserGroup",
        "userAgent": "ram.console.alibabacloud.com",
        "requestParameters": {
            "RequestId": "R",
            "GroupName": "Team",
            "UserId": "77",
            "Password": "p",
        },
        "referencedResources": {"ACS::RAM::User": ["Eve@1.onaliyun.com"], "ACS::ECS::X": ["y"]},
        "userIdentity": {"type": "root-account", "accessKeyId": "A"},
        "sourceIpAddress": "10.0.0.1",
    }
    trace = trail.understood(event)
    assert trace is not None
    assert trace.names == {"group/team", "id/77", "user/eve"}
    assert (trace.request_id, trace.user, trace.console) == ("R", "root", True)


@pytest.mark.parametrize(
    "event", [{}, {"eventTime": "soon"}, {"eventTime": "2026-01-02T03:04:05Z", "eventRW": "Read"}]
)
def test_what_says_not_when_or_only_read_is_no_trace(event: dict[str, Any]) -> None:
    assert trail.understood(event) is None


def test_an_event_of_the_platform_and_a_failed_one_are_understood() -> None:
    at = {"eventTime": "2026-01-02T03:04:05Z"}
    platform = trail.understood({**at, "eventType": "AliyunServiceEvent"})
    assert platform is not None
    assert authorship.kind_of(platform) is AuthorKind.PLATFORM
    failed = trail.understood(
        {**at, "errorCode": "NoPermission", "userIdentity": {"type": "ram-user"}}
    )
    assert failed is not None
    assert failed.failed


BY_PLATFORM: Any = {"kind": "platform"}


@pytest.mark.parametrize(
    ("entry", "severity"),
    [
        ({"field": "access[accessKey/…tai1]"}, "info"),
        ({"field": "access[loginProfile]"}, "info"),
        ({"field": "access[loginProfile]", "widens": True}, "critical"),
        ({"field": "access[loginProfile]", "author": {"kind": "program"}}, "critical"),
        ({"field": "access[loginProfile]", "author": None}, "critical"),
        ({"field": "policies[System/readonlyaccess]"}, "critical"),
        ({"field": "trustPolicy"}, "critical"),
    ],
)
def test_what_the_platform_disables_by_itself_weighs_little(entry: Any, severity: str) -> None:
    before = {"is": "x", "firstSeen": "t", "severity": "critical", "author": BY_PLATFORM, **entry}
    status: dict[str, Any] = {"drift": [{k: v for k, v in before.items() if k != "author"}]}
    authors.told({"drift": [before]}, status, {})
    assert status["drift"][0]["severity"] == severity
