"""What dashboard and rules ask Prometheus for: metrics and labels that the operator serves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from lab.prometheus_process import Prometheus
from tests.deploy.test_dashboard import TARGETS, VARIABLES, concrete
from tests.deploy.test_rules import EVERY_RULE
from tests.support import promql
from tests.support.exposed import exposed

Json = dict[str, Any]


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """One that scrapes nothing."""
    process = Prometheus.start(tmp_path_factory.mktemp("prometheus"))
    process.ready()
    yield process
    process.child.stop()


@pytest.mark.parametrize(("panel", "target"), TARGETS)
def test_an_expression_uses_metrics_and_labels_that_exist(
    parser: Prometheus, panel: Json, target: Json
) -> None:
    tree = parser.parsed(concrete(target["expr"]))
    given = promql.labels(tree, exposed())
    told = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
    assert told <= given, panel["title"]
    if panel["type"] == "table":
        assert given, "a table of one number"
        assert not given & {"instance", "pod"}, "which replica it is changes the row"


def test_the_variables_are_labels_that_exist(parser: Prometheus) -> None:
    for variable in VARIABLES:
        if variable["type"] == "query":
            found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"])
            assert found is not None
            assert found[2] in promql.labels(parser.parsed(concrete(found[1])), exposed())


@pytest.mark.parametrize("rule", EVERY_RULE, ids=lambda rule: rule.get("alert", "recorded"))
def test_a_rule_uses_metrics_and_labels_that_exist(parser: Prometheus, rule: Json) -> None:
    given = promql.labels(parser.parsed(rule["expr"]), _known(parser))
    told = set(re.findall(r"\$labels\.(\w+)", str(rule.get("annotations"))))
    assert told <= given
    assert not given & {"instance", "pod", "container", "endpoint"}, "another pod, another alert"


def _known(parser: Prometheus) -> dict[str, set[str]]:
    """What the operator serves, and what the rules record of it."""
    known = exposed()
    for rule in EVERY_RULE:
        if "record" in rule:
            known[rule["record"]] = promql.labels(parser.parsed(rule["expr"]), known)
    return known


@pytest.mark.parametrize(
    "wrong",
    [
        "ram_operator_drift_detectd",
        'ram_operator_drift_detected{resource="x"}',
        "sum by (user) (ram_operator_drift_detected)",
        "sum by (kind) (sum by (severity) (ram_operator_drift_detected))",
        "ram_operator_found_in_cloud unless on (severity) ram_operator_drift_detected",
        "ram_operator_drift_detected / ram_operator_found_in_cloud",
        'label_replace(ram_operator_leader, "a", "$1", "action", ".*")',
    ],
)
def test_a_wrong_expression_is_found(parser: Prometheus, wrong: str) -> None:
    """Otherwise the tests above would prove nothing."""
    with pytest.raises(promql.Wrong):
        promql.labels(parser.parsed(wrong), exposed())
