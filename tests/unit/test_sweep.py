"""The lists of an account: what they say that is new, when they are doubted, what is counted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.cloud import held, list_calls
from ram_operator.cloud.list_calls import LISTINGS, Row
from ram_operator.errors import Retry
from ram_operator.loop import rotations
from ram_operator.model.vocabulary import Origin
from ram_operator.runtime.sweep import AccountLists, Count, Inventory, Sweeps
from ram_operator.runtime.sweep_rules import DOUBT, Moved
from tests.unit.core import FC, trust

ROLES = st.dictionaries(st.sampled_from("abcdefgh"), st.binary(max_size=1), max_size=8)


class Pages:
    """Answers page by page."""

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self.pages = list(pages)
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append((action, parameters))
        return self.pages.pop(0)


def role(name: str, **more: Any) -> dict[str, Any]:
    return {"RoleName": name, "RoleId": "1", "UpdateDate": "2026-01-01T00:00:00Z", **more}


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"UserPrincipalName": f"{name}@1.onaliyun.com", "UserId": name, **more}


def page(*roles: Mapping[str, Any], marker: str = "") -> dict[str, Any]:
    cut = {"IsTruncated": True, "Marker": marker} if marker else {"IsTruncated": False}
    return {"Roles": {"Role": list(roles)}, **cut}


def rows(names: Mapping[str, bytes]) -> dict[str, Row]:
    return {name: Row(name, digest) for name, digest in names.items()}


def test_all_pages_are_read() -> None:
    calls = Pages(page(role("One"), marker="m"), page(role("two")))
    assert set(list_calls.read(calls, "RamRole")) == {"one", "two"}
    assert [dict(query).get("Marker") for _, query in calls.asked] == [None, "m"]


@pytest.mark.parametrize(
    "pages",
    [
        (page(role("one"), marker="m"), page(role("ONE"))),
        (page(role("one"), marker="m"), page(role("two"), marker="m")),
        ({"Roles": {"Role": [role("one")]}, "IsTruncated": True},),
        ({"Roles": {}},),
        ({"Roles": {"Role": [{"RoleName": "one"}]}},),
    ],
    ids=["shifted", "a loop", "cut", "no rows", "no id"],
)
def test_what_is_no_whole_list_is_none(pages: tuple[dict[str, Any], ...]) -> None:
    with pytest.raises(Retry):
        list_calls.read(Pages(*pages), "RamRole")


def test_a_list_without_an_end_is_none() -> None:
    class Endless:
        count = 0

        def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
            self.count += 1
            return page(role(f"r{self.count}"), marker=str(self.count))

    with pytest.raises(Retry, match="moved while it was read"):
        list_calls.read(Endless(), "RamRole")


def test_a_row_moves_by_what_people_do_and_not_by_use() -> None:
    def digest(entry: dict[str, Any]) -> bytes:
        return list_calls.read(Pages(page(entry)), "RamRole")["one"].digest

    before = digest(role("one"))
    assert digest(role("one", LastLoginDate="today", AttachmentCount=3)) == before
    assert digest(role("one", Description="new")) != before
    assert digest({**role("one"), "RoleId": "2"}) != before


def test_nobody_can_tell_which_two_states_look_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few bytes are kept of each, so what they are must not be found by trying."""

    def told() -> tuple[bytes, bytes | None]:
        row = list_calls.read(Pages(page(role("one"))), "RamRole")["one"]
        return row.digest, rotations.digest("RamRole", {"trustPolicy": trust(FC)})

    before = told()
    assert told() == before
    monkeypatch.setattr(held, "_SECRET", b"another process")
    assert all(one != other for one, other in zip(before, told(), strict=True))


def test_a_user_is_known_by_what_stands_before_the_domain() -> None:
    users = {"Users": {"User": [{"UserPrincipalName": "a@b@1.onaliyun.com", "UserId": "1"}]}}
    assert set(list_calls.read(Pages(users), "RamUser")) == {"a@b"}


