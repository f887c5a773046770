"""How long things count, as docs/security.md says it in numbers."""

from __future__ import annotations

from ram_operator import times
from ram_operator.cloud import cached_reads
from ram_operator.cluster import guard_probe
from ram_operator.config import Settings
from ram_operator.gate import approvals


def test_the_spans_are_those_that_people_are_told() -> None:
    assert approvals.VALID == 7 * times.DAY
    assert cached_reads.FRESH_SECONDS == 2
    assert guard_probe.FRESH_SECONDS == 60
    assert Settings().document_settle_seconds == 60
