"""The list of mutants cannot rot: each still applies, and they cover the gate in all its parts."""

from __future__ import annotations

import ast
from collections import Counter
from typing import Final

import pytest

from tests.mutants.table import PACKAGE, ROOT, Mutant, read

MUTANTS: Final = read()
AREAS: Final = {
    "access": {"gate/evaluators.py", "gate/ways_in.py", "kinds/sign_in.py"},
    "acknowledged": {
        "cluster/record_drift.py",
        "gate/acknowledgements.py",
        "gate/evaluating.py",
        "kinds/record_acknowledged.py",
    },
    "drift": {"planning/drift_shown.py"},
    "turns": {
        "loop/coverage.py",
        "loop/rotations.py",
        "runtime/provider_watch.py",
        "runtime/rotation.py",
    },
    "holders": {
        "cloud/write_checks.py",
        "cluster/record_writer.py",
        "gate/baseline.py",
        "gate/offering.py",
        "loop/gated_write.py",
        "loop/holder_records.py",
    },
    "values": {
        "gate/grants.py",
        "gate/review.py",
        "gate/values.py",
        "kinds/comparison.py",
        "kinds/record.py",
        "loop/lookups.py",
        "planning/plan.py",
        "planning/steps_of.py",
    },
    "console": {"cloud/role_calls.py", "gate/grants.py", "kinds/comparison.py"},
    "baseline": {
        "documents/identity_grants.py",
        "gate/baseline.py",
        "gate/excess.py",
        "kinds/record.py",
    },
    "offers": {"cluster/record_writer.py", "gate/approvals.py", "loop/offers.py"},
    "elsewhere": {"loop/account_changed.py", "loop/deletion.py", "loop/managed.py"},
    "expiry": {"gate/expiry.py"},
    "neighbours": {"cloud/shares.py", "loop/left_ends.py", "reporting/carryover.py"},
    "denials": {
        "documents/comparing.py",
        "gate/evaluating.py",
        "gate/grants.py",
        "gate/offering.py",
        "loop/gated_write.py",
        "model/steps.py",
        "planning/drift.py",
        "runtime/consistency.py",
    },
    "door": {
        "gate/evaluators.py",
        "gate/review.py",
        "gate/step_evaluators.py",
        "kinds/entries.py",
        "kinds/group.py",
        "kinds/role.py",
        "kinds/user.py",
        "loop/gated_write.py",
        "model/permissions.py",
    },
    "providers": {
        "gate/clearance.py",
        "gate/offering.py",
        "gate/providers.py",
        "gate/review.py",
    },
    "clearance": {
        "gate/approvals.py",
        "gate/clearance.py",
        "gate/inputs.py",
        "model/permissions.py",
    },
    "authors": {"loop/asking.py", "planning/authorship.py"},
    "letters": {
        "gate/clearance.py",
        "gate/evaluating.py",
        "gate/providers.py",
        "planning/drift.py",
    },
    "names": {
        "documents/names.py",
        "gate/creating.py",
        "runtime/cache.py",
        "runtime/trusted_names.py",
    },
    "own-rights": {
        "cloud/own_identity.py",
        "kinds/tenancy.py",
        "loop/managed.py",
        "loop/own_rights.py",
    },
    "documents": {"documents/comparing.py", "documents/intersection.py", "documents/principals.py"},
    "rules": {"documents/subjects.py", "gate/checks.py", "gate/rules.py"},
    "actions": {"documents/actions.py", "documents/escalation.py", "gate/grants.py"},
    "writer": {
        "cloud/execute.py",
        "cloud/role_calls.py",
        "cloud/write_checks.py",
        "loop/applying.py",
        "loop/gated_write.py",
        "loop/offers.py",
    },
    "judged": {
        "cloud/cached_reads.py",
        "cloud/client.py",
        "cloud/locks.py",
        "cloud/write_checks.py",
        "cloud/writing.py",
        "gate/offering.py",
        "planning/bases.py",
    },
    "deletions": {
        "gate/clearance.py",
        "gate/deletions.py",
        "loop/deletion.py",
        "loop/subject.py",
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
