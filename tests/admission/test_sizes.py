"""How large a manifest may be: what no schema can count is refused by admission."""

from __future__ import annotations

import pytest

from lab import Cluster
from lab.connection import RequestFailed
from tests.admission.objects import SPECS, manifest, resource
from tests.admission.people import Json, Person
from tests.support import etcd

LETTERS = ("a", "\U0001f600")


def policy(name: str, letters: int, letter: str = "a") -> Json:
    """One whose document has about so many bytes."""
    found = manifest("RamPolicy", "default", name)
    each = 1000 // len(letter.encode())
    many = letters // 1000
    resources = [f"acs:oss:*:*:{number:04}{letter * each}" for number in range(many)]
    lists = [resources[first : first + 700] for first in range(0, many, 700)]
    statement = {"Effect": "Allow", "Action": "oss:GetObject"}
    document = {"Version": "1", "Statement": [{**statement, "Resource": one} for one in lists]}
    found["spec"] = {**SPECS["RamPolicy"], "document": document}
    return found


def refused(person: Person, body: Json, method: str = "POST") -> str:
    path = resource("RamPolicy", "default")
    if method == "PUT":
        path += f"/{body['metadata']['name']}"
    try:
        person.send(method, path, body)
    except RequestFailed as failure:
        return str(failure)
    return ""


@pytest.mark.parametrize("letter", LETTERS)
@pytest.mark.parametrize("size", [70_000, 1_000_000])
def test_a_manifest_that_no_identity_of_ram_takes_is_refused(
    people: dict[str, Person], size: int, letter: str
) -> None:
    told = refused(people["author"], policy("large", size, letter))
    print(told)
    assert "at most 64 are taken" in told


def test_one_as_large_as_may_be_is_taken(people: dict[str, Person]) -> None:
    assert refused(people["author"], policy("full", 62_000)) == ""


def test_a_group_may_have_all_its_members_with_ends(people: dict[str, Person]) -> None:
    """As long as the CRD lets names and ends be."""
    body = manifest("RamGroup", "default", "full")
    end = "2027-06-30T18:00:00.123456789+08:00"
    members = [
        {"type": "RamUser", "name": f"{number:03}{'x' * 61}", "expiresAt": end}
        for number in range(500)
    ]
    body["spec"] = {**SPECS["RamGroup"], "members": members}
    people["author"].send("POST", resource("RamGroup", "default"), body)


def test_what_was_stored_before_may_stay_go_and_be_made_smaller(
    people: dict[str, Person], control_plane: Cluster
) -> None:
    author, path = people["author"], f"{resource('RamPolicy', 'default')}/old"
    small = policy("old", 1_000)
    stored = author.send("POST", resource("RamPolicy", "default"), small)
    etcd.put(control_plane, {**stored, "spec": policy("old", 300_000)["spec"]})
    kind = "application/merge-patch+json"
    noted = {"metadata": {"annotations": {"example.com/note": "x"}}}
    control_plane.request("PATCH", path, noted, content_type=kind)
    with pytest.raises(RequestFailed, match="at most 64 are taken"):
        control_plane.request("PATCH", path, {"spec": {"description": "x"}}, content_type=kind)
    control_plane.request("PATCH", path, {"spec": small["spec"]}, content_type=kind)
    etcd.put(control_plane, {**stored, "spec": policy("old", 300_000)["spec"]})
    control_plane.request("DELETE", path)
