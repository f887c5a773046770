"""The plugin on an API server that says what it was told: what a real one does rarely."""

from __future__ import annotations

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
    code, _ = run(tmp_path, lambda _: Reply(body=body({"items": "none"})), "pending")
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert "a defect" in captured.err
