"""What a request for a deletion is about, and when there is none to make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ram_operator.cli import deleting, screen, targets
from ram_operator.cli.deleting import Deletable
from ram_operator.cli.outcomes import Nothing
from tests.unit.stub_server import Reply, Request
from tests.unit.test_cli_answers import body, role, run
from tests.unit.test_cli_texts import NOW

TARGET = targets.Target("identity", "RamRole", "alpha")
ASKED = "ram.alibabacloud.com/delete-requested"


def item(*, deleting_now: bool = False, notes: Any = None, **status: Any) -> dict[str, Any]:
    meta = {"uid": "u", "resourceVersion": "1", "generation": 2, "annotations": notes}
    gone = {"deletionTimestamp": "2026-11-24T12:00:00Z"} if deleting_now else {}
    spec = {"deletionPolicy": "Delete"}
    return {"metadata": {**meta, **gone}, "spec": spec, "status": status}


def read(**more: Any) -> Deletable:
    return deleting.read(item(**more), TARGET)


def test_what_is_not_known_is_said_so() -> None:
    shown = deleting.text(read(), NOW, screen.Paint(False))
    assert "not there yet in account (unknown)" in shown
    assert "is not begun" in shown
    assert "is under way" in deleting.text(read(deleting_now=True), NOW, screen.Paint(False))


def test_what_comes_next() -> None:
    assert deleting.next_step(read()).startswith(
        "Now delete it: kubectl delete ramrole/alpha -n id"
    )
    assert "kubectl ram approve ramrole/alpha -n id" in deleting.next_step(read(deleting_now=True))


def test_who_has_asked_already_is_not_asked_again() -> None:
    by = {ASKED: "yes", f"{ASKED}-by": "ann"}
    with pytest.raises(Nothing, match="ann has asked"):
        deleting.check(read(notes=by))
    # Nobody knows who it was: it is written anew, by another word, so that it is stamped.
    unknown = read(notes={ASKED: "yes"})
    deleting.check(unknown)
    assert deleting.value(unknown, None) == "yes (again)"
    assert deleting.value(unknown, "old") == "old"
    with pytest.raises(Nothing, match="stays in the cloud"):
        deleting.check(deleting.read({"metadata": {}}, TARGET))


def test_another_object_or_another_offer_is_another_thing() -> None:
    pending = {"kind": "Deletion", "digest": "sha256:1"}
    assert read().is_same(read())
    assert read(pending=pending).is_same(read(pending=pending))
    assert not read().is_same(read(pending=pending))
    assert not read(pending=pending).is_same(read(pending={**pending, "digest": "sha256:2"}))
    assert not read().is_same(read(deleting_now=True))
    # What waits of its edits is no deletion.
    assert read(pending={**pending, "kind": "TrustChange"}).held is None


def test_a_conflict_is_another_look(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reads, answers = iter(range(1, 9)), iter([409])

    def answer(request: Request) -> Reply:
        if request.method == "GET":
            found = role(next(reads))
            return Reply(body=body({**found, "spec": {"deletionPolicy": "Delete"}}))
        return Reply(next(answers, 200), body({"message": "the object has been modified"}))

    code, asked = run(tmp_path, answer, "request-deletion", "ramrole/alpha", "--yes")
    assert code == 0
    assert capsys.readouterr().out.endswith("deletion requested\n")
    assert sum(each.method == "PATCH" for each in asked) == 2
