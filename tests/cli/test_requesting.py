"""`kubectl ram request-deletion` on a real API server: what is written, and when nothing is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.support import GROUP, OTHER, Desk

ASKED = f"{GROUP}/delete-requested"
GOES: dict[str, Any] = {"kind": "Deletion", "losses": ["policies: System/AliyunOSSReadOnlyAccess"]}


def _patch(desk: Desk, name: str, **spec: Any) -> None:
    desk.cluster.request(
        "PATCH",
        desk.path("RamRole", name),
        {"spec": spec},
        content_type="application/merge-patch+json",
    )


@pytest.fixture
def role(desk: Desk) -> Desk:
    """One that goes in the cloud with its object, and of which nothing waits."""
    desk.waits("alpha")
    desk.as_operator("alpha", "RamRole", {"status": {"pending": None}})
    _patch(desk, "alpha", deletionPolicy="Delete")
    return desk


def _asked(desk: Desk) -> str | None:
    return desk.annotations("alpha").get(ASKED)


def test_a_request_is_one_annotation_and_says_what_comes_next(role: Desk) -> None:
    before = role.get("alpha")
    result = role.ram("request-deletion", "arr/alpha", "--yes", user="erin")
    assert result.code == 0
    assert result.out.endswith("ramrole.ram.alibabacloud.com/alpha deletion requested\n")
    assert "alpha in account 1234567890123456" in result.out
    assert f"kubectl delete ramrole/alpha -n {role.namespace}" in result.err
    after = role.get("alpha")
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])
    assert _asked(role) == "yes"
    assert "deletionTimestamp" not in after["metadata"]


def test_why_it_is_wanted_stands_on_the_object(role: Desk) -> None:
    words = ("request-deletion", "ramrole/alpha", "--yes", "--reason", "CHG-2", "-o", "name")
    result = role.ram(*words, user="erin")
    assert (result.code, result.out) == (0, "ramrole.ram.alibabacloud.com/alpha\n")
    assert _asked(role) == "CHG-2"


def test_what_is_kept_in_the_cloud_needs_no_request(role: Desk) -> None:
    _patch(role, "alpha", deletionPolicy="Retain")
    result = role.ram("request-deletion", "ramrole/alpha", "--yes", user="erin")
    assert (result.code, result.out) == (1, "")
    assert "the identity stays in the cloud" in result.err
    assert _asked(role) is None


def test_whoever_asks_is_asked_and_sees_what_goes(role: Desk) -> None:
    role.offer("alpha", **GOES)
    terminal = role.terminal("request-deletion", "ramrole/alpha", user="erin")
    terminal.until("yes or no:")
    assert GOES["losses"][0] in terminal.shown
    assert terminal.answer("no") == 1
    assert _asked(role) is None
    assert role.ram("request-deletion", "ramrole/alpha", user="erin").code == 2


@pytest.mark.parametrize("moved", ["spec", "offer"])
def test_what_moved_after_it_was_shown_is_not_asked_for(role: Desk, moved: str) -> None:
    role.offer("alpha", **GOES)
    terminal = role.terminal("request-deletion", "ramrole/alpha", user="erin")
    terminal.until("yes or no:")
    if moved == "spec":
        _patch(role, "alpha", description="another")
    else:
        role.offer("alpha", **{**GOES, "digest": OTHER})
    assert terminal.answer("yes") == 3
    assert "it moved meanwhile" in terminal.shown
    assert _asked(role) is None
