"""Fixtures of the emulator's own suite: one process, a fresh account per test, the real SDK."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from alibabacloud_ims20190815.client import Client as ImsClient
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_sts20150401.client import Client as StsClient
from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.models import Config
from alibabacloud_tea_openapi.utils_models import OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions

from lab.emulator_process import EmulatorProcess
from ram_emulator.admin import AccountKeys, Admin


@dataclass(frozen=True)
class Credentials:
    """A key, with a token if it is temporary."""

    key_id: str
    secret: str
    token: str | None = None


@dataclass(frozen=True)
class Cloud:
    """An account on the emulator as a test uses it."""

    process: EmulatorProcess
    account: AccountKeys

    @property
    def admin(self) -> Admin:
        return self.process.admin

    @property
    def id(self) -> str:
        return self.account.account_id

    @property
    def root(self) -> Credentials:
        keys = self.account
        return Credentials(keys.root_access_key_id, keys.root_access_key_secret)

    @property
    def operator(self) -> Credentials:
        keys = self.account
        return Credentials(keys.admin_access_key_id, keys.admin_access_key_secret)

    def user(self, name: str, **options: Any) -> Credentials:
        keys = self.admin.create_user(self.id, name, **options)
        return Credentials(keys.access_key_id, keys.access_key_secret)

    def config(self, who: Credentials | None = None, **options: Any) -> Config:
        key = who or self.operator
        return Config(
            access_key_id=key.key_id,
            access_key_secret=key.secret,
            security_token=key.token,
            endpoint=self.process.endpoint,
            protocol="http",
            **options,
        )

    def ram(self, who: Credentials | None = None, **options: Any) -> RamClient:
        return RamClient(self.config(who, **options))

    def ims(self, who: Credentials | None = None) -> ImsClient:
        return ImsClient(self.config(who))

    def sts(self, who: Credentials | None = None) -> StsClient:
        return StsClient(self.config(who))

    def rpc(
        self, action: str, version: str, query: dict[str, str], who: Credentials | None = None
    ) -> dict[str, Any]:
        """An action without an SDK of its service here, by the client that all SDKs have."""
        what = Params(
            action=action,
            version=version,
            protocol="HTTP",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        client = Client(self.config(who))
        reply = client.call_api(what, OpenApiRequest(query=query), RuntimeOptions())
        return dict(reply["body"])

    def set(self, **behaviours: object) -> None:
        self.admin.set_behaviours(self.id, behaviours)


@pytest.fixture(scope="session")
def process() -> Iterator[EmulatorProcess]:
    with EmulatorProcess.start() as running:
        yield running


@pytest.fixture
def cloud(process: EmulatorProcess) -> Iterator[Cloud]:
    """A friendly account: what is said is seen at once."""
    yield Cloud(process, process.admin.create_account(behaviours="friendly"))
    process.admin.clear_faults()
    process.admin.set_clock_offset(0)


@pytest.fixture
def hostile(process: EmulatorProcess) -> Iterator[Cloud]:
    """An account with every switch at its default."""
    yield Cloud(process, process.admin.create_account())
    process.admin.clear_faults()
    process.admin.set_clock_offset(0)
