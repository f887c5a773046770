"""An identity in another account than the RamAccount has now, by records and by what is shown."""

from __future__ import annotations

from typing import Any

import pytest

from ram_operator.constants import ANNOTATION_ABANDON, Reason
from ram_operator.errors import Stalled
from ram_operator.kinds.account import account_settings
from ram_operator.loop import account_changed
from ram_operator.loop.ports import Ports
from ram_operator.loop.subject import Subject
from tests.unit.record_world import ACCOUNT, IDENTITY, OWNER
from tests.unit.test_gone import HELD, HOLDER, Json, left, world

OTHER = "9999999999999999"
THERE = account_settings("default", {"accountId": OTHER})
HERE = account_settings("default", {"accountId": ACCOUNT})


def subject(abandon: str = "", **status: Any) -> Subject:
    notes = {ANNOTATION_ABANDON: abandon} if abandon else {}
    meta = {"name": "web", "namespace": "apps", "uid": "u", "annotations": notes}
    return Subject.of(HOLDER, {"metadata": meta, "spec": {}, "status": status})


def stops(around: Ports, who: Subject, where: Any = THERE) -> str:
    with pytest.raises(Stalled) as stopped:
        account_changed.check(around, who, where)
    assert stopped.value.reason is Reason.ACCOUNT_CHANGED
    return stopped.value.message


def test_what_is_recorded_in_another_account_stops_everything() -> None:
    with world(cloudId="c") as (server, around):
        account_changed.check(around, subject(), HERE)
        said = stops(around, subject())
        assert f"role {IDENTITY.cloud_name} of this object is in account {ACCOUNT}" in said
        assert f"is account {OTHER} now" in said
        assert f"annotate -n apps ramroles web {ANNOTATION_ABANDON}=c" in said
        assert server.writes == []


@pytest.mark.parametrize("changes", [{"cloudId": "c"}, {}], ids=["made", "only asked for"])
def test_it_is_given_up_by_its_own_name_alone(changes: Json) -> None:
    with world(**changes) as (server, around):
        called = changes.get("cloudId", IDENTITY.cloud_name)
        for other in ("d", IDENTITY.cloud_name if changes else "c", IDENTITY.folded):
            stops(around, subject(other))
        assert server.writes == []
        account_changed.check(around, subject(called), THERE)
        assert "owner" not in left(server)
        assert left(server)["history"][-1]["by"] == str(OWNER)
        account_changed.check(around, subject(), THERE)


def test_what_another_object_or_cluster_has_is_none_of_ours() -> None:
    for owner in ({**HELD["owner"], "cluster": "green"}, {**HELD["owner"], "name": "other"}):
        with world(owner=owner) as (_, around):
            account_changed.check(around, subject(), THERE)
            assert list(account_changed.owned(around, subject())) == []


def test_what_was_given_to_another_meanwhile_stays_his() -> None:
    with world(cloudId="c") as (server, around):
        next(iter(server.objects.values()))["record"]["owner"]["name"] = "other"
        account_changed.let_go(around, subject(), IDENTITY, "Abandoned")
        assert server.writes == []


SHOWN: Json = {
    "accountId": ACCOUNT,
    "cloudName": "Web",
    "cloudId": "c",
    "written": {"fields": {"x": "y"}},
}


def test_where_no_record_is_left_the_status_stops_and_lets_nothing_through() -> None:
    with world(owner=None) as (server, around):
        assert f"role Web of this object is in account {ACCOUNT}" in stops(around, subject(**SHOWN))
        stops(around, subject("Web", **SHOWN))
        account_changed.check(around, subject("c", **SHOWN), THERE)
        account_changed.check(around, subject(**SHOWN), HERE)
        # What was only looked at was never ours.
        account_changed.check(around, subject(**{**SHOWN, "written": None}), THERE)
        assert server.writes == []


def test_a_record_in_this_account_counts_more_than_the_status() -> None:
    with world(cloudId="c") as (_, around):
        account_changed.check(around, subject(**{**SHOWN, "accountId": OTHER}), HERE)


def test_names_are_those_of_the_records() -> None:
    with world(cloudId="c") as (_, around):
        assert list(account_changed.names(around, subject())) == ["c", IDENTITY.cloud_name]
