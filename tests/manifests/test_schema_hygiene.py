"""Rules that every CRD keeps, whatever its fields: bounds, descriptions, list types, wording."""

from __future__ import annotations

import re

import pytest

from ram_operator.kinds.schema import Shape
from ram_operator.kinds.table import KINDS, RECORD
from ram_operator.planning.last_applied import OLDER_NAME
from tests.manifests.support import MANAGED, Json, crds, schema, walk

_CRDS = crds()
_BY_KIND = pytest.mark.parametrize("kind", sorted(_CRDS))
_MANAGED = tuple(sorted(MANAGED.values()))
_COMMON_SPEC = (
    "accountRef",
    "adoptionPolicy",
    "deletionPolicy",
    "driftInterval",
    "driftPolicy",
    "suspend",
)
# Fields that some of the managed kinds have, alike wherever they are; so in the status.
_SHARED_SPEC = {
    "tags": {"RamPolicy", "RamRole"},
    "comments": {"RamGroup", "RamUser"},
    "policies": {"RamGroup", "RamRole", "RamUser"},
    "policyMode": {"RamGroup", "RamRole", "RamUser"},
}
_OWN_STATUS = {
    "RamPolicy": {"defaultVersion"},
    "RamRole": {"consoleLogin"},
    "RamUser": {"groups", "access", "accessKeys", "accessKeyRotatesAt"},
    "RamGroup": {"nextEndAt"},
}
# What was added entry by entry: the lists of status.written and, with what is only shown, of
# status.excess.
_ENTRIES = {
    "RamPolicy": {"policies", "tags"},
    "RamRole": {"policies", "tags"},
    "RamUser": {"policies", "tags"},
    "RamGroup": {"policies", "members"},
}


def _nodes(kind: str) -> list[tuple[str, Json]]:
    return [(path, node) for path, node in walk(schema(_CRDS[kind])) if path != ".metadata"]


