"""Who has a policy is looked at once more right before a document lets them change rights."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tests.unit.judged_world import Cloud
from tests.unit.test_judged_writes import LIVE, a_bug, document, refused, run

HAD: Final = frozenset({"user/eve", "group/team", "group/team/ann"})


def test_a_right_is_for_those_who_had_the_policy_when_it_was_judged() -> None:
    cloud = Cloud()
    cloud.users, cloud.groups = ["Eve"], ["Team"]
    step = document(replace(LIVE, holders=HAD), agreed=True)
    cloud.members = ["Ann", "mallory"]
    refused(cloud, "policy", step, "who is in group Team moved", "p")
    cloud.members = ["Ann"]
    cloud.users = ["Eve", "Mallory"]
    refused(cloud, "policy", step, "who has policy p moved", "p")
    cloud.users, cloud.groups = [], ["Team", "Crew"]
    refused(cloud, "policy", step, "who has policy p moved", "p")
    cloud.groups = ["Team"]
    run(cloud, "policy", step, "p")
    assert cloud.actions() == ["CreatePolicyVersion"]


def test_where_nobody_judged_who_has_the_policy_no_right_is_written() -> None:
    a_bug(Cloud(), "policy", document(LIVE, agreed=True))
    cloud = Cloud()
    run(cloud, "policy", document(LIVE), "p")
    assert "ListEntitiesForPolicy" not in cloud.calls
