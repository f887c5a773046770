"""The list of all attachments: whole or none, and one digest for each identity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.cloud import attachment_list
from ram_operator.cloud.attachment_list import ACTION
from ram_operator.cloud.held import NOTHING, Held
from ram_operator.errors import Retry

SETS = st.frozensets(st.sampled_from([f"Custom/p{number}" for number in range(9)]))


class Pages:
    """Answers with one page after the other, from the first one again after the last."""

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        self.pages = pages
        self.asked: list[tuple[str, int]] = []

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        assert parameters["PageSize"] == 100
        page = self.pages[len(self.asked) % len(self.pages)]
        self.asked.append((action, parameters["PageNumber"]))
        return page


def read(calls: Pages) -> dict[str, Held]:
    return {name: found.held for name, found in attachment_list.read(calls).items()}


def row(name: str, policy: str = "Reader", **more: Any) -> dict[str, Any]:
    return {
        "PrincipalType": "ServiceRole",
        "PrincipalName": f"{name}@role.1.onaliyunservice.com",
        "PolicyType": "System",
        "PolicyName": policy,
        "ResourceGroupId": "1234567890123456",
        "AttachDate": "2026-01-01T00:00:00Z",
        **more,
    }


def page(total: object, *rows: Mapping[str, Any]) -> dict[str, Any]:
    return {"TotalCount": total, "PolicyAttachments": {"PolicyAttachment": list(rows)}}


def test_all_pages_are_read() -> None:
    calls = Pages(page(3, row("One"), row("two")), page(3, row("two", "Writer")))
    found = read(calls)
    assert calls.asked == [(ACTION, 1), (ACTION, 2)]
    assert {name: held.number for name, held in found.items()} == {"role/one": 1, "role/two": 2}
    assert found["role/two"].entries == Held.of(["System/reader", "System/writer"]).entries


def test_an_account_without_attachments_has_none() -> None:
    assert read(Pages(page(0))) == {}


@pytest.mark.parametrize(
    ("shown", "kind", "known"),
    [
        ("Ann@1.onaliyun.com", "IMSUser", "user/ann"),
        ("Ann@1.onaliyun.com@new-alias.onaliyun.com", "IMSUser", "user/ann@1.onaliyun.com"),
        ("Ops@group.1.onaliyun.com", "IMSGroup", "group/ops"),
        ("WEB@role.1.onaliyunservice.com", "ServiceRole", "role/web"),
        ("Web", "ServiceRole", "role/web"),
    ],
)
def test_by_what_an_identity_is_known(shown: str, kind: str, known: str) -> None:
    one = row("", PrincipalName=shown, PrincipalType=kind)
    assert list(read(Pages(page(1, one)))) == [known]


def test_who_is_of_no_sort_that_is_managed_is_passed_over() -> None:
    assert read(Pages(page(1, row("one", PrincipalType="CloudSSOUser")))) == {}


@pytest.mark.parametrize(
    "pages",
    [
        (page(3, row("a"), row("b")), page(4, row("c"))),
        (page(3, row("a"), row("b")), page(3, row("b"))),
        (page(3, row("a"), row("b")), page(3)),
        (page(1, row("a"), row("b")),),
    ],
    ids=["another total", "a row twice", "a row less", "a row more"],
)
def test_a_list_that_moves_twice_is_none_and_once_is_read_again(
    pages: tuple[dict[str, Any], ...],
) -> None:
    calls = Pages(*pages)
    with pytest.raises(Retry, match="moved while it was read"):
        read(calls)
    assert len(calls.asked) == 2 * len(pages)
    good = page(3, row("a"), row("b"), row("c"))
    assert len(read(Pages(*pages, good))) == 3


@pytest.mark.parametrize("total", [None, "3", True])
def test_a_list_without_its_count_is_no_answer(total: object) -> None:
    with pytest.raises(Retry, match="without its TotalCount"):
        read(Pages(page(total, row("a"))))


def test_a_row_without_its_identity_is_no_answer() -> None:
    with pytest.raises(Retry, match="without its PrincipalName"):
        read(Pages(page(1, row("a", PrincipalName=""))))


def test_what_is_given_for_a_resource_group_is_no_policy_of_the_whole_account() -> None:
    whole, group = row("a"), row("a", ResourceGroupId="rg-1")
    found = read(Pages(page(2, whole, group)))["role/a"]
    alone = read(Pages(page(1, whole)))["role/a"]
    assert (found.entries, found.number) == (alone.entries, 1)
    assert found != alone
    only = read(Pages(page(1, group)))["role/a"]
    assert (only.entries, only.number) == (NOTHING.entries, 0)
    assert only != NOTHING


def test_made_anew_is_another_attachment_of_the_same_policy() -> None:
    before = read(Pages(page(1, row("a"))))["role/a"]
    after = read(Pages(page(1, row("a", AttachDate="2026-01-02T00:00:00Z"))))["role/a"]
    assert before != after
    assert before.entries == after.entries


@given(SETS, SETS)
def test_a_digest_is_that_of_a_set_and_goes_with_what_is_written(
    before: frozenset[str], after: frozenset[str]
) -> None:
    one, other = Held.of(sorted(before)), Held.of(sorted(before, reverse=True))
    assert one == other
    assert (one.entries == Held.of(after).entries) == (before == after)
    went = one.changed(after - before, before - after)
    assert (went.entries, went.number) == (Held.of(after).entries, len(after))


def test_it_is_small() -> None:
    assert len(Held.of([f"Custom/policy-{number}" for number in range(30)])) == 18


def test_the_policies_by_name_are_those_given_for_resource_groups_too() -> None:
    rows = (
        row("a"),
        row("a", "AdministratorAccess", ResourceGroupId="rg-1"),
        row("b", "Own", PolicyType="Custom"),
    )
    found = attachment_list.read(Pages(page(3, *rows)))
    assert found["role/a"].policies == {"System/Reader", "System/AdministratorAccess"}
    assert found["role/b"].policies == {"Custom/Own"}
