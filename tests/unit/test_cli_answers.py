"""The plugin on an API server that says what it was told: what a real one does rarely."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ram_operator.cli.main import main
from tests.unit.stub_server import Reply, Request, stub

Json = dict[str, Any]
DIGEST = "sha256:" + "ab" * 32
ROLE = "/apis/ram.alibabacloud.com/v1alpha1/namespaces/identity/ramroles/alpha"


def role(version: int, digest: str = DIGEST) -> Json:
    held = {"type": "ApprovalRequired", "status": "True", "observedGeneration": 1}
    return {
        "metadata": {
            "name": "alpha",
            "namespace": "identity",
            "uid": "u",
            "generation": 1,
            "resourceVersion": str(version),
        },
        "status": {"conditions": [held], "pending": {"kind": "TrustChange", "digest": digest}},
    }


def run(
    tmp_path: Path, answer: Callable[[Request], Reply], *words: str
) -> tuple[int, list[Request]]:
    with stub(answer) as server:
        config = {
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": f"http://{server.host}"}}],
            "users": [{"name": "x", "user": {"token": "t"}}],
            "contexts": [
                {"name": "x", "context": {"cluster": "x", "user": "x", "namespace": "identity"}}
            ],
        }
        file = tmp_path / "kubeconfig"
        file.write_text(json.dumps(config))
        return main([*words, "--kubeconfig", str(file), "--request-timeout=5"]), server.asked


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_a_conflict_is_another_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The operator wrote the status between our read and our write: read again, write again."""
    reads, conflicts = iter(range(1, 9)), iter([409, 409])

    def answer(request: Request) -> Reply:
        if request.method == "GET":
            return Reply(body=body(role(next(reads))))
        return Reply(next(conflicts, 200), body({"message": "the object has been modified"}))

    code, asked = run(tmp_path, answer, "approve", "ramrole/alpha", "--yes")
    assert code == 0
    assert capsys.readouterr().out.endswith("approved\n")
    writes = [json.loads(each.body)["metadata"] for each in asked if each.method == "PATCH"]
    assert [each["resourceVersion"] for each in writes] == ["2", "3", "4"]
    assert all(each["annotations"] == {"ram.alibabacloud.com/approve": DIGEST} for each in writes)
    assert {each.path for each in asked if each.method == "PATCH"} == {
        f"{ROLE}?fieldManager=ram-operator-approver"
    }


def test_a_conflict_because_of_another_change_is_the_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reads = iter([role(1), role(2), role(3, "sha256:" + "cd" * 32)])

    def answer(request: Request) -> Reply:
        if request.method == "GET":
            return Reply(body=body(next(reads)))
        return Reply(409, body({"message": "modified"}))

    code, asked = run(tmp_path, answer, "approve", "ramrole/alpha", "--yes")
    assert code == 3
    assert "the change moved meanwhile" in capsys.readouterr().err
    assert sum(each.method == "PATCH" for each in asked) == 1


def test_an_object_that_never_rests_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: Request) -> Reply:
        if request.method == "GET":
            return Reply(body=body(role(1)))
        return Reply(409, body({"message": "modified"}))

    code, asked = run(tmp_path, answer, "reject", "ramrole/alpha", "--reason", "no")
    assert code == 3
    assert "changes all the time" in capsys.readouterr().err
    assert sum(each.method == "PATCH" for each in asked) == 5


def test_a_list_in_pages_is_read_to_its_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: Request) -> Reply:
        last = "continue=more" in request.path
        items = [role(1)] if last and "ramroles" in request.path else []
        return Reply(body=body({"metadata": {} if last else {"continue": "more"}, "items": items}))

    code, asked = run(tmp_path, answer, "pending", "-o", "name")
    assert (code, capsys.readouterr().out) == (0, "ramrole.ram.alibabacloud.com/alpha\n")
    assert len(asked) == 8


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (lambda n: "again", "a page came twice"),
        (lambda n: f"more-{n % 3}", "a page came twice"),
        (lambda n: f"more-{n}", "does not end after 1000 pages"),
    ],
)
def test_a_list_that_does_not_end_is_an_error(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    token: Callable[[int], str],
    said: str,
) -> None:
    numbers = itertools.count()

    def answer(request: Request) -> Reply:
        if "ramroles" not in request.path:
            return Reply(body=body({"items": []}))
        return Reply(body=body({"metadata": {"continue": token(next(numbers))}, "items": []}))

    code, asked = run(tmp_path, answer, "pending")
    assert code == 2
    assert said in capsys.readouterr().err
    assert len(asked) <= 1003


