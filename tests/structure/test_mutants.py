"""The list of mutants cannot rot: each still applies, and they cover the gate in all its parts."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Final

import pytest

from tests.mutants.table import PACKAGE, ROOT, Mutant, read

MUTANTS: Final = read()
AREAS: Final = {
    "offers": {"offers.py", "ballots.py", "cluster/records.py"},
    "elsewhere": {"elsewhere.py", "managed.py", "deletion.py"},
    "ends": {"ends.py"},
    "providers": {"providers.py", "permits.py", "plan.py", "approval.py"},
    "approval": {"approval.py", "ballots.py"},
    "letters": {"drift.py", "plan.py", "approval.py", "providers.py"},
    "names": {"documents/names.py", "trusted_names.py", "store.py", "permits.py"},
    "own-rights": {"own_rights.py", "cloud/own_identity.py", "tenancy.py", "managed.py"},
    "documents": {"documents/comparing.py", "documents/principals.py", "documents/meeting.py"},
    "risk": {"risk.py", "findings.py", "documents/subjects.py"},
    "actions": {"documents/actions.py", "documents/escalation.py", "drift.py"},
    "writer": {"cloud/execute.py", "cloud/checks.py", "gatedwrite.py", "applying.py"},
    "judged": {
        "cloud/checks.py",
        "cloud/client.py",
        "cloud/locks.py",
        "cloud/policies.py",
        "cloud/writing.py",
        "permits.py",
        "resting.py",
    },
}
LEAST: Final = 30


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.id for mutant in MUTANTS])
def test_a_mutant_still_applies(mutant: Mutant) -> None:
    text = (ROOT / PACKAGE / mutant.file).read_text()
    broken = mutant.applied(text)
    assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(text))
    assert mutant.why.endswith(".")
    for name in mutant.tests:
        assert not name.startswith("tests/") or (ROOT / name).is_file(), name


def test_there_are_enough_of_them_and_everywhere() -> None:
    assert len(MUTANTS) >= LEAST
    assert [name for name, count in Counter(m.id for m in MUTANTS).items() if count > 1] == []
    found: dict[str, set[str]] = {}
    for mutant in MUTANTS:
        found.setdefault(mutant.area, set()).add(mutant.file)
    assert found.keys() == AREAS.keys()
    assert {area: files - found[area] for area, files in AREAS.items() if files - found[area]} == {}