@_BY_KIND
def test_names(kind: str) -> None:
    spec = _CRDS[kind]["spec"]
    assert spec["group"] == "ram.alibabacloud.com"
    assert [version["name"] for version in spec["versions"]] == ["v1alpha1"]
    # What only the operator writes is in nobody's way.
    assert spec["names"].get("categories", []) == (
        [] if spec["names"]["kind"] == RECORD else ["ram"]
    )
    assert _CRDS[kind]["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"
    assert spec["versions"][0]["additionalPrinterColumns"][-1]["name"] == "Age"


def test_short_names_are_distinct() -> None:
    names = [name for crd in _CRDS.values() for name in crd["spec"]["names"]["shortNames"]]
    assert len(names) == len(set(names)) == len(_CRDS)


@_BY_KIND
def test_every_field_is_described(kind: str) -> None:
    assert [path for path, node in _nodes(kind) if not node.get("description")] == []


@_BY_KIND
def test_every_default_is_told(kind: str) -> None:
    """kubectl explain shows a description, and not what is taken where nothing is said."""
    untold = [
        path
        for path, node in _nodes(kind)
        if "default" in node
        and not isinstance(node["default"], dict | list)
        and not re.search(rf"(?i)default.*\b{node['default']}\b", node["description"])
    ]
    assert untold == []


@_BY_KIND
def test_everything_is_bounded(kind: str) -> None:
    bounds = {"string": "maxLength", "array": "maxItems"}
    unbounded = [
        path
        for path, node in _nodes(kind)
        if (bound := bounds.get(node.get("type", ""))) and bound not in node and "enum" not in node
    ]
    maps = [
        path
        for path, node in _nodes(kind)
        if "additionalProperties" in node and "maxProperties" not in node
    ]
    assert unbounded + maps == []


@_BY_KIND
def test_every_list_has_a_type(kind: str) -> None:
    lists = [(path, node) for path, node in _nodes(kind) if node.get("type") == "array"]
    assert [path for path, node in lists if "x-kubernetes-list-type" not in node] == []


@_BY_KIND
def test_no_default_inside_a_list(kind: str) -> None:
    """kubectl apply replaces such lists whole and so would see a difference for ever."""
    assert [path for path, node in _nodes(kind) if "[]" in path and "default" in node] == []


@_BY_KIND
def test_what_has_no_type_refuses_all_but_text_and_lists(kind: str) -> None:
    typeless = [
        (path, node)
        for path, node in _nodes(kind)
        if "type" not in node and not node.get("x-kubernetes-int-or-string")
    ]
    for path, node in typeless:
        assert node["x-kubernetes-preserve-unknown-fields"] is True, path
        if "enum" in node:
            continue
        assert {"type", "maxLength"} <= node["items"].keys(), path
        # Of two branches of which none holds the first one's words are shown.
        words, rest = node["anyOf"]
        assert words["enum"][0].startswith("a text in quotes"), path
        assert rest["not"] == {"enum": [True, False]}, path
        assert rest["minimum"] > rest["maximum"], path
        assert rest["minProperties"] > rest["maxProperties"], path


@_BY_KIND
def test_objects_that_keep_unknown_fields_also_count_them(kind: str) -> None:
    keep = [
        (path, node)
        for path, node in _nodes(kind)
        if node.get("x-kubernetes-preserve-unknown-fields") and node.get("type") == "object"
    ]
    for path, node in keep:
        branches = [branch for branch in node.get("anyOf", [node]) if "enum" not in branch]
        counted = [branch.get("maxProperties", node.get("maxProperties")) for branch in branches]
        assert None not in counted, path


def test_common_fields_are_the_same_in_every_managed_kind() -> None:
    specs = [schema(_CRDS[kind])["properties"]["spec"]["properties"] for kind in _MANAGED]
    for name in _COMMON_SPEC:
        assert all(spec[name] == specs[0][name] for spec in specs), name
    statuses = {kind: _status(kind) for kind in _MANAGED}
    for kind, status in statuses.items():
        assert {name for name in _OWN_STATUS[kind] if status.pop(name, None)} == _OWN_STATUS[kind]
        written = status.pop("written")["properties"]
        assert set(written) == {"fields"} | _ENTRIES[kind], kind
        assert status.pop(OLDER_NAME)["properties"] == written, kind
        shown = {"access"} if kind == "RamUser" else set()
        assert set(status.pop("excess")["properties"]) == _ENTRIES[kind] | shown, kind
    assert all(status == statuses["RamRole"] for status in statuses.values())


def test_who_describes_an_object_reads_sentences_before_marks() -> None:
    """kubectl describe sorts a status by name."""
    for kind in _MANAGED:
        assert max(_status(kind)) == "written", kind


def test_what_an_adoption_leaves_has_its_place_in_the_status() -> None:
    """The API server drops what has none, and the next look would take it for drift."""
    for kind in _MANAGED:
        left = {
            field.name
            for field in KINDS[kind].fields
            if field.shape is Shape.ENTRIES and field.default is not None and not field.foreign
        }
        assert left <= set(_status(kind)["excess"]["properties"]), kind


@pytest.mark.parametrize("name", sorted(_SHARED_SPEC))
def test_shared_fields_differ_in_words_only(name: str) -> None:
    fields = {
        kind: spec[name]
        for kind in _MANAGED
        if name in (spec := schema(_CRDS[kind])["properties"]["spec"]["properties"])
    }
    assert set(fields) == _SHARED_SPEC[name]
    first, *others = (_without_words(field) for field in fields.values())
    assert all(other == first for other in others)


def test_entries_are_noted_alike_in_every_kind() -> None:
    for block in ("written", "excess"):
        notes = [_status(kind)[block]["properties"] for kind in _MANAGED]
        for name in set().union(*notes):
            lists = [_without_words(found[name]) for found in notes if name in found]
            assert all(one == lists[0] for one in lists), (block, name)
            if name != "fields":
                assert lists[0]["x-kubernetes-list-type"] == "atomic"
                # What cannot be seen in a key of a tag is masked, which takes more letters.
                assert lists[0]["items"]["maxLength"] == (1200 if name == "tags" else 160)


def _status(kind: str) -> Json:
    return dict(schema(_CRDS[kind])["properties"]["status"]["properties"])


def _without_words(node: Json) -> Json:
    return {
        key: _without_words(value) if isinstance(value, dict) else value
        for key, value in node.items()
        if key != "description"
    }


@_BY_KIND
def test_a_pattern_begins_with_what_to_write(kind: str) -> None:
    """The API server shows nothing but the pattern to who writes something else."""
    patterns = [(path, node["pattern"]) for path, node in _nodes(kind) if "pattern" in node]
    asked = [(path, text) for path, text in patterns if path.startswith(".spec")]
    assert [path for path, text in asked if not re.match(r"write [^^$]+\$\^\|\^", text)] == []


def test_conditions_are_the_same_in_every_kind() -> None:
    kinds = [schema(crd)["properties"] for kind, crd in _CRDS.items() if kind != "RamRecord"]
    conditions = [kind["status"]["properties"]["conditions"] for kind in kinds]
    assert len(conditions) == len(_MANAGED) + 1
    assert all(condition == conditions[0] for condition in conditions)


def test_a_record_has_neither_spec_nor_status() -> None:
    assert set(schema(_CRDS["RamRecord"])["properties"]) == {
        "apiVersion",
        "kind",
        "metadata",
        "record",
    }
    assert "subresources" not in _CRDS["RamRecord"]["spec"]["versions"][0]
