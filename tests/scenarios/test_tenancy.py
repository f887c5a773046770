"""What a namespace may claim: nothing that its RamAccount does not list."""

from __future__ import annotations

from typing import Any

import pytest

from lab.world import World, condition, trust

Json = dict[str, Any]
OSS = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
ADMIN = {"type": "System", "name": "AdministratorAccess"}
LOG = {"type": "System", "name": "AliyunLogReadOnlyAccess"}


def restrict(world: World, *tenants: Json) -> None:
    """Replace the account's tenants and wait until the operator knows."""
    world.patch("RamAccount", world.namespace, {"spec": {"tenants": list(tenants)}})
    world.wait(
        "RamAccount",
        world.namespace,
        lambda o: o["status"].get("observedGeneration") == o["metadata"]["generation"],
        "tenants",
    )


def tenant(world: World, **changes: Any) -> Json:
    """What the namespace may do: roles whose names begin with app-, two policies."""
    return {
        "namespace": world.namespace,
        "kinds": ["RamRole"],
        "namePrefixes": ["app-", "Team-"],
        "policies": [OSS, {"type": "Custom", "name": "shared-*"}],
        **changes,
    }


def refused(world: World, kind: str, name: str, *words: str) -> None:
    item = world.reason(kind, name, "NotPermitted")
    assert condition(item, "Stalled")["status"] == "True"
    for word in words:
        assert word in condition(item, "Ready")["message"]


def test_what_is_not_listed_is_not_allowed(world: World) -> None:
    restrict(world, tenant(world))
    world.role("other-role", adoptionPolicy="IfExists", deletionPolicy="Delete")
    world.role("app-admin", policies=[ADMIN])
    world.role("app-custom", policies=[{"type": "Custom", "name": "private"}])
    # A System entry allows no Custom policy of the same name, and the other way round.
    world.role("app-type", policies=[{"type": "Custom", "name": OSS["name"]}])
    world.policy("app-policy")
    refused(world, "RamRole", "other-role", "prefixes", "app-")
    refused(world, "RamRole", "app-admin", "System/AdministratorAccess")
    refused(world, "RamRole", "app-custom", "Custom/private")
    refused(world, "RamRole", "app-type", f"Custom/{OSS['name']}")
    refused(world, "RamPolicy", "app-policy", "RamPolicy", "spec.tenants")
    assert world.writes() == []

    # Case does not count in names, and what is listed works.
    world.role("team-a", roleName="TEAM-a", policies=[{"type": "System", "name": OSS["name"]}])
    world.ready("RamRole", "team-a")
    # What was not allowed can be deleted, and takes nothing with it.
    world.delete("RamRole", "other-role")
    world.gone("RamRole", "other-role")
    assert set(world.cloud()["roles"]) == {"TEAM-a"}


def test_a_namespace_that_is_not_listed_may_do_nothing(world: World) -> None:
    restrict(world, tenant(world, namespace="somebody-else", namePrefixes=["*"]))
    world.role("app-a")
    refused(world, "RamRole", "app-a", world.namespace, "may not use account")
    restrict(world)
    world.look("RamRole", "app-a")
    refused(world, "RamRole", "app-a", world.namespace)
    assert world.writes() == []
    # It wakes up when the account lists it.
    restrict(world, tenant(world))
    world.ready("RamRole", "app-a")


def test_rights_taken_from_a_namespace_stop_its_writes_and_remove_nothing(world: World) -> None:
    world.role("app-a", policies=[LOG], description="one")
    world.ready("RamRole", "app-a")
    restrict(world, tenant(world))
    refused(world, "RamRole", "app-a", "AliyunLogReadOnlyAccess")
    start = world.journal_end()
    world.edit("RamRole", "app-a", description="two")
    refused(world, "RamRole", "app-a", "AliyunLogReadOnlyAccess")
    assert world.writes(start) == []
    assert world.cloud()["roles"]["app-a"]["policies"] == [["System", "AliyunLogReadOnlyAccess"]]
    # Asking for less is possible.
    world.edit("RamRole", "app-a", policies=[OSS])
    world.ready("RamRole", "app-a")
    assert world.cloud()["roles"]["app-a"]["policies"] == [["System", OSS["name"]]]


def test_a_policy_of_the_own_namespace_needs_no_entry(world: World) -> None:
    restrict(
        world, tenant(world, kinds=["RamRole", "RamPolicy"], policies=[], namePrefixes=["app-"])
    )
    world.policy("app-reader")
    world.role("app-a", policies=[{"type": "RamPolicy", "name": "app-reader"}])
    world.ready("RamRole", "app-a")
    assert world.cloud()["roles"]["app-a"]["policies"] == [["Custom", "app-reader"]]
    # The same policy by its name in the cloud is somebody's custom policy like any other.
    world.role("app-b", policies=[{"type": "Custom", "name": "app-reader"}])
    refused(world, "RamRole", "app-b", "Custom/app-reader")


@pytest.mark.parametrize("kind", ["foreign", "system"])
def test_a_forged_status_resolves_to_nothing(world: World, kind: str) -> None:
    """A person with the right to write statuses names another policy in one."""
    world.policy("powerful")
    world.ready("RamPolicy", "powerful")
    target = "powerful" if kind == "foreign" else "AdministratorAccess"
    restrict(
        world,
        tenant(world, kinds=["RamRole", "RamPolicy"], policies=[], namePrefixes=["app-"]),
    )
    # Its own name is not permitted, so nobody manages it and only its status says that it exists.
    world.policy("forged", policyName="forged-name")
    refused(world, "RamPolicy", "forged")
    forged = {
        "cloudName": target,
        "cloudId": target,
        "accountId": world.account_id,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Synced",
                "message": "forged",
                "lastTransitionTime": "2026-01-01T00:00:00Z",
                "observedGeneration": 1,
            }
        ],
    }
    world.write_status("RamPolicy", "forged", forged)
    start = world.journal_end()
    world.role("app-a", policies=[{"type": "RamPolicy", "name": "forged"}])
    item = world.reason("RamRole", "app-a", "DependencyNotReady")
    assert "forged" in condition(item, "Ready")["message"]
    world.annotate("RamRole", "app-a", reconcile_requested_at="now")
    world.settle()
    assert world.writes(start) == []


def test_a_policy_that_lost_its_claim_does_not_resolve(world: World) -> None:
    """Two objects for one policy: a reference to the one without the claim waits."""
    world.policy("first", policyName="shared")
    world.ready("RamPolicy", "first")
    world.policy("second", policyName="shared")
    world.reason("RamPolicy", "second", "Conflict")
    world.role("app-a", policies=[{"type": "RamPolicy", "name": "second"}])
    world.reason("RamRole", "app-a", "DependencyNotReady")
    world.role("app-b", policies=[{"type": "RamPolicy", "name": "first"}])
    world.ready("RamRole", "app-b")
    assert set(world.cloud()["roles"]) == {"app-b"}


def test_a_trust_in_a_role_of_another_namespace_needs_no_tenancy(world: World) -> None:
    """Who is trusted is the gate's business, not the tenant's."""
    world.admin.create_user(world.account_id, "alice")
    restrict(world, tenant(world))
    world.role("app-a", trustPolicy=trust(("RAM", f"acs:ram::{world.account_id}:user/alice")))
    world.ready("RamRole", "app-a")
