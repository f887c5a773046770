"""The list of mutants keeps pace with the code: each line that is changed is there, once."""

from __future__ import annotations

import pytest

from tests.mutants.catalogue import ROOT, SOURCES, BadMutant, Mutant, load

AREAS = ("approval.py", "documents/", "risk.py", "cloud/execute.py", "gatedwrite.py")


def test_each_mutant_applies_and_differs() -> None:
    for mutant in load():
        text = (ROOT / SOURCES / mutant.file).read_text(encoding="utf-8")
        assert mutant.applied(text) != text, mutant.name
        compile(mutant.applied(text), mutant.file, "exec")
        assert mutant.why
        assert all((ROOT / test).exists() for test in mutant.tests), mutant.name


def test_each_area_has_some() -> None:
    mutants = load()
    assert len(mutants) >= 30
    for area in AREAS:
        assert any(mutant.file.startswith(area) for mutant in mutants), area


def test_a_line_that_is_gone_or_not_alone_is_refused() -> None:
    mutant = Mutant("m", "f.py", "x = 1", "x = 2", (), "")
    for text in ("y = 1", "x = 1\nx = 1"):
        with pytest.raises(BadMutant):
            mutant.applied(text)
