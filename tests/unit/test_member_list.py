"""The members of all groups: what groups have, and users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ram_operator.cloud import member_list
from ram_operator.cloud.held import Held
from ram_operator.errors import Absent, Retry


class Groups:
    """Answers with the members of each group, one a page."""

    def __init__(self, **members: list[str]) -> None:
        self.members = members

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        assert action == "ListUsersForGroup"
        if parameters["GroupName"] not in self.members:
            raise Absent("it is gone", code="EntityNotExist.Group", relation=False)
        rows, at = self.members[parameters["GroupName"]], int(parameters.get("Marker", 0))
        users = [{"UserName": name} for name in rows[at : at + 1]]
        cut = {"IsTruncated": True, "Marker": str(at + 1)} if at + 1 < len(rows) else {}
        return {"Users": {"User": users}, "IsTruncated": False, **cut}


def test_both_sides_of_each_membership() -> None:
    found = member_list.read(Groups(Ops=["Ann", "bob"], Dev=["ann"], Idle=[]), ["Ops", "Dev"], {})
    assert found.groups == {"user/ann": ["ops", "dev"], "user/bob": ["ops"]}
    assert found.held == {
        "group/ops": Held.of(["ann", "bob"]),
        "group/dev": Held.of(["ann"]),
        "user/ann": Held.of(["ops", "dev"]),
        "user/bob": Held.of(["ops"]),
    }


def test_a_group_that_is_gone_has_nobody_and_one_that_is_not_read_makes_the_list_none() -> None:
    assert member_list.read(Groups(Ops=["ann"]), ["Gone", "Ops"], {}).held.keys() == {
        "group/ops",
        "user/ann",
    }
    with pytest.raises(Retry):
        member_list.read(Groups(Ops=[""]), ["Ops"], {})


def test_a_group_that_is_known_is_not_read() -> None:
    known = {"ops": frozenset({"ann"})}
    found = member_list.read(Groups(Dev=["ann", "bob"]), ["Ops", "Dev"], known)
    assert found.groups == {"user/ann": ["ops", "dev"], "user/bob": ["dev"]}
    assert found.held["group/ops"] == Held.of(["ann"])
    assert found.read == {"dev": frozenset({"ann", "bob"})}
