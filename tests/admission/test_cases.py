"""Who may approve and reject, and what is stamped: the table of cases.yaml, for every kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lab.connection import RequestFailed
from tests.admission.objects import D1, D2, PREFIX, STAMPS, Bench, stamps, who

CASES: Final = yaml.safe_load(Path(__file__).with_name("cases.yaml").read_text())
GIVEN: Final[dict[str, list[dict[str, Any]]]] = {
    "changed": [
        {"by": "author", "how": "create", "authors": ["author"], "approver": None},
        {"by": "operator", "how": "status"},
        {"by": "author", "spec": "dangerous", "authors": ["author"], "approver": None},
    ]
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(bench: Bench, case: dict[str, Any]) -> None:
    if bench.kind not in case.get("kinds", [bench.kind]):
        pytest.skip("not of this kind")
    for number, raw in enumerate([*GIVEN.get(case.get("given", ""), []), *case["steps"]]):
        step = {key: _digests(value) for key, value in raw.items()}
        if step.get("how") == "status":
            step["by"] = "operator"
        refusal = _refusal(bench, step)
        if "refused" in step:
            assert refusal is not None, (number, step, "was taken")
            assert "ValidatingAdmissionPolicy 'ram-approve'" in refusal, (number, step)
            assert step["refused"] in refusal, (number, step)
        else:
            assert refusal is None, (number, step)
        for name in ("rejecter", "suspender", "deleter", "acknowledger"):
            if name in step:
                assert who(bench.get(), name) == step[name], (number, step)
        if "authors" in step or "approver" in step:
            authors, approver = stamps(bench.get())
            assert (
                step.get("authors", authors),
                step.get("approver", approver),
            ) == (authors, approver), (number, step)


def _refusal(bench: Bench, step: dict[str, Any]) -> str | None:
    try:
        bench.do(step)
    except RequestFailed as failure:
        return str(failure)
    return None


def _digests(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return value.replace("D1", D1).replace("D2", D2).replace("LONG", D1 + " " + "x" * 1000)


def test_every_person_with_a_part_is_in_a_case() -> None:
    asked = {step["by"] for case in CASES for step in case["steps"]}
    assert {"author", "editor", "approver", "security", "administrator", "argocd"} <= asked


def test_no_name_of_an_annotation_is_misspelt() -> None:
    known = {
        *("by", "how", "spec", "dry_run", "refused", "approve", "reject", "note"),
        "delete-requested",
        "acknowledge-drift",
        *(*STAMPS, *STAMPS.values(), "handled", "rejections"),
    }
    assert {key for case in CASES for step in case["steps"] for key in step} <= known
    assert PREFIX.endswith("/")


@pytest.mark.parametrize(
    "change",
    [
        {"observedGeneration": 0},
        {"pending": {"kind": "TrustChange", "firstSeen": "2026-01-01T00:00:00Z", "summary": "x"}},
        {"conditions": []},
        {"wouldDo": ["x"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_authors_stay_until_all_was_applied(bench: Bench, change: dict[str, Any]) -> None:
    bench.do({"by": "author", "how": "create"})
    bench.write_status(**change)
    bench.do({"by": "editor", "spec": "dangerous"})
    assert stamps(bench.get()) == (["author", "editor"], None)


@pytest.mark.parametrize("which", [0, 1], ids=["Ready", "Synced"])
@pytest.mark.parametrize("part", [("status", "False"), ("observedGeneration", 0)], ids=str)
def test_authors_stay_while_a_condition_is_not_of_this_generation(
    role_bench: Bench, which: int, part: tuple[str, Any]
) -> None:
    role_bench.do({"by": "author", "how": "create"})
    role_bench.write_status()
    conditions = role_bench.get()["status"]["conditions"]
    conditions[which][part[0]] = part[1]
    role_bench.write_status(conditions=conditions)
    role_bench.do({"by": "editor", "spec": "dangerous"})
    assert stamps(role_bench.get()) == (["author", "editor"], None)
