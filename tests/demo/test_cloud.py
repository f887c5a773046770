"""Calls made by hand: every action that the emulator has can be called by its name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from demo import cloud
from demo.stage import ACCOUNT, Stage
from lab.emulator_process import EmulatorProcess
from ram_emulator.gateway import ACTIONS
from ram_emulator.registry import SERVICES

ROWS = sorted((SERVICES[version], name) for version, name in ACTIONS)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with EmulatorProcess.start("--seed-account", ACCOUNT, "--behaviours", "friendly") as process:
        (account,) = process.accounts
        yield Stage(
            directory="",
            keeper=0,
            pids={},
            endpoint=process.endpoint,
            admin_url=process.admin_url,
            operator_arn="",
            hand_key_id=account["adminAccessKeyId"],
            hand_key_secret=account["adminAccessKeySecret"],
        )


@pytest.mark.parametrize(("service", "action"), ROWS)
def test_every_action_arrives_under_its_name(stage: Stage, service: str, action: str) -> None:
    with contextlib.suppress(cloud.CallFailed):
        cloud.call(stage, f"{service}:{action}", {})
    last = stage.admin.journal()[-1]
    assert (last["service"], last["action"]) == (service, action)


def test_a_service_is_named_only_where_several_have_the_action(stage: Stage) -> None:
    given = {
        "OIDCProviderName": "cluster",
        "IssuerUrl": "https://oidc.example/cluster",
        "Fingerprints": "902ef2deeb3c5b13ea4c3d5193629309e231ae55",
        "ClientIds": "sts.aliyuncs.com",
    }
    assert "RequestId" in cloud.call(stage, "CreateOIDCProvider", given)
    shown = cloud.call(stage, "GetOIDCProvider", {"OIDCProviderName": "cluster"})
    assert "https://oidc.example/cluster" in shown
    assert '"AccountId"' in cloud.call(stage, "GetCallerIdentity", {})
    assert '"PasswordPolicy"' in cloud.call(stage, "GetPasswordPolicy", {})
    tags = {"ResourceType": "user", "ResourcePrincipalName": f'["operator@{ACCOUNT}.onaliyun.com"]'}
    tag = {**tags, "Tag": '[{"Key":"team","Value":"shop"}]'}
    assert "RequestId" in cloud.call(stage, "ims:TagResources", tag)
    with pytest.raises(cloud.CallFailed, match=r"InvalidParameter\.ResourceType"):
        cloud.call(stage, "TagResources", tag)


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("FlyToTheMoon", "the demo has no action FlyToTheMoon"),
        ("sts:GetRole", "sts has no action GetRole"),
        ("ecs:GetRole", "there is no service ecs here; known: ram, sts, ims"),
    ],
)
def test_what_there_is_not_is_said(stage: Stage, action: str, sentence: str) -> None:
    with pytest.raises(cloud.CallFailed, match=sentence):
        cloud.call(stage, action, {})
