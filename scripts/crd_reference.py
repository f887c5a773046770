"""Writes docs/reference/crds.md from crds/*.yaml; with --check only says whether it is up to date.

Called by people after an edit of a CRD and by the tests. Describes what the schemas say, in their
own words, and must add nothing of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import yaml
from generated import ROOT, main

PAGE = ROOT / "docs" / "reference" / "crds.md"
ORDER = ("RamRole", "RamPolicy", "RamUser", "RamGroup", "RamAccount", "RamRecord")
Json = dict[str, Any]

_INTRODUCTION = """\
# Fields of every kind

Written by `scripts/crd_reference.py` from `crds/`: edit the schemas, not this page. `[]` stands
for an item of a list, `{}` for a value of a map. Fields marked with * are required where their
parent is given. `kubectl explain` shows the same text.
"""
_LIMITS = (
    ("pattern", "matches `{}`"),
    ("minimum", "at least {}"),
    ("maximum", "at most {}"),
    ("minLength", "at least {} characters"),
    ("maxLength", "at most {} characters"),
    ("minItems", "at least {} items"),
    ("maxItems", "at most {} items"),
    ("maxProperties", "at most {} entries"),
)


def page() -> str:
    """The whole page as Markdown."""
    found = [yaml.safe_load(file.read_text()) for file in sorted((ROOT / "crds").glob("ram*.yaml"))]
    by_kind = {crd["spec"]["names"]["kind"]: crd for crd in found}
    return _INTRODUCTION + "".join(_kind(by_kind[kind]) for kind in ORDER)


def _kind(crd: Json) -> str:
    names = crd["spec"]["names"]
    (version,) = crd["spec"]["versions"]
    schema = version["schema"]["openAPIV3Schema"]
    lines = [
        f"\n## {names['kind']}\n",
        f"{schema['description']}\n",
        f"{crd['spec']['scope']}; `kubectl get {names['plural']}` or `{names['shortNames'][0]}`.\n",
    ]
    for part in ("spec", "record", "status"):
        if part in schema["properties"]:
            lines += _table(part, schema["properties"][part])
    rules = list(_rules("", schema))
    if rules:
        lines += ["Rules across fields:\n", *(f"- {rule}" for rule in rules), ""]
    return "\n".join(lines)


def _table(part: str, schema: Json) -> list[str]:
    rows = [f"| `{path}` | {kind} | {text} |" for path, kind, text in _rows(part, schema)]
    return ["| field | type | meaning |", "| --- | --- | --- |", *rows, ""]


def _rows(path: str, schema: Json) -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", [])
    for name, child in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        yield here + ("*" if name in required else ""), _type(child), _meaning(child)
        yield from _below(here, child)


def _below(path: str, schema: Json) -> Iterator[tuple[str, str, str]]:
    yield from _rows(path, schema)
    for suffix, keyword in (("[]", "items"), ("{}", "additionalProperties")):
        child = schema.get(keyword)
        if isinstance(child, dict) and (child.get("properties") or keyword in child):
            yield from _below(path + suffix, child)


def _type(schema: Json) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "string"
    if "type" not in schema:
        return "string or list" if "items" in schema or "Refused" not in _words(schema) else "none"
    if schema["type"] == "array":
        inner = schema["items"]
        return f"list of {inner['type']}s"
    if "additionalProperties" in schema:
        return "map"
    return str(schema.get("format") if schema.get("format") == "date-time" else schema["type"])


def _meaning(schema: Json) -> str:
    parts = [_words(schema)]
    if "type" in schema and "enum" in schema:
        parts.append("One of " + ", ".join(f"`{value}`" for value in schema["enum"]) + ".")
    if "default" in schema:
        parts.append(f"Default `{json.dumps(schema['default'])}`.")
    typed = "type" in schema or "x-kubernetes-int-or-string" in schema
    skipped = () if typed else ("minimum", "maximum", "maxProperties")
    limits = [
        text.format(str(schema[key]).replace("|", "\\|"))
        for key, text in _LIMITS
        if key in schema and key not in skipped
    ]
    if limits:
        joined = "; ".join(limits)
        parts.append(f"{joined[0].upper()}{joined[1:]}.")
    return " ".join(parts)


def _words(schema: Json) -> str:
    return str(schema.get("description", "")).replace("|", "\\|").replace("<", "&lt;")


def _rules(path: str, schema: Json) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", []):
        where = f"`{path.lstrip('.')}`: " if path else ""
        yield f"{where}{rule['message']}"
    for name, child in schema.get("properties", {}).items():
        yield from _rules(f"{path}.{name}", child)
    if "items" in schema:
        yield from _rules(f"{path}[]", schema["items"])


if __name__ == "__main__":
    sys.exit(main(__doc__, PAGE, page, "python scripts/crd_reference.py"))
