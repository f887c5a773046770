"""Faults on demand, each with what the caller sees and whether the call took effect."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from darabonba.exceptions import UnretryableException

from lab.waiting import until
from ram_emulator.admin import AdminError
from ram_emulator.faults import KINDS
from tests.emulator.calls import SERVICE_TRUST, invoke, refused
from tests.emulator.conftest import Cloud

CREATE = {"RoleName": "r", "AssumeRolePolicyDocument": SERVICE_TRUST}


def _exists(cloud: Cloud) -> bool:
    return "r" in cloud.admin.state(cloud.id)["roles"]


def _last(cloud: Cloud) -> dict[str, Any]:
    return cloud.admin.journal(cloud.id)[-1]


# kind, further fields, what the caller sees (code, status), whether it took effect
ANSWERED: list[tuple[str, dict[str, Any], str, int, bool]] = [
    ("throttle", {}, "Throttling.User", 429, False),
    ("throttle_retry_after", {}, "Throttling.User", 429, False),
    ("error_before", {}, "InternalError", 500, False),
    ("error_before", {"code": "ServiceUnavailable"}, "ServiceUnavailable", 503, False),
    ("error_after", {}, "InternalError", 500, True),
    ("error_after", {"code": "Odd", "status": 418}, "Odd", 418, True),
    ("deny", {}, "NoPermission", 403, False),
]


@pytest.mark.parametrize(("kind", "fields", "code", "status", "effect"), ANSWERED)
def test_answered_faults(
    cloud: Cloud, kind: str, fields: dict[str, Any], code: str, status: int, effect: bool
) -> None:
    cloud.admin.add_fault(kind, account=cloud.id, action="CreateRole", **fields)
    error = refused(cloud.ram(), "CreateRole", **CREATE)
    assert (error.code, error.status_code) == (code, status)
    assert _exists(cloud) is effect
    entry = _last(cloud)
    assert entry["effect"] == ("write" if effect else "none")
    assert (entry["status"], entry["code"], entry["faults"]) == (status, code, [kind])


@pytest.mark.parametrize("header", [False, True])
def test_only_the_one_throttle_always_has_the_header(cloud: Cloud, header: bool) -> None:
    cloud.set(throttle_retry_after_header=False)
    kind = "throttle_retry_after" if header else "throttle"
    cloud.admin.add_fault(kind, account=cloud.id)
    error = refused(cloud.ram(), "ListRoles")
    assert getattr(error, "retry_after", None) == (500 if header else None)


@pytest.mark.parametrize(
    ("kind", "effect"),
    [
        ("drop_before", False),
        ("drop_after", True),
        ("bad_gateway", False),
        ("bad_gateway_after", True),
    ],
)
def test_faults_without_an_answer(cloud: Cloud, kind: str, effect: bool) -> None:
    cloud.admin.add_fault(kind, account=cloud.id, action="CreateRole")
    with pytest.raises(UnretryableException):
        invoke(cloud.ram(), "CreateRole", **CREATE)
    assert _exists(cloud) is effect
    entry = _last(cloud)
    assert entry["effect"] == ("write" if effect else "none")
    assert entry["status"] == (502 if kind.startswith("bad") else 0)
    invoke(cloud.ram(), "ListRoles")


def test_delay_beyond_the_clients_patience_still_takes_effect(cloud: Cloud) -> None:
    cloud.admin.add_fault("delay", account=cloud.id, action="CreateRole", seconds=0.4)
    with pytest.raises(UnretryableException):
        invoke(cloud.ram(read_timeout=100), "CreateRole", **CREATE)
    until(lambda: _exists(cloud), "that it took effect")


@pytest.mark.parametrize("alone", [True, False])
def test_hold_lets_go_on_what_it_held_once_it_is_disarmed(cloud: Cloud, alone: bool) -> None:
    fault = cloud.admin.add_fault("hold", account=cloud.id, action="CreateRole", times=-1)
    with ThreadPoolExecutor(2) as callers:
        calls = [callers.submit(invoke, cloud.ram(), "CreateRole", **CREATE)]
        calls.append(callers.submit(refused, cloud.ram(), "CreateRole"))
        until(lambda: cloud.admin.faults()[0]["hits"] == 2, "that both are held")
        invoke(cloud.ram(), "ListRoles")
        assert not _exists(cloud)
        row = cloud.admin.remove_fault(fault) if alone else cloud.admin.clear_faults()[0]
        assert (row["id"], row["hits"]) == (fault, 2)
        for call in calls:
            call.result(timeout=60)
    assert _exists(cloud)
    with pytest.raises(AdminError) as error:
        cloud.admin.remove_fault(fault)
    assert error.value.status == 404


def test_stale_shows_the_state_before_the_last_write(cloud: Cloud) -> None:
    invoke(cloud.ram(), "CreateRole", **CREATE)
    cloud.admin.add_fault("stale", account=cloud.id, action="GetRole")
    assert refused(cloud.ram(), "GetRole", RoleName="r").code == "EntityNotExist.Role"
    invoke(cloud.ram(), "GetRole", RoleName="r")


@pytest.fixture
def victim() -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits; one line on its standard output says that it is ready."""
    code = "import signal,sys,time\n"
    code += "signal.signal(signal.SIGTERM, lambda *a: sys.exit(7))\nprint('up', flush=True)\n"
    code += "time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@pytest.mark.parametrize(("kind", "effect"), [("kill_before", False), ("kill_after", True)])
