"""Drift says whether it gives rights, or takes some away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ram_operator.constants import DriftPolicy
from ram_operator.planning import plan
from tests.unit.core import (
    ANN,
    FC,
    attachment,
    inputs,
    made,
    policies,
    remembered,
    trust,
    trust_json,
    wanted,
)


def test_drift_says_whether_it_gives_rights() -> None:
    """What was taken away is as grave, and gives nobody anything."""
    asked = wanted(
        {"policies": [attachment("System/A")], "description": "d", "trustPolicy": trust_json(FC)}
    )

    def widens(**parts: Any) -> dict[str, bool]:
        found = replace(made(asked), fields={**made(asked).fields, **parts})
        memory = remembered(asked, drift=DriftPolicy.REPORT)
        listed = plan.update(inputs(asked, found, memory)).drift
        return {entry.field: entry.widens for entry in listed}

    assert widens(policies={}) == {"policies[System/a]": False}
    assert widens(description="e") == {"description": False}
    both = policies("System/B")
    assert widens(policies=both) == {"policies[System/a]": False, "policies[System/b]": True}
    assert widens(trustPolicy=trust(FC, ANN)) == {"trustPolicy": True}
    assert widens(trustPolicy=trust(ANN)) == {"trustPolicy": True}
