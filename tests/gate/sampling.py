"""Which rows of the long tables `make test` plays; `make lanes` plays the others.

Every row is an attack of its own, and rows of one table take the same way through the operator: a
change that breaks one of them breaks its neighbours, most often. GATE chooses: some, others, or
all, which is what whoever runs a file by hand gets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import pytest

EVERY: Final[Mapping[str, int]] = {
    "test_nobody_gets_what_was_not_judged": 2,
    "test_without_its_guard_no_approval_is_honoured_and_none_comes_to_life_later": 3,
    "test_by_hand_and_then_in_the_manifest": 2,
    "test_it_is_found_and_waits": 4,
    "test_no_role_is_created_for_subjects_that_nobody_named": 2,
    "test_a_swapped_provider_is_critical_drift_and_opens_nothing_more": 3,
    "test_whatever_is_altered_no_approval_is_honoured": 2,
    "test_a_right_by_another_spelling_waits": 3,
    "test_what_was_found_is_agreed_on_by_an_approval_without_a_write": 3,
    "test_what_was_found_and_is_rejected_goes": 4,
    "test_under_report_it_stays_and_is_told_as_found": 4,
    "test_in_the_manifest_and_then_by_hand": 3,
    "test_the_same_edit_made_later_is_asked_for_anew": 2,
    "test_killed_while_an_approved_change_is_carried_out": 2,
}
"""Of these tests one row in so many."""


def split(items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The items that `some` plays, and the others."""
    seen: Counter[str] = Counter()
    some: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        name = getattr(item, "originalname", item.name)
        (others if seen[name] % EVERY.get(name, 1) else some).append(item)
        seen[name] += 1
    return some, others
