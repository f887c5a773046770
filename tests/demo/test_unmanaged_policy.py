"""deploy/unmanaged-ram-policy.json allows what `kubectl ram unmanaged` asks, and no more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.building import ROOT
from lab.emulator_process import EmulatorProcess
from lab.world import TRUST_FC, client
from ram_operator.cloud.credentials import Credentials
from ram_operator.cloud.user_account import UserAccount
from ram_operator.errors import Stalled
from ram_operator.kinds.table import KINDS, PROVIDERS
from ram_operator.model.vocabulary import Origin

DOCUMENT: Final[dict[str, Any]] = json.loads(
    (ROOT / "deploy" / "unmanaged-ram-policy.json").read_text()
)


@pytest.fixture(scope="module")
def emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess.start() as process:
        yield process


def test_it_allows_exactly_the_calls_that_are_made(
    emulator: EmulatorProcess,
) -> None:
    keys = emulator.admin.create_account(behaviours="friendly")
    hand = client(emulator, keys.admin_access_key_id, keys.admin_access_key_secret)
    trust = json.dumps(TRUST_FC)
    hand.create_role(ram.CreateRoleRequest(role_name="app", assume_role_policy_document=trust))
    emulator.admin.create_user(keys.account_id, "ann", policies=[("System", "AdministratorAccess")])
    emulator.admin.create_group(keys.account_id, "Ops", members=["ann"])
    reader = emulator.admin.create_user(keys.account_id, "reader", document=DOCUMENT)
    found = Credentials(reader.access_key_id, reader.access_key_secret)
    with closing(UserAccount(found, f"http://{emulator.endpoint}")) as account:
        assert account.account_id == keys.account_id
        rows = {kind: account.rows(kind) for kind in (*KINDS, *PROVIDERS)}
        assert rows["RamRole"]["app"].origin is Origin.ACCOUNT
        assert account.groups(["Ops"]) == {"user/ann": ["ops"]}
        (policy,) = account.policies()["user/ann"]
        assert len(account.says(policy)) == 1
        assert account.says("Custom/absent") == ()
        assert account.trust("app") is not None
        assert account.trust("absent") is None
    journal = emulator.admin.journal(keys.account_id)
    mine = [entry for entry in journal if entry["caller"] == reader.arn]
    (statement,) = DOCUMENT["Statement"]
    assert (statement["Effect"], statement["Resource"]) == ("Allow", "*")
    allowed = {action.partition(":")[2] for action in statement["Action"]}
    assert {entry["action"] for entry in mine} == allowed
    assert not [entry for entry in mine if entry["code"].startswith("NoPermission")]


def test_what_is_throttled_is_tried_again_and_what_is_denied_is_said(
    emulator: EmulatorProcess,
) -> None:
    keys = emulator.admin.create_account(behaviours="friendly")
    found = Credentials(keys.admin_access_key_id, keys.admin_access_key_secret)
    with closing(UserAccount(found, f"http://{emulator.endpoint}")) as account:
        name = {"account": keys.account_id, "action": "ListRoles"}
        emulator.admin.add_fault("throttle", times=1, **name)
        assert account.rows("RamRole") == {}
        emulator.admin.add_fault("deny", times=-1, **name)
        with pytest.raises(Stalled, match="ListRoles"):
            account.rows("RamRole")
