"""The benchmark's page explains exactly the keys that a run ends in."""

from __future__ import annotations

import json

from bench import comparing
from bench.measure import Sample
from bench.result import Measured
from ram_operator.documents import Verdict
from tests.unit.test_constants import rows


def test_the_page_explains_exactly_the_keys_there_are() -> None:
    nothing = Sample(0)
    keys = Measured(1, nothing, 0.0, 0, 0, nothing, nothing, nothing, 0.0).keys()
    assert set(rows("bench.md", "The keys")) == set(keys)
    assert json.loads(json.dumps(keys, sort_keys=True)) == keys


def test_the_comparisons_are_no_mere_equalities() -> None:
    verdicts = [compare().verdict for compare in comparing.comparisons()]
    assert {Verdict.SAME, Verdict.WIDER, Verdict.NARROWER, Verdict.MIXED} <= set(verdicts)
    assert Verdict.UNKNOWN not in verdicts
