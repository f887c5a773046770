"""The emulator as a process: its ready line, its end, its state file, and its speed."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.emulator_process import EmulatorProcess, emulator
from lab.waiting import until
from tests.emulator.calls import SERVICE_TRUST, invoke
from tests.emulator.conftest import Cloud, Credentials

ID = "1234567890123456"
ROOT = Path(__file__).resolve().parents[2]


def _client(process: EmulatorProcess) -> Cloud:
    return Cloud(process, process.admin.create_account(behaviours="friendly"))


def test_ready_line_has_ports_and_seeded_accounts() -> None:
    with emulator(["--seed-account", ID, "--behaviours", "friendly"]) as process:
        (account,) = process.accounts
        assert account["accountId"] == ID
        assert process.admin.healthy()
        key = Credentials(account["adminAccessKeyId"], account["adminAccessKeySecret"])
        other = _client(process)
        assert invoke(other.sts(key), "GetCallerIdentity")["AccountId"] == ID
        assert process.admin.behaviours(ID)["stale_read_seconds"] == 0
    assert process.stop() == 0


def test_both_ports_are_on_loopback_only() -> None:
    with emulator() as process:
        sockets = Path(f"/proc/{process.pid}/net/tcp").read_text(encoding="ascii")
        for port in (process.port, int(process.admin_url.rpartition(":")[2])):
            assert f"0100007F:{port:04X}" in sockets
            assert f"00000000:{port:04X}" not in sockets


def test_state_file_brings_keys_and_roles_over_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    arguments = ["--state", str(file), "--seed-account", ID, "--behaviours", "friendly"]
    with emulator(arguments) as process:
        account = process.accounts[0]
        key = Credentials(account["adminAccessKeyId"], account["adminAccessKeySecret"])
        ram = _client(process).ram(key)
        invoke(ram, "CreateRole", RoleName="kept", AssumeRolePolicyDocument=SERVICE_TRUST)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with emulator(arguments) as process:
        assert process.accounts == []
        ram = _client(process).ram(key)
        assert invoke(ram, "GetRole", RoleName="kept")["Role"]["RoleName"] == "kept"


def test_state_is_written_while_it_runs(tmp_path: Path) -> None:
    file = tmp_path / "cloud.json"
    with emulator(["--state", str(file)]) as process:
        cloud = _client(process)
        invoke(cloud.ram(), "CreateRole", RoleName="k", AssumeRolePolicyDocument=SERVICE_TRUST)
        until(lambda: '"k"' in file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("stdin", ["pipe", "null"])
def test_ends_when_its_parent_is_killed(stdin: str) -> None:
    source = "import subprocess,sys,time\n"
    source += (
        f"child=subprocess.Popen({[sys.executable, '-m', 'ram_emulator', '--exit-with-parent']!r}"
    )
    source += (
        f",stdin=subprocess.{'PIPE' if stdin == 'pipe' else 'DEVNULL'},stdout=subprocess.PIPE)\n"
    )
    source += "child.stdout.readline()\nprint(child.pid, flush=True)\ntime.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "operator")}
    with subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        child = Path(f"/proc/{int(parent.stdout.readline())}")
        assert child.exists()
        parent.kill()
    until(lambda: not child.exists() or "Z" in _state(child), "that the child ended")


def _state(process: Path) -> str:
    try:
        return process.joinpath("stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def test_a_start_that_fails_says_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"format": 0}', encoding="utf-8")
    log = tmp_path / "log"
    with pytest.raises(RuntimeError, match="before it was ready"):
        EmulatorProcess.start("--state", str(broken), log=log)
    assert "not a saved state" in log.read_text(encoding="utf-8")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _reference(times: int) -> float:
    """Processor seconds of some work with JSON and hashes, on this machine as it is now."""
    value = {"a": list(range(50)), "b": {str(number): "x" * 10 for number in range(20)}}
    before = time.process_time()
    for _ in range(times):
        json.loads(json.dumps(value))
        hashlib.sha256(b"x" * 2000).hexdigest()
    return time.process_time() - before


def test_a_signed_read_is_cheap() -> None:
    """A test of the operator makes thousands: each may cost as much as reading 90 small files,
    three times what it does on a machine that does nothing else."""
    turns, calls = 10, 100
    with emulator() as process:
        cloud = _client(process)
        ram = cloud.ram()
        invoke(ram, "CreateRole", RoleName="r", AssumeRolePolicyDocument=SERVICE_TRUST)
        before, reference = _cpu_seconds(process.pid), 0.0
        for _ in range(turns):
            for _ in range(calls):
                invoke(ram, "GetRole", RoleName="r")
            # In turns: what a second of a processor is worth changes with what else runs.
            reference += _reference(calls)
        assert _cpu_seconds(process.pid) - before < 90 * reference
