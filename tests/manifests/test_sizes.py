"""How large the largest object of each kind is, by its CRD, and what bounds documents."""

from __future__ import annotations

import re
from typing import Final

import pytest
import yaml

from ram_operator.runtime import bodies
from tests.manifests.support import MANAGED, ROOT, Json, crds, schema

KB: Final = 1024
DOCUMENTS: Final = {"RamRole": 2_048, "RamPolicy": 6_144}
"""Characters that RAM takes of a trust and of a permission document, counted without blanks."""
SPELLED: Final = 4
"""So many times as long the same document may be in JSON: a letter beyond ASCII has four bytes."""
OURS: Final = ("RamGroup",)
"""Larger than 64 kB, for the sake of 500 members, each with an end: see decision 029."""


def largest(name: str, node: Json, letter: int) -> int:
    """Bytes that the field takes at most in compact JSON, by its schema, with letters of so many
    bytes where any are allowed. Nothing for documents, most of which has no type.
    """
    if name in ("document", "trustPolicy"):
        return 0
    if "enum" in node:
        most = max(len(str(word)) for word in node["enum"]) + 2
    elif node.get("x-kubernetes-int-or-string"):
        most = node.get("maxLength", 16) + 2
    elif node.get("type") == "array":
        most = 2 + node["maxItems"] * (largest("", node["items"], letter) - 3)
    elif node.get("type") == "object":
        most = 2 + sum(largest(part, below, letter) for part, below in _parts(node).items())
        if isinstance(more := node.get("additionalProperties"), dict):
            # A key may be as long as RAM lets one of a tag be.
            most += node["maxProperties"] * (letter * 128 + largest("", more, letter))
    else:
        most = _text(node, letter) if node.get("type") == "string" else 12
    return len(name) + 4 + most


def _parts(node: Json) -> Json:
    return dict(node.get("properties", {}))


def _text(node: Json, letter: int) -> int:
    """Where a pattern lists what it takes, that is ASCII."""
    pattern = str(node.get("pattern", ""))
    plain = node.get("format") == "date-time" or (pattern and "\\p{" not in pattern)
    return int(node["maxLength"]) * (1 if plain else letter) + 2


def whole(kind: str, letter: int) -> int:
    """The largest spec of the kind, its document as long as RAM takes one."""
    spec = schema(crds()[kind])["properties"]["spec"]
    return largest("spec", spec, letter) + SPELLED * DOCUMENTS.get(kind, 0)


@pytest.mark.parametrize("kind", sorted(set(MANAGED.values()) - set(OURS)))
def test_no_object_exceeds_64_kb_whatever_its_letters(kind: str) -> None:
    assert 1_000 < whole(kind, 1) <= whole(kind, 4) < 64 * KB


def test_a_group_exceeds_it_by_its_members_alone() -> None:
    spec = schema(crds()["RamGroup"])["properties"]["spec"]
    members = largest("members", spec["properties"]["members"], 1)
    assert 500 * 100 < members < 72 * KB
    assert whole("RamGroup", 4) - members < 24 * KB
    assert 64 * KB < whole("RamGroup", 1) < bodies.LARGEST


@pytest.mark.parametrize("kind", sorted(MANAGED.values()))
def test_what_stays_of_a_larger_one_is_all_but_its_document_and_members(kind: str) -> None:
    """Of what is stored since before admission refused it."""
    spec = schema(crds()[kind])["properties"]["spec"]
    by_field = {name: largest(name, node, 1) for name, node in spec["properties"].items()}
    assert {name for name, size in by_field.items() if size > bodies.SMALL} <= {"members", "tags"}


def test_admission_refuses_what_no_schema_counts_at_the_same_sizes() -> None:
    (policy, _) = yaml.safe_load_all((ROOT / "deploy/admission/ram-approve.yaml").read_text())
    (most,) = (each for each in policy["spec"]["variables"] if each["name"] == "most")
    groups, others = map(int, re.findall(r"[0-9]+", most["expression"]))
    assert (groups, others) == (bodies.LARGEST, 64 * KB)
