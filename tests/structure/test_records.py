"""The JSON of a RamRecord is known to one module: what writes it and what reads it cannot part."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from tests.structure import pure

PRODUCT: Final = pure.ROOT / "operator" / "ram_operator"
CODEC: Final = PRODUCT / "kinds" / "record.py"
OF_ANY_OBJECT: Final = {"uid"}


def _names(schema: dict[str, Any]) -> Iterator[str]:
    for name, below in schema.get("properties", {}).items():
        yield name
        yield from _names(below)
        yield from _names(below.get("items", {}))


def _names_of_records_alone() -> set[str]:
    """Names in the JSON of records that no other kind has."""
    found: dict[str, set[str]] = {}
    for path in (pure.ROOT / "crds").glob("ram*.yaml"):
        version = yaml.safe_load(path.read_text())["spec"]["versions"][0]
        found[path.stem] = set(_names(version["schema"]["openAPIV3Schema"]))
    records = found.pop("ramrecords")
    return records.difference(*found.values()) - OF_ANY_OBJECT


def _keys(path: Path) -> Iterator[str]:
    """What the module takes out of a mapping by a literal name: `x["a"]`, `x.get("a")`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Subscript):
            found = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            found = node.args[0] if node.func.attr in ("get", "pop", "setdefault") else node
        else:
            continue
        if isinstance(found, ast.Constant) and isinstance(found.value, str):
            yield found.value


def test_only_the_codec_of_records_knows_their_json() -> None:
    alone = _names_of_records_alone()
    assert {"record", "inFlight", "history", "baseline", "sequence"} <= alone
    found = set()
    for path in sorted(PRODUCT.rglob("*.py")):
        names = alone & set(_keys(path))
        if path == CODEC:
            assert len(names) > 5, "the test finds no keys"
            continue
        found |= {f"{path.relative_to(PRODUCT)}: {name}" for name in names}
    assert found == set()
