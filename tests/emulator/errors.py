"""Rows of refused calls, shared by the tables of documented errors."""

from __future__ import annotations

from typing import Any

from tests.emulator.calls import refused
from tests.emulator.conftest import Cloud

Row = tuple[str, dict[str, Any], str]

_STATUS = {
    "EntityNotExist": 404,
    "EntityAlreadyExists": 409,
    "DeleteConflict": 409,
    "LimitExceeded": 409,
    "CheckAuthenticationCodeFail": 403,
    "NoPermission": 403,
}


def bad_names(action: str, rest: dict[str, Any], parameter: str, most: int) -> list[Row]:
    """What is wrong with a name: characters, length, absence."""
    code = f"InvalidParameter.{parameter}"
    return [
        (action, {**rest, parameter: "a b"}, f"{code}.InvalidChars"),
        (action, {**rest, parameter: "x" * (most + 1)}, f"{code}.Length"),
        (action, {k: v for k, v in rest.items() if k != parameter}, "MissingParameter"),
    ]


def assert_refused(cloud: Cloud, action: str, parameters: dict[str, Any], code: str) -> None:
    """The call has the code, its status and a whole body, and changes nothing."""
    client = cloud.ims() if action.startswith("ims:") else cloud.ram()
    before = cloud.admin.state(cloud.id)
    error = refused(client, action.removeprefix("ims:"), **parameters)
    assert error.code == code
    assert error.status_code == _STATUS.get(code.partition(".")[0], 400)
    assert error.data["RequestId"]
    assert set(error.data) >= {"RequestId", "HostId", "Code", "Message", "Recommend"}
    assert cloud.admin.state(cloud.id) == before
