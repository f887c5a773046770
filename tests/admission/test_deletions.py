"""Who may delete what an account holds, and who may approve that."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any, Final

import pytest

from lab.connection import RequestFailed
from lab.waiting import until
from tests.admission.objects import D1, PREFIX, SPECS, manifest, resource
from tests.admission.people import API, Json, Person

MERGE: Final = "application/merge-patch+json"
TOLD: Final = "holds deletions: whoever wants this one says so first, by the annotation"
HELD: Final = ("RamRole", "RamUser")
FOREIGN: Final = "example.com/backup"


@pytest.fixture(scope="module")
def strict(people: dict[str, Person]) -> Iterator[str]:
    """An account that holds deletions; the API server knows of it after a moment."""
    admin, name = people["administrator"], f"a{uuid.uuid4().hex[:10]}"
    spec = {"accountId": "9999999999999999", "gate": {"holdDeletions": True}}
    body = {"apiVersion": API, "kind": "RamAccount", "metadata": {"name": name}, "spec": spec}
    admin.send("POST", resource("RamAccount"), body)
    probe = make(people, "RamRole", name)
    until(lambda: TOLD in refusal(admin, f"{probe}?dryRun=All"), "the enforcement of ram-delete")
    clear(people, probe)
    yield name
    admin.send("DELETE", f"{resource('RamAccount')}/{name}")


def make(people: dict[str, Person], kind: str, account: str, **more: Any) -> str:
    """Its path."""
    name = f"a{uuid.uuid4().hex[:10]}"
    body = manifest(kind, "default", name, more.pop("annotations", None))
    body["spec"] |= {"accountRef": {"name": account}, "deletionPolicy": "Delete", **more}
    body["metadata"]["finalizers"] = [FOREIGN]
    people["author"].send("POST", resource(kind), body)
    return f"{resource(kind)}/{name}"


def clear(people: dict[str, Person], path: str) -> None:
    admin = people["administrator"]
    meta: Json = {"finalizers": None, "annotations": {f"{PREFIX}delete-requested": "end"}}
    admin.send("PATCH", path, {"metadata": meta}, MERGE)
    refusal(admin, path)


def refusal(person: Person, path: str) -> str:
    """Why a deletion is refused; "" where it is not."""
    try:
        person.send("DELETE", path)
    except RequestFailed as failure:
        return str(failure)
    return ""


def says(person: Person, path: str, **annotations: str | None) -> str:
    """Why an annotation is refused; "" where it is not."""
    named = {PREFIX + key.replace("_", "-"): value for key, value in annotations.items()}
    try:
        person.send("PATCH", path, {"metadata": {"annotations": named}}, MERGE)
    except RequestFailed as failure:
        return str(failure)
    return ""


@pytest.mark.parametrize("kind", HELD)
def test_nobody_deletes_before_somebody_has_asked(
    people: dict[str, Person], strict: str, kind: str
) -> None:
    path = make(people, kind, strict)
    for who in ("author", "administrator", "argocd"):
        assert TOLD in refusal(people[who], path)
    # A stamp that nobody computed is none.
    assert says(people["author"], path, delete_requested_by="pat@shop.example") == ""
    assert TOLD in refusal(people["author"], path)
    assert says(people["author"], path, delete_requested="yes") == ""
    assert refusal(people["argocd"], path) == ""
    # It is being deleted; to say so once more does no harm.
    assert says(people["author"], path, delete_requested=None) == ""
    assert refusal(people["author"], path) == ""
    clear(people, path)


@pytest.mark.parametrize("kind", HELD)
def test_many_are_deleted_no_more_easily_than_one(
    people: dict[str, Person], strict: str, kind: str
) -> None:
    path = make(people, kind, strict)
    name = path.rpartition("/")[2]
    where = f"{resource(kind)}?fieldSelector=metadata.name={name}"
    assert TOLD in refusal(people["administrator"], where)
    assert people["administrator"].send("GET", path)
    clear(people, path)


def test_what_is_kept_or_of_another_kind_or_account_is_let_go(
    people: dict[str, Person], strict: str
) -> None:
    paths = [
        make(people, "RamRole", strict, deletionPolicy="Retain"),
        make(people, "RamUser", "default"),
        make(people, "RamGroup", strict),
        make(people, "RamPolicy", strict),
    ]
    for path in paths:
        assert refusal(people["author"], path) == ""
        clear(people, path)


@pytest.mark.parametrize("kind", sorted(SPECS))
def test_who_asked_for_a_deletion_does_not_approve_it(people: dict[str, Person], kind: str) -> None:
    """Of every kind: what denies rights is held whatever the account says."""
    path = make(people, kind, "default")
    assert refusal(people["editor"], path) == ""
    nobody = "nobody is known to have asked for this deletion"
    assert nobody in says(people["approver"], path, approve=D1)
    both: Any = {"approve": D1, "delete_requested": "yes"}
    assert "does not approve it" in says(people["chief"], path, **both)
    assert says(people["chief"], path, delete_requested="yes") == ""
    assert "does not approve it" in says(people["chief"], path, approve=D1)
    forged: Any = {"approve": D1, "delete_requested_by": "eve@shop.example"}
    assert "does not approve it" in says(people["chief"], path, **forged)
    assert nobody in says(people["chief"], path, approve=D1, delete_requested=None)
    assert says(people["approver"], path, approve=D1) == ""
    clear(people, path)


def test_an_author_of_the_manifest_does_not_approve_its_deletion(
    people: dict[str, Person],
) -> None:
    """He may have changed deletionPolicy before somebody else deleted it."""
    path = make(people, "RamRole", "default")
    people["chief"].send("PATCH", path, {"spec": {"deletionPolicy": "Delete"}}, MERGE)
    people["chief"].send("PATCH", path, {"spec": {"description": "x"}}, MERGE)
    assert says(people["editor"], path, delete_requested="yes") == ""
    assert refusal(people["editor"], path) == ""
    assert "no author approves" in says(people["chief"], path, approve=D1)
    clear(people, path)
