"""Who changed the cloud by hand, and how people come to know: events, metrics, an alert.

Each step is called once by tour.py, in order, after what it tells of.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from demo.guide import Guide
from demo.stage import RULES
from lab.waiting import until

METRIC: Final = "ram_operator_drift_corrected_timestamp_seconds"
ALERT: Final = "RamOperatorDriftCorrected"
AUTHORS: Final = "events --field-selector=reason=DriftAuthor"
COLUMNS: Final = "custom-columns=OBJECT:.involvedObject.name,MESSAGE:.message"
_SHOWN: Final = 3
"""Objects that were put right."""


def authors(guide: Guide) -> None:
    guide.screen.say(
        "ActionTrail is asked who it was. There an act is seen some minutes after it, here after a"
        " second; the operator asks again until it is."
    )
    until(partial(_known, guide), "that the author of each is told")
    shown = guide.get(AUTHORS, COLUMNS)
    guide.expect(shown.count("by-hand") >= _SHOWN, "it was by-hand, each time")


def _known(guide: Guide) -> bool:
    names = "-o=jsonpath={.items[*].involvedObject.name}"
    return len(set(guide.quietly("get", *AUTHORS.split(), "-A", names).split())) >= _SHOWN


def alert(guide: Guide) -> None:
    guide.screen.say("What was put right is a metric, and an alert of its own by severity:")
    lines = guide.scrape(METRIC)
    guide.expect('resource_name="shop-auditor"' in lines, "the role is told of")
    if not guide.prometheus:
        guide.screen.say(
            f"The alert {ALERT} in deploy/monitoring/rules.yaml rings for it. `make monitoring`"
            " builds a Prometheus, and the next demo shows that, too."
        )
        return
    guide.screen.say(
        f"A Prometheus scrapes the operator under {RULES.parent.name}/{RULES.name}. The alert is"
        " pending for a minute before it rings:"
    )
    query = f'ALERTS{{alertname="{ALERT}"}}'
    until(partial(_rings, guide, query), f"that {ALERT} is about all three")
    series = guide.promtool(query)
    guide.expect(series.count('severity="critical"') == _SHOWN, "one for each, and critical")


def _rings(guide: Guide, query: str) -> bool:
    return guide.asked(query).count(ALERT) >= _SHOWN
