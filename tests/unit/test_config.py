"""Settings: where a value comes from, and that all that is wrong is said at once."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from ram_operator.config import PREFIX, Settings, SettingsError, load

ROOT = Path(__file__).resolve().parents[2]


NAMED = "--cluster-name=blue"
NAME = {PREFIX + "CLUSTER_NAME": "blue"}
BLUE = Settings(cluster_name="blue")


def test_without_flags_and_variables_the_defaults_hold() -> None:
    assert load([NAMED], {}) == BLUE


def test_the_cluster_has_no_default_name() -> None:
    with pytest.raises(SettingsError, match=f"^{PREFIX}CLUSTER_NAME: not set; .* each cluster"):
        load([], {})


def test_a_flag_goes_before_a_variable_and_that_before_the_default() -> None:
    environment = {PREFIX + "WORKERS": "3", PREFIX + "CLUSTER_NAME": "blue"}
    settings = load(["--workers", "5"], environment)
    assert settings == Settings(workers=5, cluster_name="blue")


def test_every_setting_has_a_flag_and_a_variable() -> None:
    for item in dataclasses.fields(Settings):
        text = "true" if item.default is False else str(getattr(BLUE, item.name))
        expected = getattr(BLUE, item.name) if text != "true" else True
        by_flag = load([NAMED, f"--{item.name.replace('_', '-')}={text}"], {})
        by_variable = load([], {**NAME, PREFIX + item.name.upper(): text})
        assert getattr(by_flag, item.name) == expected
        assert by_flag == by_variable


def test_types_are_kept() -> None:
    settings = load(
        [NAMED, "--workers=2", "--settle-seconds=3", "--allow-custom-endpoints=TRUE"],
        {PREFIX + "METRICS_ADDRESS": "", PREFIX + "HEALTH_ADDRESS": "127.0.0.1:9"},
    )
    assert settings.workers == 2
    assert isinstance(settings.settle_seconds, float)
    assert settings.allow_custom_endpoints is True
    assert (settings.metrics_address, settings.health_address) == ("", "127.0.0.1:9")


def test_all_problems_are_said_at_once_each_with_its_source() -> None:
    with pytest.raises(SettingsError) as caught:
        load(
            [NAMED, "--workers=0", "--log-format=xml"],
            {PREFIX + "SETTLE_SECONDS": "soon", PREFIX + "ALLOW_CUSTOM_ENDPOINTS": "yes"},
        )
    assert sorted(str(caught.value).splitlines()) == [
        "--log-format: 'xml' is not json or plain",
        "--workers: 0 is less than 1",
        "RAM_OPERATOR_ALLOW_CUSTOM_ENDPOINTS: 'yes' is neither true nor false",
        "RAM_OPERATOR_SETTLE_SECONDS: 'soon' is no number",
    ]


@pytest.mark.parametrize(
    ("flag", "values"),
    [
        ("workers", ["", "1.5", "-1", "many"]),
        ("backoff-first", ["0", "nan", "inf", "-inf", "1e999"]),
        ("settle-seconds", ["nan", "-0.1"]),
        ("allow-custom-endpoints", ["", "1", "on"]),
        ("metrics-address", ["8000", "::8000", "http://x:1", ":port", ":123456", "a b:1"]),
        ("health-address", ["8080"]),
        ("log-level", ["", "INFO", "trace"]),
        ("cluster-name", ["", "-a", "a/b", "a b", "a" * 64]),
        ("operator-namespace", ["", "a/../b"]),
    ],
)
def test_values_that_would_fail_later_are_refused_now(flag: str, values: list[str]) -> None:
    for value in values:
        with pytest.raises(SettingsError, match=f"^--{flag}: "):
            load([f"--{flag}={value}"], NAME)


@pytest.mark.parametrize(
    "arguments", [["--worker=3"], ["--unknown=1"], ["--workers"], ["word"], ["--worker", "3"]]
)
def test_unknown_flags_are_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        load(arguments, {})
    assert caught.value.code == 2
    assert "usage: ram-operator run" in capsys.readouterr().err


def test_variables_of_others_do_not_matter() -> None:
    # Kubernetes sets these for a Service that is called ram-operator.
    others = {PREFIX + "SERVICE_HOST": "10.0.0.1", PREFIX + "PORT": "tcp://10.0.0.1:80"}
    assert load([NAMED], others) == BLUE


def test_the_help_says_what_each_flag_is_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        load(["--help"], {})
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for item in dataclasses.fields(Settings):
        assert f"--{item.name.replace('_', '-')}" in text
        assert item.metadata["help"].split()[0] in text


def test_settings_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Settings(), "workers", 3)  # noqa: B010 - mypy knows that it cannot work


@pytest.mark.parametrize("page", ["flags", "metrics"])
def test_the_reference_pages_are_up_to_date(page: str) -> None:
    command = [sys.executable, str(ROOT / "scripts" / f"{page}_reference.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
