"""The credential report as the operator reads it, page by page, from the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ram_operator.cloud import report_calls
from tests.emulator.calls import invoke
from tests.emulator.conftest import Cloud


class Calls:
    """A few rows on each page."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        query = {name: str(value) for name, value in parameters.items()}
        if action == report_calls.GET:
            query["MaxItems"] = "2"
        return self.cloud.rpc(action.removeprefix("IMS."), "2019-08-15", query)


@pytest.mark.parametrize("hostile", [True, False])
def test_who_has_a_key_is_told_from_who_has_nothing(cloud: Cloud, hostile: bool) -> None:
    cloud.set(
        credential_report_seconds=20,
        credential_report_lag_seconds=0,
        credential_report_header_on_each_page=hostile,
        credential_report_truncated_is_text=hostile,
        credential_report_no_login="LOGIN_DISABLED" if hostile else "N/A",
    )
    for name in ("Ann", "bob", "eve"):
        invoke(cloud.ram(), "CreateUser", UserName=name)
    invoke(cloud.ram(), "CreateAccessKey", UserName="Ann")
    calls = Calls(cloud)
    assert not report_calls.made(calls)
    cloud.admin.advance_clock(21)
    assert report_calls.made(calls)
    _, found = report_calls.read(calls)
    mine = {name: found[f"user/{name}"].nothing for name in ("ann", "bob", "eve")}
    assert mine == {"ann": False, "bob": True, "eve": True}
    assert "user/<root>" not in found
