"""What the operator writes to the objects that people own, and the stamp that decides nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

from tests.structure.pure import ROOT

PRODUCT: Final = ROOT / "operator" / "ram_operator"
WRITES: Final = {
    "cluster/finalizers.py": "json_patch",
    "cluster/guard_probe.py": "rehearse",
    "cluster/record_writer.py": "create merge",
    "loop/reconcile.py": "merge",
}
"""Whoever sends the API server something for good, or to try it out, and by which calls."""


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PRODUCT.rglob("*.py")):
        where = str(path.relative_to(PRODUCT))
        if not where.startswith("cli/"):
            yield where, ast.parse(path.read_text())


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            name = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
            if name.strip("_") == "api":
                yield node


def test_of_an_object_the_operator_writes_finalizers_and_status_alone() -> None:
    found: dict[str, set[str]] = {}
    for where, tree in _modules():
        for call in _calls(tree):
            assert isinstance(call.func, ast.Attribute)
            if call.func.attr in {"create", "merge", "json_patch", "rehearse"}:
                found.setdefault(where, set()).add(call.func.attr)
    assert found == {where: set(names.split()) for where, names in WRITES.items()}
    patched = [
        value
        for where, tree in _modules()
        if where == "cluster/finalizers.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and str(value := node.value).startswith("/metadata/")
    ]
    assert patched == ["/metadata/resourceVersion", "/metadata/finalizers"]
    merged = [
        ast.unparse(call.args[-1])
        for where, tree in _modules()
        if where == "loop/reconcile.py"
        for call in _calls(tree)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "merge"
    ]
    assert merged == ["'status'"]


def test_who_suspended_an_object_is_stamped_and_shown_and_decides_nothing() -> None:
    named = {
        where
        for where, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == "ANNOTATION_SUSPENDED_BY"
    }
    assert named == {"constants.py", "kinds/guarded.py", "loop/subject.py"}
    tree = ast.parse((PRODUCT / "loop" / "subject.py").read_text())
    users = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "ANNOTATION_SUSPENDED_BY" in ast.unparse(node)
    ]
    assert users == ["suspended"]
