"""What a status shows of texts that other people wrote."""

from __future__ import annotations

import json
from dataclasses import replace

from ram_operator.constants import Reason, Severity
from ram_operator.model.changes import Change, Drift, Finding
from ram_operator.model.objects import Entry
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.records import Rejection
from ram_operator.model.vocabulary import Direction, Phase
from ram_operator.reporting.status import build_report
from tests.unit.outcomes import DONE, HELD, LIVE, T0, T2, build

ODD = "a\nForged: yes\x1b[2J\u202e\u2028" * 40


def test_no_text_forges_a_line_or_is_too_long_for_its_field() -> None:
    drift = Drift(f"tags[{ODD}]", ODD, ODD, Severity.WARNING, "reported")
    said = Rejection("c", (), T0, ODD, ODD)
    findings = (Finding("RAM002", Severity.CRITICAL, ODD, ODD),)
    held = replace(HELD, summary=ODD, gains=(ODD,), losses=(ODD,), rejections=(said,))
    plan = Plan(held=replace(held, findings=findings), drift=(drift,), remarks=findings)
    live = replace(LIVE, fields={"access": {"a": Entry(ODD)}, "mode": ODD})
    shows = {"access": "access", "mode": "mode"}
    outcome = Outcome(
        Phase.STALLED, Reason.CONFLICT, ODD, plan=plan, live=live, also=(ODD,), shows=shows
    )
    status = build(outcome).status
    text = json.dumps(status, ensure_ascii=False)
    assert "Forged" in text
    assert not {"\x1b", "\u202e", "\u2028"} & set(text)
    assert "\n" not in json.loads(text)["conditions"][0]["message"]
    pending = status["pending"]
    assert max(map(len, (pending["rejected"], pending["rejections"][0]["reason"]))) <= 512
    assert len(pending["summary"]) <= 1024
    assert len(status["access"][0]) <= 160
    again = build_report(status, outcome, 3, T2, {})
    assert (again.status, again.events) == (status, ()), "twice says nothing new"


def test_what_was_changed_is_told_in_json_that_means_the_same() -> None:
    change = Change("description", "x", "a\x85\u202eb", Direction.WIDER)
    after = build(replace(DONE, plan=Plan(held=replace(HELD, changes=(change,))))).status
    assert "\u202e" not in after["pending"]["after"]
    assert json.loads(after["pending"]["after"]) == {"description": "a\x85\u202eb"}