def test_kill(cloud: Cloud, victim: subprocess.Popen[bytes], kind: str, effect: bool) -> None:
    fault = cloud.admin.add_fault(kind, account=cloud.id, nth=2, pid=victim.pid)
    invoke(cloud.ram(), "ListRoles")
    assert victim.poll() is None
    with pytest.raises(UnretryableException):
        invoke(cloud.ram(), "CreateRole", **CREATE)
    assert victim.wait(5) == -signal.SIGKILL
    assert _exists(cloud) is effect
    (row,) = [row for row in cloud.admin.faults() if row["id"] == fault]
    assert (row["seen"], row["hits"]) == (2, 1)


def test_a_gentle_signal_lets_the_call_finish(
    cloud: Cloud, victim: subprocess.Popen[bytes]
) -> None:
    cloud.admin.add_fault("kill_before", account=cloud.id, pid=victim.pid, signal="TERM")
    invoke(cloud.ram(), "CreateRole", **CREATE)
    assert victim.wait(5) == 7


def test_nth_and_times_count_matching_calls_only(cloud: Cloud, hostile: Cloud) -> None:
    cloud.admin.add_fault(
        "error_before", account=cloud.id, action="Get*", nth=2, times=2, code="Boom"
    )
    ram, codes = cloud.ram(), []
    for _ in range(4):
        invoke(ram, "ListRoles")
        refused(hostile.ram(), "GetRole", RoleName="none")
        codes.append(refused(ram, "GetRole", RoleName="none").code)
    assert codes == ["EntityNotExist.Role", "Boom", "Boom", "EntityNotExist.Role"]
    (row,) = cloud.admin.faults()
    assert (row["seen"], row["hits"]) == (4, 2)


def test_forever_until_cleared_and_by_service(cloud: Cloud) -> None:
    cloud.admin.add_fault("deny", account=cloud.id, action="sts:*", times=-1)
    for _ in range(3):
        assert refused(cloud.sts(), "GetCallerIdentity").code == "NoPermission"
    invoke(cloud.ram(), "ListRoles")
    (last,) = cloud.admin.clear_faults()
    assert (last["seen"], last["hits"]) == (3, 3)
    assert cloud.admin.clear_faults() == []
    invoke(cloud.sts(), "GetCallerIdentity")


def test_writes_only(cloud: Cloud) -> None:
    cloud.admin.add_fault("error_before", account=cloud.id, writes=True)
    invoke(cloud.ram(), "ListRoles")
    assert refused(cloud.ram(), "CreateRole", **CREATE).code == "InternalError"


def test_delay_then_another_fault(cloud: Cloud) -> None:
    cloud.admin.add_fault("delay", account=cloud.id, seconds=0.2)
    cloud.admin.add_fault("throttle", account=cloud.id)
    start = time.monotonic()
    with pytest.raises(AlibabaCloudException):
        invoke(cloud.ram(), "ListRoles")
    assert time.monotonic() - start >= 0.2


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "earthquake"},
        {"kind": "throttle", "when": "now"},
        {"kind": "throttle", "nth": "first"},
        {"kind": "kill_before"},
        {"kind": "kill_after", "pid": 1},
        {"kind": "kill_after", "pid": -5},
        {"kind": "kill_after", "pid": 4_000_000, "signal": "HELLO"},
        {},
    ],
)
def test_wrong_faults_are_refused(cloud: Cloud, row: dict[str, Any]) -> None:
    with pytest.raises(AdminError) as caught:
        cloud.admin.request("POST", "/faults", row)
    assert caught.value.status == 400
    assert cloud.admin.faults() == []


def test_killing_what_is_gone_is_harmless(cloud: Cloud) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    cloud.admin.add_fault("kill_before", account=cloud.id, pid=gone.pid, signal="TERM")
    invoke(cloud.ram(), "ListRoles")


def test_every_kind_is_tried_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in text] == []
