"""A report that fails leaves no status of before as if it were still so; over real HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ram_operator.constants import Reason
from tests.unit.stub_server import Reply, Request
from tests.unit.test_reconcile_edits import KEY, passed, role

Json = dict[str, Any]
READY: Json = {
    "type": "Ready",
    "status": "True",
    "reason": "Synced",
    "message": "as asked",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
    "observedGeneration": 1,
}
SYNCED: Json = {**READY, "type": "Synced"}


def told(status: Json, *refused: str) -> list[Json]:
    """The conditions by type, of each status that was written over `status`; whatever names one of
    `refused` is refused.
    """
    found: list[Json] = []

    def answer(request: Request) -> Reply:
        sent = json.loads(request.body)
        if request.method == "POST":
            return Reply(201, json.dumps(sent).encode())
        if any(name in sent["status"] for name in refused):
            return Reply(422, json.dumps({"message": "status: Invalid value"}).encode())
        found.append({item["type"]: item for item in sent["status"].get("conditions", ())})
        return Reply(200, json.dumps({**role(9), **sent}).encode())

    asked = {"ram.alibabacloud.com/reconcile-requested-at": "now"}
    body = {**role(1, annotations=asked), "status": {"conditions": [READY, SYNCED], **status}}
    around = passed(body, KEY, answer)
    assert around.queue.failures(KEY) > 0, "it is tried again"
    return found


@pytest.mark.parametrize(
    "odd",
    [{"pending": 7}, {"drift": 7}, {"pending": {"since": "garbage"}}],
    ids=["pending", "drift", "since"],
)
def test_a_report_that_fails_twice_is_told(odd: Json) -> None:
    """What it was to be made of is kept by the first attempt, and by the second."""
    ready, synced = (told(odd)[-1][kind] for kind in ("Ready", "Synced"))
    assert (ready["status"], ready["reason"]) == ("False", Reason.INTERNAL_ERROR)
    assert synced["status"] != "True"


def test_a_status_that_the_server_refuses_is_told_shorter() -> None:
    (written,) = told({}, "lastHandledReconcileAt")
    assert written["Ready"]["status"] == "False"
    assert written["Synced"]["status"] != "True"
