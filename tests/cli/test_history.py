"""`kubectl ram history` on a real API server: what the record says, to whom it is readable."""

from __future__ import annotations

import json
from typing import Any, Final

import yaml

from ram_operator.kinds.identity import Identity
from tests.cli.support import API, DIGEST, GROUP, OTHER, Desk

Json = dict[str, Any]
ACCOUNT: Final = "1234567890123456"
HISTORY: Final = [
    {"at": "2026-11-20T08:00:00Z", "operation": "Created"},
    {
        "at": "2026-11-21T08:00:00Z",
        "operation": "Rejected",
        "by": "bob",
        "author": "erin",
        "rejection": OTHER,
        "reason": "we do not know them",
        "says": "Would gain: eve",
    },
    {
        "at": "2026-11-22T08:00:00Z",
        "operation": "TrustChange",
        "by": "carol",
        "author": "erin",
        "offered": "2026-11-21T08:00:00Z",
        "approval": DIGEST,
        "guard": "intact",
        "says": "Would gain: ann\u202e",
    },
]


def recorded(desk: Desk, name: str, history: list[Json]) -> None:
    """The record as the operator writes it, which nobody else may."""
    key = Identity(ACCOUNT, "RamRole", name).key.name
    token = desk.cluster.service_account_token("ram-system", "ram-operator")
    path = f"/apis/{API}/ramrecords"
    said = {"accountId": ACCOUNT, "kind": "RamRole", "name": name, "sequence": 1}
    body = {
        "apiVersion": API,
        "kind": "RamRecord",
        "metadata": {"name": key},
        "record": {**said, "cloudName": name, "history": history},
    }
    desk.cluster.request("POST", path, body, token=token)


def may_read_records(desk: Desk, user: str) -> None:
    """As the role of an approver or auditor gives it where it is bound for the whole cluster."""
    group = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [GROUP], "resources": ["ramrecords"], "verbs": ["get"]}
    name = f"records-{desk.namespace}-{user}"
    base = f"/apis/{group}/v1"
    desk.cluster.request(
        "POST", f"{base}/clusterroles", {"metadata": {"name": name}, "rules": [rule]}
    )
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    desk.cluster.request("POST", f"{base}/clusterrolebindings", binding)


def test_who_decided_what_the_latest_first(desk: Desk) -> None:
    name = f"past-{desk.namespace}"
    desk.waits(name)
    recorded(desk, name, HISTORY)
    may_read_records(desk, "carol")
    shown = desk.ram("history", f"ramrole/{name}", user="carol")
    assert (shown.code, shown.err) == (0, "")
    rows = shown.out.splitlines()
    assert [row.split()[1] for row in rows[1:]] == ["TrustChange", "Rejected", "Created"]
    assert rows[1].split()[2:6] == ["erin", "carol", "intact", DIGEST[:19]]
    assert "ann\\u202e" in rows[1], "what turns letters around is spelled out"
    assert "we do not know them; Would gain: eve" in rows[2]
    wide = desk.ram("history", f"arr/{name}", "-o", "wide", user="carol").out
    assert DIGEST in wide
    assert OTHER in wide


def test_as_a_document(desk: Desk) -> None:
    name = f"past-{desk.namespace}"
    desk.waits(name)
    recorded(desk, name, HISTORY)
    may_read_records(desk, "carol")
    found = json.loads(desk.ram("history", f"ramrole/{name}", "-o", "json", user="carol").out)
    assert found["kind"] == "DecisionList"
    assert found["object"]["name"] == found["cloudName"] == name
    assert found["items"] == HISTORY
    text = desk.ram("history", f"ramrole/{name}", "-o", "yaml", user="carol").out
    assert yaml.safe_load(text) == found


def test_what_was_never_decided_and_what_is_not_there(desk: Desk) -> None:
    name = f"past-{desk.namespace}"
    desk.waits(name)
    may_read_records(desk, "carol")
    none = desk.ram("history", f"ramrole/{name}", user="carol")
    assert (none.code, none.out) == (0, "")
    assert "nothing was decided" in none.err
    empty = json.loads(desk.ram("history", f"ramrole/{name}", "-o", "json", user="carol").out)
    assert empty["items"] == []
    assert desk.ram("history", "ramrole/nobody", user="carol").code == 2


def test_who_may_not_read_records_is_told_so(desk: Desk) -> None:
    """Who may edit and see what waits does not see the history for that."""
    name = f"past-{desk.namespace}"
    desk.waits(name)
    recorded(desk, name, HISTORY)
    refused = desk.ram("history", f"ramrole/{name}", user="erin")
    assert (refused.code, refused.out) == (3, "")
    assert "ramrecords" in refused.err
