"""Requests that no careful client sends: each is refused, and none leaves something behind."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from lab.waiting import until
from ram_emulator.json_text import MOST_DEPTH, parse
from tests.emulator.calls import SERVICE_TRUST, invoke, policy, trust
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.raw import Acs3, Answer, send, v1

HALF = "\\ud800"
NEW = {"RoleName": "r", "AssumeRolePolicyDocument": SERVICE_TRUST}
MANY = "9" * 5000


def deep(levels: int) -> str:
    return '{"Version":"1","Statement":' + "[" * levels + "]" * levels + "}"


# what it is, the action, its parameters, what the code begins with
REFUSED: list[tuple[str, str, dict[str, str], str]] = [
    ("half a character in a tag", "CreateRole", {**NEW, "Tag": f'[{{"Key":"{HALF}"}}]'}, "Tag"),
    (
        "half a character in a tag's value",
        "CreateRole",
        {**NEW, "Tag": f'[{{"Key":"k","Value":"a{HALF}"}}]'},
        "Tag",
    ),
    (
        "half a character in a document",
        "CreatePolicy",
        {"PolicyName": "p", "PolicyDocument": policy(Resource="#").replace("#", HALF)},
        "MalformedPolicyDocument",
    ),
    (
        "half a character in a trust",
        "CreateRole",
        {"RoleName": "r", "AssumeRolePolicyDocument": trust("#").replace("#", HALF)},
        "MalformedPolicyDocument",
    ),
    (
        "brackets without end in a document",
        "CreatePolicy",
        {"PolicyName": "p", "PolicyDocument": deep(3000)},
        "MalformedPolicyDocument",
    ),
    (
        "more brackets than can be read again",
        "CreatePolicy",
        {"PolicyName": "p", "PolicyDocument": deep(900)},
        "MalformedPolicyDocument",
    ),
    (
        "brackets without end in a trust",
        "CreateRole",
        {"RoleName": "r", "AssumeRolePolicyDocument": '{"a":' * 300 + "1" + "}" * 300},
        "MalformedPolicyDocument",
    ),
    ("brackets without end in a list", "CreateRole", {**NEW, "Tag": "[" * 3000}, "Tag"),
    ("a value and parts", "CreateRole", {**NEW, "Tag.1": "x", "Tag.1.Key": "a"}, "Tag"),
    ("parts and a value", "CreateRole", {**NEW, "Tag.1.Key": "a", "Tag.1": "x"}, "Tag"),
    ("an endless index", "CreateRole", {**NEW, f"Tag.{MANY}.Key": "a"}, "Tag"),
    ("an endless number", "ListRoles", {"MaxItems": MANY}, "MaxItems"),
    ("an endless number in a list", "CreateRole", {**NEW, "Tag": f"[{MANY}]"}, "Tag"),
    ("no number", "CreateRole", {**NEW, "Tag": "[NaN]"}, "Tag"),
    ("digits in groups", "ListRoles", {"MaxItems": "1_0"}, "MaxItems"),
    ("digits with a sign", "ListRoles", {"MaxItems": "+10"}, "MaxItems"),
    ("digits with a space", "ListRoles", {"MaxItems": " 10"}, "MaxItems"),
    ("digits of another script", "ListRoles", {"MaxItems": "１０"}, "MaxItems"),  # noqa: RUF001
    ("a marker before the first row", "ListRoles", {"Marker": "cC0x"}, "Marker"),
    ("a marker that is endless", "ListRoles", {"Marker": "cDk5" * 2000}, "Marker"),
    ("a marker beyond ASCII", "ListRoles", {"Marker": "é"}, "Marker"),
]


@pytest.mark.parametrize(
    ("action", "parameters", "code"), [c[1:] for c in REFUSED], ids=[c[0] for c in REFUSED]
)
@pytest.mark.parametrize("form", ["acs3", "v1"])
def test_what_cannot_be_kept_is_refused(
    cloud: Cloud, form: str, action: str, parameters: dict[str, str], code: str
) -> None:
    before = cloud.admin.state(cloud.id)
    port, who = cloud.process.port, cloud.operator
    if form == "acs3":
        answer = Acs3(port, who, action=action, parameters=parameters).send()
    else:
        answer = v1(port, who, {"Action": action, **parameters}, method="POST")
    assert answer.status == 400
    assert answer.code.removeprefix("InvalidParameter.").startswith(code)
    assert cloud.admin.state(cloud.id) == before


def test_what_is_taken_can_be_read_at_any_depth_of_calls() -> None:
    """A text that fits here and not a few calls deeper would be kept, and never shown."""
    kept = "[" * MOST_DEPTH + "]" * MOST_DEPTH
    assert json.dumps(parse(kept)) == kept
    objects = '{"a":' * 65 + "1" + "}" * 65
    for text in (f"[{kept}]", objects, "[" * 5000, f'["{HALF}"]', "[Infinity]"):
        with pytest.raises(ValueError, match=r"deeply|half|no JSON"):
            parse(text)


def _text(port: int, payload: bytes) -> str:
    """The reply to bytes that no library would send, until the server hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(payload)
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode("utf-8", "replace")


