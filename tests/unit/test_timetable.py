"""What is told of the parts of a test run."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from tests.timetable import Ended, Part, closing, counted, table


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("...\n922 passed in 111.25s (0:01:51)", (922, 0)),
        (
            "===== 1 failed, 2 passed, 3 skipped, 2 errors in 4.00s =====\nmake: *** [test] 1",
            (2, 3),
        ),
        ("== 1 error in 4.00s ==", (0, 1)),
        ("9 passed, 20 deselected in 299.71s\nnothing", (9, 0)),
        ("==== 5 passed in 1s ====\nlater\n==== 7 passed in 1s ====", (7, 0)),
        ("88 killed, 3 equivalent\n91 passed, 0 failed", (91, 0)),
        ("it says that 3 passed", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_the_last_closing_line_counts(text: str, expected: tuple[int, int]) -> None:
    assert counted(text) == expected


def test_a_part_tells_its_time_its_work_and_its_end(tmp_path: Path) -> None:
    code = "import os\nfor n in range(3_000_000): pass\nprint('2 passed in 1s', os.environ['A'])"
    part = Part("one part", (sys.executable, "-c", code), environment={"A": "x"})
    running = part.start(tmp_path, tmp_path, ())
    while (ended := running.ended()) is None:
        time.sleep(0.02)
    assert (ended.name, ended.code, ended.passed, ended.failed) == ("one part", 0, 2, 0)
    assert ended.processor > 0
    assert ended.seconds > 0
    assert (tmp_path / "one-part.log").read_text() == "2 passed in 1s x\n"


def test_what_ended_badly_without_a_count_has_failed() -> None:
    rows = [
        Ended("static", 2, 3.0, 1.0, 0, 0).row(),
        Ended("unit", 1, 125.0, 61.5, 10, 4).row(),
    ]
    assert closing(rows) == "10 passed, 5 failed"
    assert table(rows, 126.0).splitlines() == [
        "",
        "part                    minutes  processor  passed  failed",
        "static                     0:03       0:01       0       1",
        "unit                       2:05       1:01      10       4",
        "together                   2:06       1:02      10       5",
    ]