def test_only_roles_are_service_linked() -> None:
    groups = {"Groups": {"Group": [{"GroupName": "AliyunServiceRoleForME", "GroupId": "1"}]}}
    found = list_calls.read(Pages(groups), "RamGroup")
    assert found["aliyunserviceroleforme"].origin is Origin.ACCOUNT


def test_service_linked_roles_are_told_from_others() -> None:
    found = list_calls.read(Pages(page(role("AliyunServiceRoleForECS"), role("mine"))), "RamRole")
    assert {name for name, row in found.items() if row.origin is Origin.SERVICE_LINKED} == {
        "aliyunserviceroleforecs"
    }


def test_what_cloudsso_and_scim_keep_is_told_from_others() -> None:
    roles = page(role("AliyunReservedSSO-Admin"), role("AliyunReservedSSOx"))
    found = list_calls.read(Pages(roles), "RamRole")
    assert [row.origin for row in found.values()] == [Origin.PROVISIONED, Origin.ACCOUNT]
    names = ("AliyunReservedSSO-Admin-InlinePolicy", "mine")
    rows = [{"PolicyName": name, "CreateDate": "2026-01-01T00:00:00Z"} for name in names]
    found = list_calls.read(Pages({"Policies": {"Policy": rows}}), "RamPolicy")
    assert [row.origin for row in found.values()] == [Origin.PROVISIONED, Origin.ACCOUNT]
    kinds = ("SCIM", "CloudSSO", "Manual", None, "Later")
    users = [user(f"u{n}", ProvisionType=kind) for n, kind in enumerate(kinds)]
    found = list_calls.read(Pages({"Users": {"User": users}}), "RamUser")
    mirrored, own = Origin.PROVISIONED, Origin.ACCOUNT
    assert [row.origin for row in found.values()] == [mirrored, mirrored, own, own, own]
    groups = {"Groups": {"Group": [{"GroupName": "AliyunReservedSSO-x", "GroupId": "1"}]}}
    (group,) = list_calls.read(Pages(groups), "RamGroup").values()
    assert group.origin is Origin.ACCOUNT


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [
        ("1692598367586", 1692598367.586),
        (1692598367586, 1692598367.586),
        ("2026-01-01T00:00:00Z", 1767225600.0),
        ("", 0.0),
        (None, 0.0),
        ("never", 0.0),
        ("9" * 30, 0.0),
    ],
)
def test_when_somebody_logged_on_is_read_in_each_of_its_forms(shown: Any, seconds: float) -> None:
    users = {"Users": {"User": [user("ann", LastLoginDate=shown)]}}
    assert list_calls.read(Pages(users), "RamUser")["ann"].last_login == seconds


def test_who_logs_on_has_not_moved() -> None:
    known = AccountLists()
    known.took("RamUser", {"ann": Row("ann", b"1", last_login=1.0)}, 0.0)
    assert known.took("RamUser", {"ann": Row("ann", b"1", last_login=2.0)}, 1.0) == Moved()


@given(st.lists(ROLES, min_size=1, max_size=5))
def test_what_moved_is_what_differs_from_the_list_before(lists: list[dict[str, bytes]]) -> None:
    known = AccountLists()
    assert known.took("RamRole", rows(lists[0]), 0.0).names == frozenset()
    for before, after in itertools.pairwise(lists):
        moved = known.took("RamRole", rows(after), 1.0)
        names = before.keys() | after.keys()
        assert moved.names == {name for name in names if before.get(name) != after.get(name)}
        assert known.rows("RamRole") == rows(after)


def test_the_first_list_moves_what_was_looked_at_before_it() -> None:
    """What came between that look and the list would stay unseen."""
    known = AccountLists()
    known.looked_at("RamRole", "before", 1.0)
    known.looked_at("RamRole", "after", 3.0)
    assert known.took("RamRole", rows({"before": b"", "after": b"", "other": b""}), 2.0).names == {
        "before"
    }
    known.looked_at("RamRole", "before", 4.0)
    assert known.took("RamRole", rows({"before": b"", "after": b"", "other": b""}), 5.0) == Moved()


