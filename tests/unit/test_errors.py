"""The error tree: the class says who mends it, the reason comes from the closed list."""

from __future__ import annotations

import pytest

from ram_operator import errors
from ram_operator.constants import Reason

MADE: list[tuple[errors.RamOperatorError, type[errors.RamOperatorError], Reason]] = [
    (errors.Retry(Reason.THROTTLED, "m"), errors.Retry, Reason.THROTTLED),
    (errors.OutcomeUnknown("m"), errors.Retry, Reason.OUTCOME_UNKNOWN),
    (errors.Absent("m", code="c", relation=False), errors.Retry, Reason.NOT_FOUND),
    (errors.AlreadyExists("m", code="c"), errors.Retry, Reason.CONFLICT),
    (errors.DeleteConflict("m", code="c"), errors.Retry, Reason.DELETE_CONFLICT),
    (errors.Stalled(Reason.PROTECTED, "m"), errors.Stalled, Reason.PROTECTED),
    (errors.InvalidSpec("m"), errors.Stalled, Reason.INVALID_SPEC),
    (errors.UnknownValue("m"), errors.InvalidSpec, Reason.NEWER_VERSION),
    (errors.Refused("m"), errors.InvalidSpec, Reason.INVALID_SPEC),
    (errors.Bug("m"), errors.Bug, Reason.INTERNAL_ERROR),
]
KINDS = (errors.Retry, errors.Stalled, errors.Bug)


@pytest.mark.parametrize(
    ("error", "kind", "reason"), MADE, ids=[type(row[0]).__name__ for row in MADE]
)
def test_each_error_has_its_place_reason_and_text(
    error: errors.RamOperatorError, kind: type[errors.RamOperatorError], reason: Reason
) -> None:
    assert isinstance(error, kind)
    assert (error.reason, error.message, str(error)) == (reason, "m", "m")
    assert sum(isinstance(error, one) for one in KINDS) == 1


def test_every_error_of_the_tree_is_in_the_table() -> None:
    def below(kind: type[errors.RamOperatorError]) -> set[type[errors.RamOperatorError]]:
        return {kind}.union(*(below(child) for child in kind.__subclasses__()))

    tree = {kind for kind in below(errors.RamOperatorError) if kind.__module__ == errors.__name__}
    assert tree - {type(row[0]) for row in MADE} == {errors.RamOperatorError}


def test_a_delay_is_the_errors_own_or_left_to_the_queue() -> None:
    assert errors.Retry(Reason.THROTTLED, "m").after is None
    assert errors.Retry(Reason.THROTTLED, "m", 2.5).after == 2.5
    assert errors.OutcomeUnknown("m", 4.0).after == 4.0


def test_absence_tells_a_missing_relation_from_a_missing_end() -> None:
    absent = errors.Absent("m", code="EntityNotExist.Role.Policy", relation=True)
    assert (absent.code, absent.relation) == ("EntityNotExist.Role.Policy", True)
    assert errors.AlreadyExists("m", code="x").code == "x"
    assert errors.DeleteConflict("m", code="y").code == "y"
