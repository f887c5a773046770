"""The parts of a run: how many at once, what is shown, and what the whole ends with."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.suites import LEAST, Run
from tests.timetable import Part


def part(name: str, code: str) -> Part:
    return Part(name, (sys.executable, "-c", code))


def test_the_whole_ends_as_badly_as_its_worst_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(tmp_path)
    run.all(
        [
            part("good", "print('3 passed in 1s')"),
            part("bad", "print('1 failed, 2 passed in 1s'); raise SystemExit(1)"),
            part("worse", "raise SystemExit(4)"),
        ]
    )
    assert run.close("both") == 4
    shown = capsys.readouterr().out.splitlines()
    assert {"3 passed in 1s", "1 failed, 2 passed in 1s"} <= set(shown)
    assert shown[-1] == "5 passed, 2 failed"
    rows = json.loads((tmp_path / "times-both.json").read_text())["rows"]
    assert {row["name"]: row["code"] for row in rows} == {"good": 0, "bad": 1, "worse": 4}


@pytest.mark.parametrize(("arguments", "code"), [((), 5), (("-k", "gate"), 0)])
def test_a_part_may_have_no_test_that_was_asked_for(
    tmp_path: Path, arguments: tuple[str, ...], code: int
) -> None:
    run = Run(tmp_path, arguments)
    run.all([part("empty", "raise SystemExit(5)")])
    assert run.close("chosen") == code


def test_some_run_at_once_whatever_the_machine_does(tmp_path: Path) -> None:
    run = Run(tmp_path)
    try:
        for number in range(LEAST):
            assert run.room()
            run.start(part(f"sleeper {number}", "import time; time.sleep(60)"))
        assert not run.room(), "another one waits until it shows what these take"
    finally:
        run.end()