def test_what_moved_is_looked_at_twice() -> None:
    known, one = AccountLists(), frozenset({"a"})
    nothing: frozenset[str] = frozenset()
    turns = [known.twice("RamRole", names) for names in (one, nothing, nothing)]
    assert turns == [one, one, nothing]
    assert known.twice("RamUser", nothing) == nothing


def test_a_list_that_misses_much_is_doubted_and_what_it_misses_looked_at_in_turns() -> None:
    known, full = AccountLists(), {f"r{number:03}": b"" for number in range(100)}
    known.took("RamRole", rows(full), 1.0)
    left = dict.fromkeys(sorted(full)[50:], b"")
    first = known.took("RamRole", rows(left), 2.0)
    assert (len(first.names), first.doubted) == (20, 30)
    assert known.problems() == {"RamRole": DOUBT}
    assert known.looked() == {"RamRole": 1.0}
    second = known.took("RamRole", rows(left), 3.0)
    assert (len(second.names), second.doubted) == (20, 10)
    assert not first.names & second.names
    # They are gone indeed: what is left of them is no more than may be missing at once.
    third = known.took("RamRole", rows(left), 4.0)
    assert (len(third.names), third.doubted) == (10, 0)
    assert (known.problems(), known.looked()) == ({}, {"RamRole": 4.0})


def test_what_comes_back_after_a_doubted_list_is_looked_at_once_more() -> None:
    known, full = AccountLists(), {f"r{number:03}": b"" for number in range(100)}
    known.took("RamRole", rows(full), 1.0)
    probed = known.took("RamRole", rows({}), 2.0).names
    assert known.took("RamRole", rows(full), 3.0).names == probed
    assert known.problems() == {}


def test_a_list_that_failed_stays_as_it_was() -> None:
    known = AccountLists()
    known.took("RamRole", rows({"a": b""}), 1.0)
    known.failed("RamRole", "AccessDenied")
    assert known.problems() == {"RamRole": "AccessDenied"}
    assert known.rows("RamRole") == rows({"a": b""})
    assert known.looked() == {"RamRole": 1.0}
    assert known.rows("RamUser") is None


def test_another_class_is_believed_and_fails_like_a_list() -> None:
    known = AccountLists()
    known.failed("attachments", "AccessDenied")
    assert (known.looked(), known.problems()) == ({}, {"attachments": "AccessDenied"})
    known.believed("attachments", 7.0)
    assert (known.looked(), known.problems()) == ({"attachments": 7.0}, {})


def test_another_account_under_a_name_begins_anew() -> None:
    sweeps = Sweeps()
    first = sweeps.lists("main", "1")
    assert sweeps.lists("main", "1") is first
    assert sweeps.counted("main", Inventory(), 0.0)
    assert not sweeps.counted("main", Inventory(), 0.0)
    assert sweeps.lists("main", "2") is not first
    assert sweeps.inventory("main") is None
    sweeps.drop("main")
    assert sweeps.lists("main", "2") is not first


def test_what_moves_by_itself_is_written_once_in_a_day() -> None:
    """A hundred days in sweeps of an hour: each of them another count of what services made."""
    sweeps, written = Sweeps(), 0
    for hour in range(100 * 24):
        count = Count(unmanaged=3, service_linked=hour % 7, provisioned=hour % 5, unused=hour // 24)
        written += sweeps.counted("main", Inventory({"RamUser": count}), hour * 3600.0)
    assert written == 100
    shown = sweeps.inventory("main")
    assert shown is not None
    assert shown.counts["RamUser"].unused == 99
    # What people did is written at once, and with it what had moved by itself.
    later = 100 * 86_400.0 - 3600.0
    moved = Inventory({"RamUser": Count(unmanaged=4, service_linked=1)})
    assert sweeps.counted("main", moved, later)
    assert sweeps.inventory("main") == moved
    assert not sweeps.counted("main", Inventory({"RamUser": Count(unmanaged=4)}), later + 1.0)
    assert sweeps.inventory("main") == moved


def test_every_managed_kind_is_listed() -> None:
    from ram_operator.kinds.table import KINDS

    assert set(LISTINGS) == set(KINDS)
