"""Each command that README and docs have people type is run by a test, or says why none can."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.support import documented
from tests.support.documented import Command


def _rows(table: dict[str, Any]) -> dict[str, list[str]]:
    """Command → where it stands in the table."""
    found: dict[str, list[str]] = {}
    for half in ("run", "not run"):
        for where, commands in table[half].items():
            for command in commands:
                found.setdefault(command, []).append(where)
    return found


def missing(commands: list[Command], table: dict[str, Any]) -> list[str]:
    """Commands of the documentation that nobody runs and nobody excuses."""
    rows = _rows(table)
    return [str(command) for command in commands if command.text not in rows]


def test_each_command_is_run_or_says_why_not() -> None:
    assert missing(documented.commands(), documented.table()) == []


def test_the_table_has_no_command_that_no_page_has() -> None:
    said = {command.text for command in documented.commands()}
    assert [command for command in _rows(documented.table()) if command not in said] == []


def test_what_is_run_is_not_excused_as_well() -> None:
    table = documented.table()
    excused = {command for commands in table["not run"].values() for command in commands}
    assert [
        each for commands in table["run"].values() for each in commands if each in excused
    ] == []


def test_a_new_command_is_noticed() -> None:
    new = Command("README.md", 1, "kubectl get ram --everywhere")
    assert missing([new], documented.table()) == [str(new)]


def test_who_runs_them_exists() -> None:
    for test in documented.table()["run"]:
        path, _, name = test.partition("::")
        text = (documented.ROOT / path).read_text()
        assert not name or f"def {name}(" in text, test
        # It asks for its rows: in its own file, or in the one that plays the first days.
        player = documented.ROOT / "tests" / "first_days" / "test_first_days.py"
        asks = player.read_text() if path.startswith("tests/first_days/") else text
        assert "documented." in asks or "support.runbooks import commands" in asks, test


def test_commands_stand_in_blocks_of_their_own_kind() -> None:
    """One in another block would not be found."""
    for page in documented.PAGES:
        for language, first, lines in documented.blocks(page):
            typed = [line for line in lines if line.startswith(("$ ", "# kubectl", "kubectl "))]
            assert not typed or language == "console", f"{page}:{first}"
            assert language not in ("bash", "sh", "shell"), f"{page}:{first}"


@pytest.mark.parametrize(
    ("block", "typed"),
    [
        (["$ one  # why", "output", "$ two"], ["one", "two"]),
        (["$ one \\", "    more", "output"], ["one \\\n    more"]),
        (["$ cat > x <<'EOF'", "$ no", "EOF", "$ two"], ["cat > x <<'EOF'\n$ no\nEOF", "two"]),
        (
            ["$ for each in a; do", "    b; done", "$ two"],
            ["for each in a; do\n    b; done", "two"],
        ),
    ],
)
def test_what_is_typed_is_told_from_what_is_shown(block: list[str], typed: list[str]) -> None:
    assert [text for _, text in documented.typed(block)] == typed


@pytest.mark.parametrize(
    ("said", "typed", "is_it"),
    [
        ("python -m demo cloud", ".venv/bin/python -m demo cloud", True),
        ("""a -p '{"x":[…]}'""", """a -p '{"x":["y"]}'""", True),
        ("a --at=2026-11-24T13:14:58Z", "a --at=2027-01-01T00:00:00Z", True),
        ("a -o='b'", "a -o=b", True),
        ("a -n b", "a -n c", False),
        ("a -n b", "a -n b --force", False),
    ],
)
def test_what_was_typed_is_what_is_documented(said: str, typed: str, is_it: bool) -> None:
    assert documented.same(said, typed) is is_it


@pytest.mark.parametrize(
    ("said", "is_it"),
    [
        ("NAME AGE\nann 1s", True),
        ("NAME AGE\n…\nann 2m", True),
        ("NAME …", True),
        ("NAME AGE\nbob 1s", False),
        ("NAME AGE\nann 1d", False),
        ("AGE\n…\nNAME", False),
    ],
)
def test_what_is_shown_was_printed(said: str, is_it: bool) -> None:
    assert documented.prints(said, "NAME   AGE\nann    9s\n") is is_it


def test_what_is_looked_for_in_the_pod_is_written_there() -> None:
    """Whether or not it was written while a test looked for it."""
    sources = documented.ROOT / "operator" / "ram_operator"
    logged = "\n".join(path.read_text() for path in sources.rglob("*.py"))
    shown = (documented.ROOT / "docs" / "reference" / "metrics.md").read_text()
    looked_for = [
        (pattern, shown if "/metrics" in command.text else logged)
        for command in documented.commands()
        if "kubectl logs" in command.text or "/metrics" in command.text
        for pattern in _patterns(command.text)
    ]
    assert len(looked_for) > 10
    # A name stands for the reader's own.
    assert [p for p, text in looked_for if p not in text and p != "NAME"] == []
    # Levels are in small letters unless --log-format says otherwise.
    assert not {"ERROR", "WARNING"} & {pattern for pattern, _ in looked_for}


def _patterns(command: str) -> list[str]:
    _, found, last = command.partition("| grep ")
    words = shlex.split(last.partition(" |")[0]) if found else []
    return [word for word in words if word not in ("-e", "-i")]
