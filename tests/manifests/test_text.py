"""Texts in manifests: in one line, and nothing in them that cannot be seen."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from lab.connection import Cluster, RequestFailed
from tests.manifests.support import CASE_FILES, MANAGED, Json, crds, schema, walk

_BASES: dict[str, Json] = {k: base for file in CASE_FILES for k, base in file["bases"].items()}
_PLURALS = {kind: plural for plural, kind in MANAGED.items()}
ODD = ("\n", "\x1b[2J", "\x85", "\u202e", "\u200b", "\u2028", "\ufeff", "\ue000")
SAYS = ("without control, direction or other invisible characters", "write acs:<service>")
CONDITION = ("Statement", 0, "Condition")
PLACES: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "a role's description": ("RamRole", ("description",), "x{}y"),
    "a policy's description": ("RamPolicy", ("description",), "x{}y"),
    "a user's comments": ("RamUser", ("comments",), "x{}y"),
    "a user's display name": ("RamUser", ("displayName",), "x{}y"),
    "a group's comments": ("RamGroup", ("comments",), "x{}y"),
    "a tag": ("RamRole", ("tags", "team"), "x{}y"),
    "an account": ("RamUser", ("accountRef", "name"), "x{}y"),
    "a condition of a trust": (
        "RamRole",
        ("trustPolicy", *CONDITION, "StringEquals", "sts:ExternalId"),
        "x{}y",
    ),
    "a condition of a policy": (
        "RamPolicy",
        ("document", *CONDITION, "StringLike", "oss:Prefix"),
        "x{}y",
    ),
    "a resource": ("RamPolicy", ("document", "Statement", 0, "Resource"), "acs:oss:*:*:x{}y"),
}


def _with(kind: str, place: tuple[Any, ...], value: Any) -> Json:
    manifest = copy.deepcopy(_BASES[kind])
    node: Any = manifest["spec"]
    for step in place[:-1]:
        node = node[step] if isinstance(step, int) else node.setdefault(step, {})
    node[place[-1]] = value
    return manifest


def _send(cluster: Cluster, namespace: str, manifest: Json) -> str:
    """What the API server says against it, without storing anything."""
    plural = _PLURALS[manifest["kind"]]
    path = f"/apis/ram.alibabacloud.com/v1alpha1/namespaces/{namespace}/{plural}?dryRun=All"
    try:
        cluster.request("POST", path, manifest)
    except RequestFailed as error:
        return str(error)
    return ""


@pytest.mark.parametrize(("kind", "place", "form"), PLACES.values(), ids=PLACES)
def test_what_cannot_be_seen_is_refused_with_the_remedy(
    installed: Cluster, namespace: str, kind: str, place: tuple[Any, ...], form: str
) -> None:
    assert _send(installed, namespace, _with(kind, place, form.format("é安 ❤️"))) == ""
    for char in ODD:
        said = _send(installed, namespace, _with(kind, place, form.format(char)))
        assert any(words in said for words in SAYS), (ascii(char), said)


def test_tag_keys_and_lists_of_values_are_held_to_it(installed: Cluster, namespace: str) -> None:
    role = _with("RamRole", ("tags", "x\u202ey"), "a")
    assert "a tag key has no control" in _send(installed, namespace, role)
    listed = PLACES["a condition of a policy"][1]
    said = _send(installed, namespace, _with("RamPolicy", listed, ["fine", "x\ny"]))
    assert SAYS[0] in said


@pytest.mark.parametrize("kind", [*sorted(MANAGED.values()), "RamAccount"])
def test_no_text_of_a_manifest_is_left_out(kind: str) -> None:
    """A new field of free text has to be held to it, too."""
    spec = schema(crds()[kind])["properties"]["spec"]
    free = [
        path
        for path, node in walk(spec)
        if "maxLength" in node
        and not {"pattern", "enum", "format"} & node.keys()
        and "x-kubernetes-int-or-string" not in node
    ]
    assert free == [], json.dumps(free)
