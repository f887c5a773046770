"""Manifest → Desired, Options and Account; what the schema cannot say ends as InvalidSpec."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.constants import AdoptionPolicy, DeletionPolicy, DriftPolicy, Mode
from ram_operator.errors import InvalidSpec
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.account import account_settings
from ram_operator.kinds.manifest import Resolved
from ram_operator.model.objects import Entry, Key, Tenant
from tests.unit.core import (
    ACCOUNT_ID,
    FC,
    OWNER,
    POLICY,
    ROLE,
    attachment,
    policies,
    tags,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.profiles import examples

Json = dict[str, Any]
READ = Key("RamPolicy", "team", "read")
REFERENCE = {"type": "RamPolicy", "name": "read"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("10m", 600), ("1h30m", 5400), ("24h", 86400), ("1h1m1s", 3661), ("0s", 0)],
)
def test_durations(text: str, seconds: float) -> None:
    assert desire.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "1d", "1m1h", "-1m", "1.5h", " 1m", "1m\n"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(InvalidSpec, match="is no duration; write"):
        desire.duration(text)


@examples(40)
@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_parts_of_a_duration_add_up(hours: int, minutes: int, seconds: int) -> None:
    whole = desire.duration(f"{hours}h{minutes}m{seconds}s")
    assert whole == hours * 3600 + minutes * 60 + seconds


def test_absent_options_are_the_careful_ones() -> None:
    found = desire.options({})
    assert (found.account, found.suspend, found.interval) == ("default", False, None)
    assert found.deletion is DeletionPolicy.RETAIN
    assert found.adoption is AdoptionPolicy.NEVER
    assert found.drift is DriftPolicy.REVERT_EXCESS
    assert desire.options({"accountRef": {}}).account == "default"


def test_options_as_written() -> None:
    found = desire.options(
        {
            "accountRef": {"name": "prod"},
            "deletionPolicy": "Delete",
            "adoptionPolicy": "IfExists",
            "driftPolicy": "Report",
            "suspend": True,
            "driftInterval": "1m",
        }
    )
    assert (found.account, found.suspend, found.interval) == ("prod", True, 60.0)
    assert found.deletion is DeletionPolicy.DELETE
    assert found.adoption is AdoptionPolicy.IF_EXISTS
    assert found.drift is DriftPolicy.REPORT


@pytest.mark.parametrize("name", ["deletionPolicy", "adoptionPolicy", "driftPolicy"])
@pytest.mark.parametrize("value", ["", "delete", "Always", None, 1])
def test_an_unknown_choice_is_refused(name: str, value: Any) -> None:
    with pytest.raises(InvalidSpec, match=rf"spec\.{name}: .* write one of"):
        desire.options({name: value})


def test_the_cloud_name_is_the_specs_or_the_objects() -> None:
    assert desire.cloud_name(ROLE, "app", {}) == "app"
    assert desire.cloud_name(ROLE, "app", {"roleName": "App.1"}) == "App.1"
    assert desire.cloud_name(ROLE, "app", {"roleName": ""}) == "app"
    assert desire.cloud_name(ROLE, "a" * 64, {}) == "a" * 64


@pytest.mark.parametrize("name", ["a b", "a/b", "a_b", "a" * 65, "ä", "a\n"])
def test_a_name_that_ram_does_not_take(name: str) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.roleName"):
        desire.cloud_name(ROLE, "app", {"roleName": name})


def test_references_are_found_once_and_in_the_own_namespace() -> None:
    spec = {"policies": [attachment("System/X"), REFERENCE, REFERENCE]}
    assert desire.references(ROLE, "team", spec) == (READ,)
    assert desire.references(ROLE, "team", {}) == ()
    assert desire.references(POLICY, "team", spec) == ()


def test_a_role_with_nothing_but_its_trust() -> None:
    asked = wanted({})
    trusted = asked.fields["trustPolicy"]
    assert isinstance(trusted, documents.Trust)
    assert asked.cloud_name == "app"
    assert asked.fields == {
        "trustPolicy": trusted,
        "maxSessionDurationSeconds": 3600,
        "policies": {},
        "tags": tags(),
    }
    assert (asked.unresolved, asked.additive, asked.referenced) == ((), frozenset(), frozenset())


def test_a_role_with_everything() -> None:
    spec = {
        "roleName": "App",
        "description": "d",
        "maxSessionDurationSeconds": 7200,
        "policies": [attachment("System/ReadOnlyAccess"), REFERENCE],
        "policyMode": "Additive",
        "tags": {"team": "a"},
    }
    asked = wanted(spec, {READ: Resolved("Team-Read")})
    assert asked.cloud_name == "App"
    assert asked.fields["description"] == "d"
    assert asked.fields["maxSessionDurationSeconds"] == 7200
    assert asked.fields["policies"] == policies("System/ReadOnlyAccess", "Custom/Team-Read")
    assert asked.fields["tags"] == tags(team="a")
    assert asked.referenced == {"Custom/team-read"}
    assert asked.additive == {"policies"}


def test_a_policy() -> None:
    asked = wanted_policy(description="d")
    assert asked.fields.keys() == {"document", "description", "tags"}


def test_our_tags_cannot_be_overridden() -> None:
    assert wanted({"tags": {"ram-operator/name": "other"}}).fields["tags"] == tags()
    assert desire.owner_tags(OWNER) == {
        "ram-operator/cluster": Entry("ram-operator/cluster", "test"),
        "ram-operator/namespace": Entry("ram-operator/namespace", "team"),
        "ram-operator/name": Entry("ram-operator/name", "app"),
    }


@pytest.mark.parametrize(
    ("resolved", "problem"),
    [({}, "it does not exist"), ({READ: Resolved("", "it is not ready")}, "it is not ready")],
)
def test_a_reference_that_is_not_ready_is_said_and_not_attached(
    resolved: dict[Key, Resolved], problem: str
) -> None:
    asked = wanted({"policies": [REFERENCE, attachment("System/X")]}, resolved)
    assert asked.fields["policies"] == policies("System/X")
    assert asked.unresolved == (f"RamPolicy team/read: {problem}",)
    assert asked.referenced == frozenset()


INVALID: dict[str, tuple[Json, str]] = {
    "no trust": ({"trustPolicy": None}, r"spec\.trustPolicy is required"),
    "a trust that is refused": (
        {"trustPolicy": {**trust_json(FC), "Version": 1}},
        r"spec\.trustPolicy\.Version",
    ),
    "a session in words": ({"maxSessionDurationSeconds": "1h"}, "spec.maxSession.* unexpected"),
    "a policy without name": ({"policies": [{"type": "System"}]}, "spec.policies has an unexp"),
    "a policy without type": ({"policies": [{"name": "X"}]}, "spec.policies has an unexpected"),
    "policies that are no list": ({"policies": 3}, "spec.policies has an unexpected shape"),
    "tags that are no map": ({"tags": ["a"]}, "spec.tags has an unexpected shape"),
    "a name that does not fit": ({"roleName": "a b"}, "spec.roleName"),
}


@pytest.mark.parametrize(("spec", "text"), INVALID.values(), ids=INVALID)
def test_an_invalid_spec_says_where(spec: Json, text: str) -> None:
    with pytest.raises(InvalidSpec, match=text):
        wanted(spec)


def test_an_account_with_nothing_but_its_id_is_strict() -> None:
    found = account_settings("default", {"accountId": ACCOUNT_ID})
    assert (found.name, found.account_id, found.suspend) == ("default", ACCOUNT_ID, False)
    assert found.mode is Mode.OBSERVE
    assert (dict(found.tenants), found.trusted_accounts) == ({}, frozenset())
    assert (found.protected_names, found.protected_prefixes) == (frozenset(), ())
    assert (found.interval, found.own_principal) == (600.0, "")
    assert (found.trusted_services, found.trusted_providers) == (None, None)


def test_an_empty_list_of_services_or_providers_is_not_an_absent_one() -> None:
    gate = {"trustedServices": ["FC.aliyuncs.com"], "trustedProviders": []}
    found = account_settings("default", {"accountId": ACCOUNT_ID, "gate": gate})
    assert (found.trusted_services, found.trusted_providers) == ({"fc.aliyuncs.com"}, frozenset())


def test_detours_and_deletions_wait_only_where_the_account_says_so_in_so_many_words() -> None:
    plain = account_settings("default", {"accountId": ACCOUNT_ID})
    assert (plain.trusted_subjects, plain.hold_indirect, plain.hold_deletions) == ((), False, False)
    gate = {"trustedSubjects": ["Repo:org/*"], "holdIndirect": True, "holdDeletions": True}
    found = account_settings("default", {"accountId": ACCOUNT_ID, "gate": gate})
    assert (found.trusted_subjects, found.hold_indirect) == (("Repo:org/*",), True)
    assert found.hold_deletions


def test_an_account_as_written_with_names_folded() -> None:
    found = account_settings(
        "prod",
        {
            "accountId": ACCOUNT_ID,
            "mode": "Manage",
            "suspend": True,
            "driftInterval": "5m",
            "gate": {"trustedAccounts": ["2"]},
            "protected": {"names": ["Admin"], "prefixes": ["SSO-"]},
            "tenants": [
                {"namespace": "bare"},
                {
                    "namespace": "team",
                    "kinds": ["RamRole"],
                    "namePrefixes": ["Team-"],
                    "policies": [{"type": "System", "name": "AliyunOSS*"}],
                    "adoption": True,
                },
            ],
        },
    )
    assert found.mode is Mode.MANAGE
    assert (found.suspend, found.interval) == (True, 300.0)
    assert found.trusted_accounts == {"2"}
    assert (found.protected_names, found.protected_prefixes) == ({"admin"}, ("sso-",))
    assert found.tenants == {
        "bare": Tenant("bare", frozenset(), (), (), False),
        "team": Tenant(
            "team", frozenset({"RamRole"}), ("team-",), (("System", "aliyunoss*"),), True
        ),
    }


@pytest.mark.parametrize("value", ["true", 1, None, False])
def test_adoption_is_allowed_by_true_alone(value: Any) -> None:
    spec = {"accountId": "1", "tenants": [{"namespace": "team", "adoption": value}]}
    assert account_settings("default", spec).tenants["team"].adoption is False


@pytest.mark.parametrize("mode", ["manage", "", None])
def test_an_unknown_mode_never_means_manage(mode: Any) -> None:
    with pytest.raises(InvalidSpec, match=r"spec\.mode"):
        account_settings("default", {"accountId": "1", "mode": mode})