@pytest.mark.parametrize(
    "page",
    [
        {"items": "none"},
        {"items": [1]},
        {"items": [], "metadata": "x"},
        {"items": [], "metadata": {"continue": 7}},
    ],
    ids=["items", "item", "metadata", "token"],
)
def test_what_is_no_list_of_objects_is_no_defect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], page: Json
) -> None:
    code, _ = run(tmp_path, lambda _: Reply(body=body(page)), "pending")
    said = capsys.readouterr().err
    assert code == 2
    assert "no list of objects" in said
    assert "a defect" not in said


def test_warnings_of_the_server_are_passed_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warning = {"Warning": '299 - "this kind will change"'}
    code, _ = run(
        tmp_path, lambda _: Reply(body=body(role(1)), headers=warning), "digest", "ramrole/alpha"
    )
    captured = capsys.readouterr()
    assert (code, captured.out) == (0, f"{DIGEST}\n")
    assert captured.err == "Warning: this kind will change\n"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(body=b"<html>login</html>"), "no object in JSON"),
        (Reply(body=b"[" * 100_000), "no object in JSON"),
        (Reply(400, b"[" * 100_000), "answered 400"),
        (Reply(502, b"bad gateway"), "answered 502"),
        (Reply(cut=True), "does not answer"),
    ],
)
def test_what_is_no_api_server(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], reply: Reply, said: str
) -> None:
    code, _ = run(tmp_path, lambda _: reply, "show", "ramrole/alpha")
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert said in captured.err


def test_a_defect_is_no_traceback_and_not_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Code 1 says that there was nothing to do; a crash must not say so."""
    item = {**role(1), "status": {"accountId": "1", "cloudName": "alpha"}}

    def answer(request: Request) -> Reply:
        said = {"accountId": "1", "kind": "RamRole", "name": "alpha", "history": ["no entry"]}
        odd = {"metadata": {}, "record": said}
        return Reply(body=body(odd if "ramrecords" in request.path else item))

    code, _ = run(tmp_path, answer, "history", "ramrole/alpha")
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert "a defect" in captured.err


FORGED = "x\r\nForged: yes\x1b[2J\u202e\u2028"


@pytest.mark.parametrize("status", [200, 400, 403, 404, 422, 500])
@pytest.mark.parametrize("words", [("pending", "-o", "wide"), ("show", "ramrole/alpha")])
def test_no_server_forges_what_is_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], status: int, words: tuple[str, ...]
) -> None:
    item = role(1)
    item["metadata"].update(namespace=FORGED, name=FORGED)
    item["metadata"]["annotations"] = {"ram.alibabacloud.com/changed-by": FORGED}
    item["status"]["pending"].update(summary=FORGED, gains=[FORGED], kind=FORGED, since=FORGED)
    warning = {"Warning": '299 - "x\x1b[2J\x9b"'}
    said = {"message": f'User "{FORGED}" cannot get resource "ramroles" in {FORGED}'}
    whole = item if words[0] == "show" else {"items": [item]}

    def answer(_: Request) -> Reply:
        return Reply(status, body(whole if status == 200 else said), headers=warning)

    run(tmp_path, answer, *words)
    captured = capsys.readouterr()
    shown = captured.out + captured.err
    assert not {"\r", "\x1b", "\x9b", "\u202e", "\u2028"} & set(shown)
    assert not [line for line in shown.split("\n") if line.startswith("Forged")]
