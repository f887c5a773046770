"""Reads manifests and cases, and walks schemas, for the tests beside it. Knows no cluster."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "deploy" / "kustomize" / "base"
SAMPLES = ROOT / "deploy" / "samples"
Json = dict[str, Any]

# The kinds that namespaces have, by the names of their resources.
MANAGED = {
    "ramroles": "RamRole",
    "rampolicies": "RamPolicy",
    "ramusers": "RamUser",
    "ramgroups": "RamGroup",
}


def load_all(path: Path) -> list[Json]:
    """The YAML documents of one file."""
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def crds() -> dict[str, Json]:
    """The shipped CRDs by kind."""
    files = sorted((ROOT / "crds").glob("ram*.yaml"))
    return {crd["spec"]["names"]["kind"]: crd for file in files for crd in load_all(file)}


def schema(crd: Json) -> Json:
    """The schema of the only version of a CRD."""
    (version,) = crd["spec"]["versions"]
    found: Json = version["schema"]["openAPIV3Schema"]
    return found


def walk(node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Each schema node below and with node, with its path: .spec.policies[].name, .spec.tags{}."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from walk(child, f"{path}.{name}")
    if "items" in node:
        yield from walk(node["items"], f"{path}[]")
    if isinstance(node.get("additionalProperties"), dict):
        yield from walk(node["additionalProperties"], f"{path}{{}}")


def merge(target: Json, patch: Mapping[str, Any]) -> Json:
    """A JSON merge patch (RFC 7386) applied to a copy: null removes, lists are replaced."""
    result = copy.deepcopy(target)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, Mapping):
            before = result.get(key)
            result[key] = merge(before if isinstance(before, dict) else {}, value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def holds(stored: Any, sent: Any) -> bool:
    """Whether all that was sent is in what was stored; the server may have added defaults."""
    if isinstance(sent, dict):
        if not isinstance(stored, dict):
            return False
        return all(key in stored and holds(stored[key], value) for key, value in sent.items())
    if isinstance(sent, list):
        if not isinstance(stored, list) or len(stored) != len(sent):
            return False
        return all(holds(mine, theirs) for mine, theirs in zip(stored, sent, strict=True))
    return bool(stored == sent)


CASE_FILES: list[Json] = [
    yaml.safe_load(file.read_text()) for file in sorted(Path(__file__).parent.glob("cases*.yaml"))
]
_BASES = {kind: base for file in CASE_FILES for kind, base in file["bases"].items()}
_DOCUMENT = {"RamRole": "trustPolicy", "RamPolicy": "document"}


def manifest_of(case: Json) -> Json:
    """The object of a case: the base of its kind, with what the case has otherwise."""
    manifest = merge(_BASES[case["kind"]], case.get("patch", {}))
    if "statement" in case:
        statements = manifest["spec"][_DOCUMENT[case["kind"]]]["Statement"]
        statements[0] = merge(statements[0], case["statement"])
    for field, count in case.get("repeat", {}).items():
        manifest["spec"][field] = "x" * count
    return manifest
