"""Differences between desired and live, and the marks by which values are remembered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.errors import Bug
from ram_operator.kinds import comparison
from ram_operator.model import applied_marks
from ram_operator.model.changes import Change
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Direction, Presence
from ram_operator.planning import diff
from tests.unit.core import (
    ALLOW_ALL,
    ALLOW_READ,
    ANN,
    ECS,
    FC,
    POLICY,
    ROLE,
    live,
    made,
    policies,
    policy,
    tags,
    trust,
    wanted,
    wanted_policy,
)
from tests.unit.profiles import examples

N, W, X = Direction.NARROWER, Direction.WIDER, Direction.NEUTRAL


def shape(change: Change) -> tuple[str, str, Direction]:
    return change.field, change.entry, change.direction


ROLES: dict[str, tuple[dict[str, Any], dict[str, Any], list[tuple[str, str, Direction]]]] = {
    # what is asked for, what is otherwise in the cloud, the changes live → asked
    "nothing": ({}, {}, []),
    "a description": ({"description": "d"}, {"description": "e"}, [("description", "", X)]),
    "a description that is not asked for": ({}, {"description": "e"}, []),
    "a longer session": (
        {"maxSessionDurationSeconds": 7200},
        {"maxSessionDurationSeconds": 3600},
        [("maxSessionDurationSeconds", "", W)],
    ),
    "a shorter session": (
        {},
        {"maxSessionDurationSeconds": 7200},
        [("maxSessionDurationSeconds", "", N)],
    ),
    "a trust that gives more": ({}, {"trustPolicy": trust(FC, ANN)}, [("trustPolicy", "", N)]),
    "another trust": ({}, {"trustPolicy": trust(ANN)}, [("trustPolicy", "", Direction.MIXED)]),
    "the same trust, spelled otherwise": ({}, {"trustPolicy": trust(FC, FC)}, []),
    "a trust that nobody understands": (
        {},
        {"trustPolicy": trust(FC, condition={"Maybe": {"x": "y"}})},
        [("trustPolicy", "", Direction.UNKNOWN)],
    ),
    "attachments": (
        {"policies": [{"type": "System", "name": "A"}, {"type": "System", "name": "B"}]},
        {"policies": policies("System/b", "Custom/C")},
        [("policies", "Custom/c", N), ("policies", "System/a", W)],
    ),
    "tags": (
        {"tags": {"a": "1", "b": "1", "c": "1"}},
        {"tags": tags(a="1", b="2", d="1")},
        [("tags", "b", X), ("tags", "c", X), ("tags", "d", X)],
    ),
}


@pytest.mark.parametrize(("spec", "found", "expected"), ROLES.values(), ids=ROLES)
def test_a_role_differs_in(
    spec: dict[str, Any], found: dict[str, Any], expected: list[tuple[str, str, Direction]]
) -> None:
    asked = wanted(spec)
    fields = {**made(asked).fields, **found}
    changes = diff.changes(ROLE, asked, Live(Presence.PRESENT, fields=fields))
    assert [shape(change) for change in changes] == expected


def test_values_of_both_sides_are_kept() -> None:
    asked = wanted({"policies": [{"type": "System", "name": "A"}]})
    (change,) = diff.changes(ROLE, asked, live())
    assert (change.before, change.after) == (None, Entry("System/A"))
    (change,) = diff.changes(ROLE, wanted({}), live(trustPolicy=trust(FC, ECS)))
    assert change.comparison is not None
    assert change.comparison.loss_sentences


@pytest.mark.parametrize(
    ("statement", "direction"), [(ALLOW_ALL, N), ({**ALLOW_READ, "Resource": "acs:oss:*:*:x"}, W)]
)
def test_a_policy_differs_by_what_it_allows(statement: Any, direction: Direction) -> None:
    asked = wanted_policy()
    found = Live(Presence.PRESENT, fields={**asked.fields, "document": policy(statement)})
    (change,) = diff.changes(POLICY, asked, found)
    assert shape(change) == ("document", "", direction)


def test_what_was_not_read_is_neither_equal_nor_different() -> None:
    asked = wanted({"description": "d"})
    unknown = UnknownPart(Bug("no answer"))
    found = Live(Presence.PRESENT, fields=dict.fromkeys(asked.fields, unknown))
    assert diff.changes(ROLE, asked, found) == ()
    assert diff.changes(ROLE, asked, Live(Presence.PRESENT)) == ()


def test_a_value_of_another_shape_is_a_defect() -> None:
    with pytest.raises(TypeError, match="trustPolicy is no document"):
        comparison.compare(ROLE.field("trustPolicy"), trust(FC), policy())


def test_digests_tell_values_apart_and_not_spellings() -> None:
    values: list[Any] = ["a", "b", "", 3600, 7200, trust(FC), trust(ECS), policy(ALLOW_ALL)]
    values += [tags(a="1"), tags(a="2"), {}]
    digests = [applied_marks.digest(value) for value in values]
    assert len(set(digests)) == len(values)
    assert all(len(digest) == 8 for digest in digests)
    assert applied_marks.digest(trust(FC, ECS)) == applied_marks.digest(trust(ECS, FC, FC))
    assert applied_marks.digest(tags(a="1", b="2")) == applied_marks.digest(tags(b="2", a="1"))


def test_marks_of_plain_entries_are_their_keys() -> None:
    assert applied_marks.entry_mark("System/readonlyaccess", Entry("System/ReadOnlyAccess")) == (
        "System/readonlyaccess"
    )
    mark = applied_marks.entry_mark("team", Entry("team", "a"))
    assert mark.startswith("team#")
    assert applied_marks.entry_mark("team", Entry("team", "b")) != mark


_KEYS = st.text("ab#~%2375E", min_size=1, max_size=6)


@examples(400)
@given(_KEYS, _KEYS, st.sampled_from(["", "a", "b"]), st.sampled_from(["", "a", "b"]))
def test_a_mark_gives_back_its_key_and_is_no_other_entrys(
    one: str, other: str, value: str, value_other: str
) -> None:
    mark = applied_marks.entry_mark(one, Entry(one, value))
    assert applied_marks.marked_key(mark) == one
    assert not mark.startswith("~")
    same = (one, value) == (other, value_other)
    assert (mark == applied_marks.entry_mark(other, Entry(other, value_other))) == same
