"""The command line: what it answers without starting anything."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ram_operator
from ram_operator.__main__ import USAGE, main
from tests.unit.stub_server import Reply, stub

SOURCES = Path(__file__).resolve().parents[2] / "operator"


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version"]) == 0
    assert capsys.readouterr().out == f"{ram_operator.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["start"], ["version", "now"], ["--help", "me"]])
def test_anything_else_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"{USAGE}\n")


def test_wrong_settings_are_said_without_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--cluster-name=a", "--workers=none", "--log-level=loud"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in errors] == ["--workers", "--log-level"]


def test_help_of_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "--help"])
    assert caught.value.code == 0
    assert "--cluster-name" in capsys.readouterr().out


@pytest.mark.parametrize(("arguments", "code"), [(["version"], 0), ([], 2)])
def test_as_a_process_it_needs_neither_kopf_nor_the_sdk(arguments: list[str], code: int) -> None:
    program = (
        "import runpy, sys\n"
        "try:\n    runpy.run_module('ram_operator', run_name='__main__')\n"
        "finally:\n    heavy = {'kopf', 'kubernetes', 'Tea', 'darabonba'} & set(sys.modules)\n"
        "    assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", program, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCES)}
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (result.returncode, "Traceback" in result.stderr) == (code, False)


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_who_asks_for_help_gets_it(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (f"{USAGE}\n", "")


@pytest.mark.parametrize("value", ["sdk", "SDK"])
def test_the_sdk_is_never_let_print_what_it_sends(value: str) -> None:
    """By the real SDK: it looks at the variable at each call."""
    for silent in (True, False):
        with stub(lambda _: Reply(body=b'{"RequestId": "r", "User": {"UserId": "1"}}')) as server:
            script = (
                "import os, sys\n"
                "from ram_operator.__main__ import _keep_silent\n"
                f"{'_keep_silent(os.environ)' if silent else ''}\n"
                "import alibabacloud_ram20150501.client as c\n"
                "import alibabacloud_ram20150501.models as m\n"
                "from alibabacloud_tea_openapi.models import Config\n"
                "config = Config(access_key_id='LTAI-shown', access_key_secret='x',"
                f" endpoint='{server.host}', protocol='http')\n"
                "c.Client(config).get_user(m.GetUserRequest(user_name='ann'))\n"
            )
            done = subprocess.run(
                [sys.executable, "-c", script],
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "DEBUG": value},
            )
        assert ("LTAI-shown" in done.stdout + done.stderr) is not silent