def _odd(head: bytes) -> Any:
    return lambda port: _text(port, head + b"\r\nConnection: close\r\n\r\n")


def _body(kind: str, body: bytes, **headers: str) -> Any:
    given = {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return lambda port: send(port, "POST", "/", given, body)


FORM = "application/x-www-form-urlencoded"
UNREADABLE: list[tuple[str, Any, int]] = [
    ("a large form", _body(FORM, b"a=" + b"x" * (1024 * 1024)), 413),
    ("gzip that is none", _body(FORM, b"no gzip at all", Content_Encoding="gzip"), 400),
    ("half a gzip", _body(FORM, gzip.compress(b"x" * 500)[:25], Content_Encoding="gzip"), 400),
    (
        "a gzip that is a large form",
        _body(FORM, gzip.compress(b"x" * 2**22), Content_Encoding="gzip"),
        413,
    ),
    ("a form that is no text", _body(FORM, b"\xff\xfe=\xed\xa0\x80"), 400),
    (
        "a target that is no text",
        _odd(b"GET /?Action=\xed\xa0\x80&Version=\xff HTTP/1.1\r\nHost: x"),
        400,
    ),
    ("a host that is no text", _odd(b"GET /?Action=GetRole HTTP/1.1\r\nHost: \xed\xa0\x80"), 400),
    (
        "an action that is no text",
        _odd(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: x\r\nx-acs-action: \xff"),
        400,
    ),
    ("no HTTP", lambda port: _text(port, b"hello\r\n\r\n"), 400),
]


@pytest.mark.parametrize(
    ("attempt", "status"), [c[1:] for c in UNREADABLE], ids=[c[0] for c in UNREADABLE]
)
def test_what_cannot_be_read_is_answered_in_the_form_of_the_wire(
    cloud: Cloud, attempt: Any, status: int
) -> None:
    answer = attempt(cloud.process.port)
    if isinstance(answer, str):
        head, _, text = answer.partition("\r\n\r\n")
        answer = Answer(int(head.split()[1]), "", json.loads(text), {})
    assert answer.status == status
    assert set(answer.body) >= {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert cloud.admin.request("GET", "/journal")["entries"]


def test_a_body_that_a_client_takes_back_ends_nothing(cloud: Cloud) -> None:
    with socket.create_connection(("127.0.0.1", cloud.process.port), timeout=120) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nhalf")
    assert Acs3(cloud.process.port, cloud.operator).send().code == "EntityNotExist.Role"


def test_whatever_the_admin_port_was_given_is_saved_and_read(tmp_path: Path) -> None:
    """Tests put in what no client may; the file holds it all the same."""
    file = tmp_path / "state.json"
    arguments = ["--state", str(file), "--seed-account", "1234567890123456"]
    half = json.loads(f'"{HALF}"')
    with EmulatorProcess.start(*arguments, "--behaviours", "friendly") as process:
        (account,) = process.accounts
        who = Credentials(account["adminAccessKeyId"], account["adminAccessKeySecret"])
        name = account["accountId"]
        process.admin.request(
            "POST", f"/accounts/{name}/groups", {"groupName": "g", "comments": half}
        )
        shown = Acs3(process.port, who, action="GetGroup", parameters={"GroupName": "g"}).send()
        assert (shown.status, shown.body["Group"]["Comments"]) == (200, "?")
        state = process.admin.save()
        state["accounts"][0]["users"][0]["inline"] = (
            '{"Statement":[{"Condition":[1],"Principal":[1]}]}'
        )
        process.admin.load(state)
        assert Acs3(process.port, who).send().code == "EntityNotExist.Role"
        until(lambda: file.exists() and "ud800" in file.read_text(encoding="utf-8"), "the file")
    with EmulatorProcess.start(*arguments) as process:
        assert process.admin.state(name)["groups"]["g"]["comments"] == half


def test_a_pattern_of_many_stars_is_soon_compared(cloud: Cloud) -> None:
    """One such document that somebody holds would stop the whole emulator at each call."""
    stars = policy("ram:*" + "a*" * 40 + "b", Resource="acs:ram:*:*:" + "*" * 200 + "x*" * 40 + "y")
    who = cloud.user("u", document=json.loads(stars))
    answer = Acs3(cloud.process.port, who, parameters={"RoleName": "a" * 60}).send()
    assert answer.code == "NoPermission"
    allowed = cloud.user(
        "v", document=json.loads(policy("r?m:G*t**Ro*e", Resource="acs:ram:*:*:role/*a*a"))
    )
    names = {"a" * 60: "EntityNotExist.Role", "ab": "NoPermission", "aba": "EntityNotExist.Role"}
    for name, code in names.items():
        assert Acs3(cloud.process.port, allowed, parameters={"RoleName": name}).send().code == code


def test_a_page_beyond_the_last_row_is_empty(cloud: Cloud) -> None:
    cloud.set(list_skips_row_on_concurrent_delete=True)
    invoke(cloud.ram(), "CreateRole", **NEW)
    answer = Acs3(
        cloud.process.port, cloud.operator, action="ListRoles", parameters={"Marker": "cDk5"}
    )
    assert answer.send().body["Roles"] == {"Role": []}
