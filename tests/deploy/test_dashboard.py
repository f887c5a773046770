"""The dashboard: as its script writes it, well laid out, and about series that exist."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest

from lab.building import ROOT

Json = dict[str, Any]
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
DASHBOARD: Json = json.loads((ROOT / "deploy" / "monitoring" / "dashboard.json").read_text())
PANELS: list[Json] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [
    pytest.param(panel, target, id=f"{panel['title']}-{target['refId']}")
    for panel in PANELS
    for target in panel["targets"]
]
VARIABLES: list[Json] = DASHBOARD["templating"]["list"]


def concrete(expression: str) -> str:
    """With what Grafana puts in for its variables, all accounts and namespaces chosen."""
    for name in ("account", "namespace"):
        expression = expression.replace(f"${name}", ".*")
    return expression.replace("$__rate_interval", "1m")


def test_it_is_what_the_script_writes() -> None:
    script = ROOT / "scripts" / "grafana_dashboard.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_it_can_be_provisioned() -> None:
    """Grafana finds it again by its uid, and nobody edits what comes from git."""
    assert DASHBOARD["uid"] == "ram-operator"
    assert not DASHBOARD.get("id")
    assert DASHBOARD["editable"] is False
    assert DASHBOARD["title"]
    assert DASHBOARD["schemaVersion"] > 30
    assert [each["name"] for each in VARIABLES] == ["datasource", "account", "namespace"]


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    ids = Counter(panel["id"] for panel in DASHBOARD["panels"])
    assert [each for each, times in ids.items() if times > 1 or each < 1] == []
    for one, other in combinations(DASHBOARD["panels"], 2):
        a, b = one["gridPos"], other["gridPos"]
        beside = a["x"] + a["w"] <= b["x"] or b["x"] + b["w"] <= a["x"]
        below = a["y"] + a["h"] <= b["y"] or b["y"] + b["h"] <= a["y"]
        assert beside or below, (one["title"], other["title"])
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] <= 24 - place["w"], panel["title"]


def test_each_panel_says_what_it_is_and_in_which_unit() -> None:
    titles = Counter((panel["title"], panel["type"]) for panel in PANELS)
    assert set(titles.values()) == {1}
    for panel in PANELS:
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]


def _sources(node: object) -> Iterator[object]:
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == "datasource")
        for value in node.values():
            yield from _sources(value)
    elif isinstance(node, list):
        for value in node:
            yield from _sources(value)


def test_everything_comes_from_the_data_source_that_was_chosen() -> None:
    asking = [*PANELS, *(target for panel in PANELS for target in panel["targets"])]
    asking += [each for each in VARIABLES if each["type"] == "query"]
    for each in asking:
        assert each["datasource"] == SOURCE
    assert all(found == SOURCE for found in _sources(DASHBOARD))
