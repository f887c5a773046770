"""What has to stay true of the tree: layout, sizes, locks, and no trace of the maker's machine."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.structure import pure
from tests.suites import ALONE, BESIDE, FIRST_DAYS, LANES, SOAK, TEST

ROOT = pure.ROOT
MAX_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 6
# Written in pieces, so that this file does not hold what it looks for.
LEFT_UNDONE = re.compile("|".join(rf"\b{a}{b}\b" for a, b in (("TO", "DO"), ("FIX", "ME"))))
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:root|Users|home/(?!runner\b))[\w.-]*/")
CLOCK_CALL = re.compile(r"\.(?:now|utcnow|today)\(")


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, capture_output=True, check=True
    )
    names = listed.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def _functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in _tracked("operator/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node


def _code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from def to end without the docstring, which may say as much as it needs."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def _lock(name: str) -> dict[str, str]:
    """Name → version of a lock file. Markers are left out: one version per name is the rule."""
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))


def _declared(group: str | None) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {**project["dependency-groups"], **project["project"]["optional-dependencies"]}
    rows = groups[group] if group else project["project"]["dependencies"]
    return [Requirement(row) for row in rows]


def test_operator_is_a_source_root_and_no_package() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists(), "it would shadow a standard module"


def test_no_python_file_is_too_long() -> None:
    sizes = {path: len(path.read_text().splitlines()) for path in _tracked("*.py")}
    assert [path for path, lines in sizes.items() if lines > MAX_LINES] == []


def test_no_function_is_too_long_or_takes_too_much() -> None:
    found = []
    for name, function in _functions():
        arguments = function.args
        names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
        count = len([each for each in names if each not in {"self", "cls"}])
        lines = _code_lines(function)
        if lines > MAX_FUNCTION_LINES or count > MAX_PARAMETERS:
            found.append(f"{name}: {lines} lines, {count} parameters")
    assert found == []


def test_nothing_is_left_undone_and_no_machine_is_named() -> None:
    found = []
    for path in _tracked():
        text = path.read_text(errors="replace")
        for pattern in (LEFT_UNDONE, MACHINE_PATH):
            found += [f"{path.relative_to(ROOT)}: {hit[0]}" for hit in pattern.finditer(text)]
    assert found == []


def test_pure_modules_ask_no_clock() -> None:
    found = []
    for path in pure.paths():
        files = [ROOT / path] if path.suffix == ".py" else sorted((ROOT / path).glob("**/*.py"))
        found += [file for file in files if CLOCK_CALL.search(file.read_text())]
    assert found == []


def test_only_times_parses_and_prints_times() -> None:
    """Two readings of one text would be two times: where a zone or a day is odd, say."""
    known = re.compile(
        r"\b(?:strptime|strftime|isoformat|fromisoformat|fromtimestamp|gmtime|timegm"
        r"|parsedate\w*|timedelta|datetime)\b|%Y-%m|\(\\d\+\)[hms]|\\d\{4\}-"
    )
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in _tracked("operator/ram_operator/*.py")
        for hit in known.finditer(path.read_text())
    ]
    own = "operator/ram_operator/times.py: "
    assert [each for each in found if not each.startswith(own)] == []
    assert len(found) > 1, "the pattern finds nothing"


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("plugin.txt", (None,)),
        ("plugin-cloud.txt", (None, "cloud")),
        ("run.txt", (None, "operator")),
        ("dev.txt", (None, "operator", "dev")),
        ("go.txt", ("go",)),
    ],
)
def test_locks_hold_what_is_declared(lock: str, groups: tuple[str | None, ...]) -> None:
    locked = _lock(lock)
    for requirement in (row for group in groups for row in _declared(group)):
        version = locked.get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in {lock}: make lock"
        assert requirement.specifier.contains(version), f"{requirement} is {version}: make lock"


def test_what_is_tested_is_what_runs() -> None:
    locks = ("plugin.txt", "plugin-cloud.txt", "run.txt")
    for inner, outer in itertools.pairwise(locks):
        assert _lock(inner).items() < _lock(outer).items()
    assert _lock("run.txt").items() <= _lock("dev.txt").items()


def test_locks_have_hashes_and_name_no_server() -> None:
    for path in sorted((ROOT / "requirements").glob("*.txt")):
        text = path.read_text()
        assert "://" not in text, path
        assert len(re.findall(r"^[\w.-]+==", text, re.MULTILINE)) == len(
            re.findall(r"^[\w.-]+==.*\\\n    --hash=sha256:", text, re.MULTILINE)
        ), path


def test_the_test_run_leaves_no_file_out() -> None:
    places = [place for part in (*ALONE, *TEST) for place in part.places]
    slow = [FIRST_DAYS, SOAK, *BESIDE]
    assert {*slow} <= {place for part in LANES for place in part.places}
    places += slow
    played = [ROOT / place for place in places]
    for path in _tracked("tests/**/test_*.py"):
        found = [place for place in played if path.is_relative_to(place)]
        assert len(found) == 1, f"{path.relative_to(ROOT)} runs in {found}"


def test_the_index_of_the_docs_lists_each_decision() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    pages = {path.name for path in (ROOT / "docs" / "decisions").glob("*.md")}
    assert pages == set(re.findall(r"\(decisions/([\w.-]+)\)", index))


def test_the_oldest_kubernetes_has_a_lane_of_its_own() -> None:
    (lane,) = [part for part in LANES if part.command[-1] == "oldest"]
    played = (ROOT / "Makefile").read_text().partition("RAM_OPERATOR_KUBERNETES=oldest")[2]
    assert set(lane.places) == set(re.findall(r"tests/\S+\.py", played.partition("\n\n")[0]))
