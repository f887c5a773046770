"""What the folder shows: twelve packages and a few modules at the root, and no cycle among them."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import Final

from tests.structure import pure

PRODUCT: Final = pure.ROOT / "operator" / "ram_operator"
PACKAGES: Final = {
    *("documents", "model", "kinds", "gate", "planning", "reporting", "loop", "runtime"),
    *("cloud", "cluster", "observability", "cli"),
}
ROOT_MODULES: Final = {
    *("__init__", "__main__", "startup", "handlers"),
    *("config", "constants", "errors", "legible", "proxies", "times"),
}
MODULES: Final = sorted(PRODUCT.rglob("*.py"))


def _name(path: Path) -> str:
    parts = path.relative_to(PRODUCT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(path: Path, names: set[str]) -> set[str]:
    """Modules of the product that the file imports, below `ram_operator`."""
    package = _name(path).split(".") if path.stem == "__init__" else _name(path).split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *filter(None, [node.module])]
            for alias in node.names:
                whole = ".".join([*base, alias.name])
                found.add(whole if whole in names else ".".join(base))
    return found & names - {_name(path), ""}


def test_the_folder_shows_the_architecture() -> None:
    places = [path.relative_to(PRODUCT).parts for path in MODULES]
    assert {parts[0] for parts in places if len(parts) > 1} == PACKAGES
    assert {path.stem for path in PRODUCT.glob("*.py")} == ROOT_MODULES
    assert [parts for parts in places if len(parts) > 2] == []


def test_no_basename_stands_twice() -> None:
    """So that a name in a trace, a comment or a search leads to one file."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        if path.stem != "__init__":
            found[path.stem].append(_name(path))
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


def test_no_modules_import_each_other() -> None:
    names = {_name(path) for path in MODULES}
    left = {_name(path): _imported(path, names) for path in MODULES}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}
