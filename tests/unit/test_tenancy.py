"""What a namespace may claim: nothing that is not listed, and some names never."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import Reason
from ram_operator.errors import Stalled
from ram_operator.kinds import manifest as desire
from ram_operator.kinds import tenancy
from ram_operator.kinds.table import KINDS
from ram_operator.model.objects import Account, Entry, Key, Tenant
from ram_operator.model.state import Desired, Live
from ram_operator.model.vocabulary import Presence
from tests.unit.core import ACCOUNT, ACCOUNT_ID, KEY, ROLE, TENANT, attachment, wanted

ARN = f"acs:ram::{ACCOUNT_ID}"


def account(tenant: Tenant | None = None, **changes: Any) -> Account:
    tenants = {"team": tenant} if tenant else {}
    return replace(ACCOUNT, tenants=tenants, **changes)


def tenant(**changes: Any) -> Tenant:
    return replace(TENANT, **changes)


def check(settings: Account, name: str = "app", *policies: str) -> Tenant:
    spec = {"roleName": name, "policies": [attachment(p) for p in policies]}
    return tenancy.check(settings, ROLE, KEY, wanted(spec))


REFUSED: dict[str, tuple[Account, str, tuple[str, ...], Reason, str]] = {
    "a namespace that is not listed": (account(), "app", (), Reason.NOT_PERMITTED, "namespace"),
    "a kind that is not listed": (
        account(tenant(kinds=frozenset({"RamPolicy"}))),
        "app",
        (),
        Reason.NOT_PERMITTED,
        "may not manage RamRole",
    ),
    "a name without its prefix": (
        account(tenant(prefixes=("team-", "t-"))),
        "app",
        (),
        Reason.NOT_PERMITTED,
        "team-, t-",
    ),
    "any name where no prefix is listed": (
        account(tenant(prefixes=())),
        "app",
        (),
        Reason.NOT_PERMITTED,
        "none",
    ),
    "a policy where none is listed": (
        account(tenant(policies=())),
        "app",
        ("System/ReadOnlyAccess",),
        Reason.NOT_PERMITTED,
        "System/ReadOnlyAccess",
    ),
    "a policy of another type": (
        account(tenant(policies=(("Custom", "readonlyaccess"),))),
        "app",
        ("System/ReadOnlyAccess",),
        Reason.NOT_PERMITTED,
        "System/ReadOnlyAccess",
    ),
    "a policy that a listed one begins": (
        account(tenant(policies=(("System", "readonly"),))),
        "app",
        ("System/ReadOnlyAccess",),
        Reason.NOT_PERMITTED,
        "System/ReadOnlyAccess",
    ),
    "the one of two that is not listed": (
        account(tenant(policies=(("System", "aliyunoss*"),))),
        "app",
        ("System/AliyunOSSReadOnlyAccess", "System/AdministratorAccess"),
        Reason.NOT_PERMITTED,
        "AdministratorAccess",
    ),
    "a service-linked role": (
        account(tenant()),
        "AliyunServiceRoleForECS",
        (),
        Reason.PROTECTED,
        "service-linked",
    ),
    "a protected name in another case": (
        account(tenant(), protected_names=frozenset({"admin"})),
        "Admin",
        (),
        Reason.PROTECTED,
        "list of protected names",
    ),
    "a protected prefix": (
        account(tenant(), protected_prefixes=("sso-", "break")),
        "Break-Glass",
        (),
        Reason.PROTECTED,
        "protected prefix",
    ),
    "the operator's own role": (
        account(tenant(), own_principal=f"{ARN}:role/Operator"),
        "operator",
        (),
        Reason.PROTECTED,
        "runs as it",
    ),
    "the role of the operator's session": (
        account(tenant(), own_principal=f"{ARN}:assumed-role/operator/session-1"),
        "operator",
        (),
        Reason.PROTECTED,
        "runs as it",
    ),
}


@pytest.mark.parametrize(
    ("settings", "name", "policies", "reason", "words"), REFUSED.values(), ids=REFUSED
)
def test_it_is_refused(
    settings: Account, name: str, policies: tuple[str, ...], reason: Reason, words: str
) -> None:
    with pytest.raises(Stalled) as error:
        check(settings, name, *policies)
    assert error.value.reason is reason
    assert words in error.value.message


ALLOWED: dict[str, tuple[Account, str, tuple[str, ...]]] = {
    "any name": (account(tenant(prefixes=("*",))), "app", ()),
    "a prefix in another case": (account(tenant(prefixes=("x-", "team-"))), "Team-app", ()),
    "a listed policy in another case": (
        account(tenant(policies=(("System", "x"), ("System", "readonlyaccess")))),
        "app",
        ("System/ReadOnlyAccess",),
    ),
    "a policy with a listed beginning": (
        account(tenant(policies=(("Custom", "team-*"),))),
        "app",
        ("Custom/Team-Read",),
    ),
    "a name beside the protected ones": (
        account(tenant(), protected_names=frozenset({"app2"}), protected_prefixes=("apps",)),
        "app",
        (),
    ),
    "the name of the operator's user, as a role": (
        account(tenant(), own_principal=f"{ARN}:user/app"),
        "app",
        (),
    ),
    "beside the operator's role": (
        account(tenant(), own_principal=f"{ARN}:role/app2"),
        "app",
        (),
    ),
    "under the account's root": (account(tenant(), own_principal=f"{ARN}:root"), "app", ()),
}


@pytest.mark.parametrize(("settings", "name", "policies"), ALLOWED.values(), ids=ALLOWED)
def test_it_is_allowed(settings: Account, name: str, policies: tuple[str, ...]) -> None:
    assert check(settings, name, *policies) is settings.tenants["team"]


OWN_USER: dict[str, tuple[str, str, bool]] = {
    # the operator's principal, a member of a group that is asked for, whether that is refused
    "the operator's user": (f"{ARN}:user/Bot", "bot", True),
    "another user": (f"{ARN}:user/bot", "bott", False),
    "a user with the name of the operator's role": (f"{ARN}:role/bot/session", "bot", False),
    "a user of the account": (f"{ARN}:root", "root", False),
}


@pytest.mark.parametrize(("own", "member", "refused"), OWN_USER.values(), ids=OWN_USER)
def test_the_operators_user_joins_no_group(own: str, member: str, refused: bool) -> None:
    """A policy of the group may deny."""
    group = KINDS["RamGroup"]
    place = tenant(kinds=frozenset({"RamGroup"}), prefixes=("*",))
    settings = account(place, own_principal=own)
    key = Key("RamGroup", "team", "all")
    for referenced in (frozenset(), frozenset({member})):
        asked = Desired("all", {"members": {member: Entry(member)}}, referenced=referenced)
        if refused:
            with pytest.raises(Stalled, match="runs as it") as caught:
                tenancy.check(settings, group, key, asked)
            assert caught.value.reason is Reason.PROTECTED
        else:
            tenancy.check(settings, group, key, asked)


def test_what_a_reference_names_needs_no_place_in_the_tenants_list() -> None:
    key = Key("RamPolicy", "team", "read")
    items = [{"type": "RamPolicy", "name": "read"}]
    asked = wanted({"policies": items}, {key: desire.Resolved("Team-Read")})
    tenancy.check(account(tenant(policies=())), ROLE, KEY, asked)


def test_a_reference_that_is_not_ready_opens_no_way_round_the_list() -> None:
    key = Key("RamPolicy", "team", "read")
    items = [{"type": "RamPolicy", "name": "read"}, attachment("Custom/Admin")]
    asked = wanted({"policies": items}, {key: desire.Resolved("Admin", "it is not ready")})
    with pytest.raises(Stalled, match="Custom/Admin"):
        tenancy.check(account(tenant(policies=())), ROLE, KEY, asked)


def test_a_service_linked_identity_is_protected_under_any_name() -> None:
    tenancy.check_live(ROLE, Live(Presence.PRESENT, "app"))
    with pytest.raises(Stalled, match="service-linked") as error:
        tenancy.check_live(ROLE, Live(Presence.PRESENT, "app", service_linked=True))
    assert error.value.reason is Reason.PROTECTED
