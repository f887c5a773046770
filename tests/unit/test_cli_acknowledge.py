"""`kubectl ram acknowledge` on an API server that says what it was told."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ram_operator import times
from ram_operator.cli import known_drift
from ram_operator.gate import acknowledgements
from tests.unit.stub_server import Reply, Request
from tests.unit.test_cli_answers import DIGEST, Json, body, role, run

OTHER = "sha256:" + "cd" * 32
SAYS = "trustPolicy (critical): ecs can now assume this role"


def drifted(version: int, digest: str = DIGEST, **more: Any) -> Json:
    found = role(version)
    found["status"] = {
        "acknowledge": {"digest": digest, "expires": "2099-01-01T00:00:00Z", "drift": [SAYS]},
        **more,
    }
    return found


def serve(tmp_path: Path, *items: Json, words: tuple[str, ...]) -> tuple[int, list[Json]]:
    reads = iter([*items, *[items[-1]] * 9])

    def answer(request: Request) -> Reply:
        if request.method == "GET":
            return Reply(body=body(next(reads)))
        return Reply(body=body({}))

    code, asked = run(tmp_path, answer, "acknowledge", "ramrole/alpha", *words)
    return code, [json.loads(each.body)["metadata"] for each in asked if each.method == "PATCH"]


@pytest.mark.parametrize("words", [("--for", "4h"), ("--for=90m", "-o", "name")])
def test_exactly_what_is_shown_is_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, (written,) = serve(tmp_path, drifted(1), words=(*words, "--yes"))
    assert code == 0
    value = written["annotations"]["ram.alibabacloud.com/acknowledge-drift"]
    digest, _, end = value.partition(" until ")
    assert digest == DIGEST
    assert 0 < times.seconds(end) - time.time() <= 4 * 3600
    said = capsys.readouterr()
    assert SAYS in (said.err if "name" in words else said.out)
    assert said.out.endswith("alpha\n" if "name" in words else "drift acknowledged\n")


def test_what_moved_meanwhile_is_not_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--for=1h", "--yes")
    assert serve(tmp_path, drifted(1), drifted(2, OTHER), words=words) == (3, [])
    assert "the drift moved" in capsys.readouterr().err
    anew = drifted(2)
    anew["metadata"]["uid"] = "v"
    assert serve(tmp_path, drifted(1), anew, words=words) == (3, [])
    assert serve(tmp_path, drifted(1), words=(*words, "--digest", OTHER)) == (3, [])


@pytest.mark.parametrize("until", ["2020-01-01T00:00:00Z", "2098-01-01T00:00:00Z"])
def test_a_time_is_within_a_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], until: str
) -> None:
    assert serve(tmp_path, drifted(1), words=("--until", until, "--yes")) == (2, [])
    assert "within 24 hours" in capsys.readouterr().err


@pytest.mark.parametrize("words", [("--for", "25h"), ("--for", "soon"), ("--until", "tomorrow")])
def test_what_is_no_time_is_wrong_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        serve(tmp_path, drifted(1), words=words)
    assert ended.value.code == 2


def test_without_a_time_it_shows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    voided = drifted(1)
    voided["status"]["acknowledge"]["voided"] = "AcknowledgementStale"
    assert serve(tmp_path, voided, words=()) == (0, [])
    said = capsys.readouterr()
    assert DIGEST in said.out
    assert "AcknowledgementStale" in said.out
    assert "Nothing was written" in said.err
    holds = {"digest": DIGEST, "by": "ann", "until": "2098-01-01T00:00:00Z", "drift": [SAYS]}
    assert serve(tmp_path, drifted(1, acknowledged=holds), words=()) == (0, [])
    assert "drift acknowledged by ann until 2098-01-01T00:00:00Z, in" in capsys.readouterr().out
    assert serve(tmp_path, role(1), words=()) == (1, [])
    assert serve(tmp_path, drifted(1), words=("--for=1h",)) == (2, [])


def test_lists_and_a_change_say_what_is_acknowledged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    item = role(1)
    item["status"]["acknowledged"] = {"digest": DIGEST, "by": "ann", "until": "x", "drift": "?"}

    def answer(request: Request) -> Reply:
        listed = not request.path.partition("?")[0].endswith("/alpha")
        roles = "ramroles" in request.path
        return Reply(body=body({"items": [item] if roles else []} if listed else item))

    assert run(tmp_path, answer, "pending")[0] == 0
    assert "ramrole/alpha -n identity: drift acknowledged by ann until x" in capsys.readouterr().err
    assert run(tmp_path, answer, "show", "ramrole/alpha")[0] == 0
    assert "drift acknowledged by ann until x" in capsys.readouterr().err


def test_of_many_differences_it_says_that_others_are_drift_as_ever(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert known_drift.MOST == acknowledgements.MOST
    for count, said in ((known_drift.MOST - 1, False), (known_drift.MOST, True)):
        many = [f"members[{number}] (critical): x" for number in range(count)]
        item = drifted(1)
        item["status"]["acknowledge"]["drift"] = many
        assert serve(tmp_path, item, words=())[0] == 0
        shown = capsys.readouterr().out
        assert ("others are drift as ever" in shown) is said, shown
