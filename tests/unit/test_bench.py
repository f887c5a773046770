"""The benchmark's page explains exactly the keys that a run ends in."""

from __future__ import annotations

import json
from collections import Counter

from bench import comparing
from bench.measure import Sample
from bench.reference import Size, manifests
from bench.reference_run import Edit, Pace, ReferenceRun
from bench.result import Measured
from ram_operator.documents import Verdict
from tests.unit.test_constants import rows


def test_the_page_explains_exactly_the_keys_there_are() -> None:
    nothing = Sample(0)
    keys = Measured(1, nothing, 0.0, 0, 0, nothing, nothing, nothing, 0.0).keys()
    assert set(rows("bench.md", "The keys")) == set(keys)
    assert json.loads(json.dumps(keys, sort_keys=True)) == keys


def test_the_page_explains_the_keys_of_the_reference_account() -> None:
    nothing = Sample(0)
    run = ReferenceRun.__new__(ReferenceRun)
    run.size, run.pace = Size(), Pace(15.0, 24.0)
    edit = Edit("trust", "RamRole", "role-1", lambda: None, 0.0, 30.0)
    keys = run.keys(nothing, 24.0, [edit], nothing)
    assert set(rows("bench.md", "The reference account")) == set(keys)
    assert keys["detection_minutes"] == {"trust": {"edits": 1, "median": 120.0, "worst": 120.0}}


def test_the_reference_account_is_the_one_that_budgets_speak_of() -> None:
    size = Size()
    assert (size.objects, size.identities) == (1800, 1820)
    system = [f"Aliyun{number}ReadOnlyAccess" for number in range(60)]
    made = list(manifests(size, system))
    kinds = Counter(kind for kind, _ in made)
    assert kinds == {"RamRole": 1000, "RamUser": 500, "RamGroup": 100, "RamPolicy": 200}
    attached = Counter[str]()
    for kind, item in made:
        attached[kind] += len(item["spec"].get("policies", ()))
    assert attached["RamRole"] == 2000
    assert attached["RamUser"] + attached["RamGroup"] == 800
    assert all(len(i["spec"]["members"]) == 20 for kind, i in made if kind == "RamGroup")


def test_the_comparisons_are_no_mere_equalities() -> None:
    verdicts = [compare().verdict for compare in comparing.comparisons()]
    assert {Verdict.SAME, Verdict.WIDER, Verdict.NARROWER, Verdict.MIXED} <= set(verdicts)
    assert Verdict.UNKNOWN not in verdicts
