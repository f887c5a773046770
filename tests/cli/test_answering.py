"""`kubectl ram approve` and `reject` on a real API server: what is written, and when nothing is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from lab.waiting import Deadline
from tests.cli.support import APPROVE, DIGEST, GROUP, OTHER, REJECT, Desk

REASON = f"{GROUP}/approve-reason"
STAMPS = (f"{GROUP}/changed-by", f"{GROUP}/approved-by", f"{GROUP}/rejected-by")
NO = {"by": "eve@shop.example", "at": "2026-11-24T12:23:04Z", "reason": "not before the audit"}


def _answers(desk: Desk, name: str) -> dict[str, str]:
    """The annotations besides the stamps of admission."""
    return {k: v for k, v in desk.annotations(name).items() if k not in STAMPS}


def test_an_approval_is_one_annotation_and_nothing_else(desk: Desk) -> None:
    before = desk.waits("alpha")
    result = desk.ram("approve", "ramrole/alpha", "--yes")
    assert (result.code, result.err) == (0, "")
    assert result.out.endswith("ramrole.ram.alibabacloud.com/alpha approved\n")
    assert result.out.index("Would gain") < result.out.index("approved")
    after = desk.get("alpha")
    assert _answers(desk, "alpha") == {APPROVE: DIGEST}
    assert after["spec"] == before["spec"]
    assert after["status"] == before["status"]
    (entry,) = [
        each
        for each in after["metadata"]["managedFields"]
        if each["manager"] == "ram-operator-approver"
    ]
    assert entry["operation"] == "Update"
    assert f"f:{APPROVE}" in entry["fieldsV1"]["f:metadata"]["f:annotations"]
    (write,) = [
        event
        for event in desk.cluster.audit_events("carol")
        if event["verb"] == "patch" and event["objectRef"].get("namespace") == desk.namespace
    ]
    assert "fieldManager=ram-operator-approver" in write["requestURI"]


def test_a_reason_stands_beside_the_approval_it_is_of(desk: Desk) -> None:
    desk.waits("alpha")
    assert desk.ram("approve", "ramrole/alpha", "--yes", "--reason", "CHG-1: 迁移").code == 0
    assert _answers(desk, "alpha") == {APPROVE: DIGEST, REASON: f"{DIGEST} CHG-1: 迁移"}
    desk.offer("alpha", digest=OTHER)
    assert desk.ram("approve", "ramrole/alpha", "--yes").code == 0
    assert _answers(desk, "alpha") == {APPROVE: OTHER}, "the old reason is not of this approval"


def test_forms_of_an_answer(desk: Desk) -> None:
    desk.waits("alpha")
    result = desk.ram("approve", "ramrole/alpha", "--yes", "-o", "name")
    assert result.out == "ramrole.ram.alibabacloud.com/alpha\n"
    assert "Would gain" in result.err, "what is approved is shown, whatever the form"
    again = desk.ram("approve", "ramrole/alpha", "--yes")
    assert (again.code, again.out) == (1, "")
    assert "approved already" in again.err


@pytest.mark.parametrize(
    ("typed", "code", "written"),
    [("yes", 0, True), ("no", 1, False), ("", 1, False), ("y", 1, False)],
)
def test_a_person_is_asked(desk: Desk, typed: str, code: int, written: bool) -> None:
    desk.waits("alpha")
    terminal = desk.terminal("approve", "ramrole/alpha")
    terminal.until("yes or no:")
    assert terminal.answer(typed) == code
    assert _answers(desk, "alpha") == ({APPROVE: DIGEST} if written else {})


@pytest.mark.parametrize(
    "moved",
    [
        {"digest": OTHER},
        {"gains": ["everybody can now assume this role"]},
        {"after": '{"trustPolicy":{}}'},
        {"rejected": "no"},
        {"pending": None},
        {"spec": True},
    ],
    ids=lambda moved: next(iter(moved)),
)
def test_what_moved_after_it_was_shown_is_not_approved(desk: Desk, moved: dict[str, Any]) -> None:
    """The person reads, the change becomes another one, the person answers yes."""
    desk.waits("alpha")
    terminal = desk.terminal("approve", "ramrole/alpha")
    terminal.until("yes or no:")
    if "spec" in moved:
        spec = {"spec": {"description": "another"}}
        path = desk.path("RamRole", "alpha")
        desk.cluster.request("PATCH", path, spec, content_type="application/merge-patch+json")
    elif "pending" in moved:
        desk.as_operator("alpha", "RamRole", {"status": moved})
    else:
        desk.offer("alpha", **moved)
    assert terminal.answer("yes") == 3
    assert "the change" in terminal.shown.partition("yes or no:")[2]
    assert _answers(desk, "alpha") == {}


def test_a_status_that_only_says_more_does_not_stop_an_approval(desk: Desk) -> None:
    """The operator writes the status while the person reads: the resourceVersion is another."""
    desk.waits("alpha")
    terminal = desk.terminal("approve", "ramrole/alpha")
    terminal.until("yes or no:")
    desk.as_operator("alpha", "RamRole", {"status": {"lastHandledReconcileAt": "now"}})
    assert terminal.answer("yes") == 0
    assert _answers(desk, "alpha") == {APPROVE: DIGEST}


def test_nobody_to_ask_is_no_yes(desk: Desk) -> None:
    desk.waits("alpha")
    result = desk.ram("approve", "ramrole/alpha")
    assert result.code == 2
    assert "stdin is no terminal" in result.err
    assert _answers(desk, "alpha") == {}


def test_a_digest_seen_earlier_pins_the_approval(desk: Desk) -> None:
    desk.waits("alpha")
    moved = desk.ram("approve", "ramrole/alpha", "--yes", "--digest", OTHER)
    assert (moved.code, moved.out) == (3, "")
    assert f"its digest is {DIGEST} now" in moved.err
    assert desk.ram("approve", "ramrole/alpha", "--yes", "--digest", DIGEST[:20]).code == 2
    assert _answers(desk, "alpha") == {}
    assert desk.ram("approve", "ramrole/alpha", "--yes", "--digest", DIGEST).code == 0


@pytest.mark.parametrize(
    ("pending", "said"),
    [
        ({"digest": None}, "has not offered"),
        ({"rejected": "not before the audit"}, "--digest"),
        ({"voided": "AdmissionPolicyMissing"}, "no approval counts now"),
    ],
)
def test_an_approval_that_could_not_count_is_not_written(
    desk: Desk, pending: dict[str, Any], said: str
) -> None:
    desk.waits("alpha", **pending)
    result = desk.ram("approve", "ramrole/alpha", "--yes")
    assert (result.code, result.out) == (3, "")
    assert said in result.err
    assert _answers(desk, "alpha") == {}


def test_a_rejection_names_digest_and_reason_and_blocks_the_approval(desk: Desk) -> None:
    desk.waits("alpha")
    result = desk.ram("reject", "ramrole/alpha", "--reason", "  not before the audit ")
    assert (result.code, result.err) == (0, "")
    assert result.out == "ramrole.ram.alibabacloud.com/alpha rejected\n"
    assert _answers(desk, "alpha") == {REJECT: f"{DIGEST} not before the audit"}
    late = desk.ram("approve", "ramrole/alpha", "--yes")
    assert (late.code, late.out) == (3, "")
    assert "once the operator has recorded that" in late.err, "and how it goes on"
    again = {"rejected": "not before the audit", "rejections": [NO]}
    desk.offer("alpha", digest=OTHER, **again)
    unseen = desk.ram("approve", "ramrole/alpha", "--yes")
    assert (unseen.code, _answers(desk, "alpha").get(APPROVE)) == (3, None)
    assert f"--digest {OTHER}" in unseen.err
    assert unseen.err.index("Rejected") < unseen.err.index("Would gain")
    assert "eve@shop.example at 2026-11-24T12:23:04Z: not before the audit" in unseen.err
    assert desk.ram("approve", "ramrole/alpha", "--yes", "--digest", OTHER).code == 0
    assert desk.ram("pending").out.splitlines()[1].split()[-1] == "approved"
    for reason in ("", " ", "two\nlines", "x" * 501):
        assert desk.ram("reject", "ramrole/alpha", "--reason", reason).code == 2
    assert desk.ram("reject", "ramrole/alpha").code == 2


def test_who_may_not_write_is_told_which_right_is_missing(desk: Desk) -> None:
    desk.waits("alpha")
    reader = {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": "ram-operator-view",
    }
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "rita"}
    binding = {"metadata": {"name": "rita"}, "roleRef": reader, "subjects": [subject]}
    where = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{desk.namespace}/rolebindings"
    desk.cluster.request("POST", where, binding)
    result = desk.ram("approve", "ramrole/alpha", "--yes", user="rita")
    assert result.code == 3
    assert "rita lacks the right to patch ramroles" in result.err
    assert _answers(desk, "alpha") == {}


@pytest.fixture
def guarded(desk: Desk) -> Iterator[Desk]:
    """An admission policy on this namespace that answers as the shipped one does."""
    name = f"test-{desk.namespace}"
    meta = {"metadata": {"name": name}}
    group = "/apis/admissionregistration.k8s.io/v1"
    note = f"object.metadata.?annotations[?'{APPROVE}'].orValue('')"
    may = (
        f"authorizer.group('{GROUP}').resource('ramroles').namespace(object.metadata.namespace)"
        ".name(request.name).check('approve').allowed()"
    )
    rules = {
        "apiGroups": [GROUP],
        "apiVersions": ["*"],
        "operations": ["UPDATE"],
        "resources": ["ramroles"],
    }
    policy = {
        "matchConstraints": {"resourceRules": [rules]},
        "validations": [
            {
                "expression": f"{note} == '' || {may}",
                "message": "that takes the verb approve on ramroles",
                "reason": "Forbidden",
            }
        ],
    }
    selector = {"matchLabels": {"kubernetes.io/metadata.name": desk.namespace}}
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": selector},
    }
    plurals = ("validatingadmissionpolicies", "validatingadmissionpolicybindings")
    for plural, spec in zip(plurals, (policy, binding), strict=True):
        desk.cluster.request("POST", f"{group}/{plural}", {**meta, "spec": spec})
    yield desk
    for plural in reversed(plurals):
        desk.cluster.request("DELETE", f"{group}/{plural}/{name}")


def test_a_refusal_of_admission_is_explained(guarded: Desk) -> None:
    guarded.waits("alpha")
    deadline = Deadline()
    erin = str(guarded.cluster.kubeconfig_for_user("erin"))
    while True:  # a new policy is enforced some moments after it was stored
        trial = (
            "annotate",
            "--dry-run=server",
            "--overwrite",
            "ramrole/alpha",
            f"{APPROVE}={OTHER}",
        )
        tried = guarded.cluster.kubectl(
            *trial, "-n", guarded.namespace, f"--kubeconfig={erin}", check=False
        )
        if tried.returncode != 0:
            break
        assert not deadline.over, "the policy is not enforced"
        time.sleep(0.2)
    result = guarded.ram("approve", "ramrole/alpha", "--yes", user="erin")
    assert result.code == 3
    assert "does not let you approve ramrole/alpha" in result.err
    assert "the verb approve on ramroles" in result.err
    assert f"kubectl auth can-i approve ramroles -n {guarded.namespace}" in result.err
    assert _answers(guarded, "alpha") == {}
    assert guarded.ram("approve", "ramrole/alpha", "--yes").code == 0
