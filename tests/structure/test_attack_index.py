"""What is counted as an attack is one: it names its triple, and it asks the cloud what it saw."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.gate.triple_index import Counted, counted
from tests.gate.triples import Entry, Moment, Resource
from tests.structure.pure import ROOT

LEAST: Final = 110
"""Distinct triples that there are to be."""
NO_ATTACK: Final = {
    "test_guard_probe.py::test_the_audit_log_tells_its_requests_from_writes": (
        "asks what the audit log has of the probe; nothing is asked for"
    ),
    "test_guard_probe.py::test_a_kind_that_admission_does_not_name_is_not_approved": (
        "asks the probe alone; the same with an approval is among the altered admissions"
    ),
    "test_rejections.py::test_one_of_no_offer_keeps_nobody_from_rejecting": (
        "nothing is to be opened: whether somebody else can still reject"
    ),
}
"""Tests that are neither an attack nor about what is normal, with the reason."""
READS: Final = frozenset({"writes", "journal", "cloud", "may_assume", "there"})
"""What asks the emulated cloud: its journal, its state, or whether it lets somebody in. `there` is
that of a part of `launderings`.
"""
TO_DO: Final = (
    "say what each is: @attack(Entry.…, Resource.…, Moment.…) of tests/gate/triples.py on the test,"
    " `rows` or `names` of it for parameters, or a field `triple` in a table; or"
    " @pytest.mark.legitimate, if nothing of it may wait or alarm. Then run"
    " python scripts/attacks_reference.py"
)
ATTACKS: Final = [each for each in counted() if each.triples]


def _place(each: Counted) -> str:
    return f"{each.module}.py::{each.test}"


def test_every_test_of_the_gate_says_what_it_is() -> None:
    unmarked = {_place(each): each.name for each in counted() if not _is_marked(each)}
    open_ = sorted(name for place, name in unmarked.items() if place not in NO_ATTACK)
    assert open_ == [], TO_DO
    assert NO_ATTACK.keys() <= unmarked.keys(), "take out of NO_ATTACK what is marked or gone"


def _is_marked(each: Counted) -> bool:
    return bool(each.triples) or each.legitimate


def test_nothing_is_marked_twice() -> None:
    twice = [each.name for each in counted() if len(each.triples) + each.legitimate > 1]
    assert twice == [], "one triple for a test or a row, and none for what is legitimate"


def test_a_triple_is_an_entry_a_resource_and_a_moment() -> None:
    kinds = (Entry, Resource, Moment)
    for each in ATTACKS:
        for triple in each.triples:
            assert tuple(map(type, triple)) == kinds, each.name


def test_there_are_enough_of_them() -> None:
    assert len({triple for each in ATTACKS for triple in each.triples}) >= LEAST


def test_no_word_is_without_an_attack() -> None:
    used = {word for each in ATTACKS for triple in each.triples for word in triple}
    words = [*Entry, *Resource, *Moment]
    assert [word.name for word in words if word not in used] == []
    assert len({str(word) for word in words}) == len(words)


# --- Whether an attack asks the cloud


Function = tuple[str, str]
"""Where a function of the tests is: the module's dotted name, and its own."""


@cache
def _tree(module: str) -> ast.Module:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    return ast.parse(path.read_text() if path.exists() else "")


@cache
def _functions(module: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in _tree(module).body if isinstance(node, ast.FunctionDef)}


@cache
def _imported(module: str) -> dict[str, Function]:
    """What the module has from other modules of the tests, by the name that it has here."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in _tree(module).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("tests.")
        for alias in node.names
        if node.module is not None
    }


def _named(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Attribute):
            yield each.attr


def _asks(where: Function, seen: set[Function]) -> bool:
    """Whether the function, or one of the tests' that it names, asks the cloud."""
    module, name = where
    function = _functions(module).get(name)
    if where in seen or function is None:
        return False
    seen.add(where)
    named = set(_named(ast.Module(function.body, [])))
    return bool(named & READS) or any(
        _asks(_imported(module).get(each, (module, each)), seen) for each in sorted(named)
    )


def test_every_attack_asks_the_cloud_what_it_saw() -> None:
    tests = {(f"tests.gate.{each.module}", each.test) for each in ATTACKS}
    silent = sorted(
        f"{module}.{name}" for module, name in tests if not _asks((module, name), set())
    )
    assert silent == [], "an attack is judged by the journal or the state of the emulated cloud"


def test_a_test_that_asks_nothing_is_found() -> None:
    """Otherwise the test above would prove nothing."""
    silent = ("tests.gate.test_rejections", "test_one_of_no_offer_keeps_nobody_from_rejecting")
    assert silent[1] in _functions(silent[0])
    assert not _asks(silent, set())


# --- The page


def test_the_page_of_attacks_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "attacks_reference.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_page_is_found() -> None:
    for page in ("docs/index.md", "docs/security.md"):
        assert "reference/attacks.md" in Path(ROOT / page).read_text()
