"""The alerts: promtool's verdict on rules and their tests, and that both say what they promise."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab import monitoring
from lab.building import ROOT
from lab.monitoring import Monitoring

Json = dict[str, Any]
RULES = ROOT / "deploy" / "monitoring" / "rules.yaml"
UNIT_TESTS = ROOT / "deploy" / "monitoring" / "rules_test.yaml"
RUNBOOKS = ROOT / "docs" / "operations" / "runbooks"
GROUPS: list[Json] = yaml.safe_load(RULES.read_text())["groups"]
EVERY_RULE: list[Json] = [rule for group in GROUPS for rule in group["rules"]]
ALERTS: list[Json] = [rule for rule in EVERY_RULE if "alert" in rule]
IDS = [f"{rule['alert']}-{rule['labels']['severity']}-{i}" for i, rule in enumerate(ALERTS)]
each_alert = pytest.mark.parametrize("number", range(len(ALERTS)), ids=IDS)


@pytest.fixture(scope="session")
def programs() -> Monitoring:
    return monitoring.find_or_build()


def _promtool(programs: Monitoring, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [programs.promtool, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _tested(programs: Monitoring, directory: Path, rules: list[Json], alert: str) -> bool:
    """Whether the shipped unit tests of this alert hold for these rules."""
    its = [rule for rule in rules if rule.get("alert", alert) == alert]
    groups = [{**GROUPS[0], "rules": its}]
    (directory / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}))
    tests = yaml.safe_load(UNIT_TESTS.read_text())
    for test in tests["tests"]:
        test["alert_rule_test"] = [
            each for each in test["alert_rule_test"] if each["alertname"] == alert
        ]
    tests["tests"] = [test for test in tests["tests"] if test["alert_rule_test"]]
    (directory / "rules_test.yaml").write_text(yaml.safe_dump(tests))
    return _promtool(programs, "test", "rules", directory / "rules_test.yaml").returncode == 0


def test_promtool_accepts_the_rules(programs: Monitoring) -> None:
    result = _promtool(programs, "check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert result.returncode == 0, result.stdout + result.stderr


def test_promtool_passes_the_unit_tests(programs: Monitoring) -> None:
    result = _promtool(programs, "test", "rules", UNIT_TESTS)
    assert result.returncode == 0, result.stdout + result.stderr


def _earlier(rule: Json) -> Json:
    return {**rule, "for": "0s"}


def _never_ending(rule: Json) -> Json:
    return {**rule, "keep_firing_for": "3h"}


def _other_words(rule: Json) -> Json:
    return {**rule, "annotations": {**rule["annotations"], "description": "Something."}}


@each_alert
@pytest.mark.parametrize("change", [_earlier, _never_ending, _other_words])
def test_the_unit_tests_notice_a_change(
    programs: Monitoring, tmp_path: Path, number: int, change: Callable[[Json], Json]
) -> None:
    """Each alert is held to when it fires, when it ends, and to its words."""
    rules = [change(rule) if rule is ALERTS[number] else rule for rule in EVERY_RULE]
    assert _tested(programs, tmp_path, EVERY_RULE, ALERTS[number]["alert"])
    assert not _tested(programs, tmp_path, rules, ALERTS[number]["alert"])


@each_alert
def test_an_alert_says_what_people_need(number: int) -> None:
    rule = ALERTS[number]
    assert re.fullmatch("RamOperator[A-Z][A-Za-z]+", rule["alert"])
    assert rule["for"] not in ("", "0s")
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in ("critical", "warning")
    annotations = rule["annotations"]
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert annotations["summary"].endswith(".")
    assert "{{" not in annotations["summary"], "the same for all alerts of a group"
    base, _, page = annotations["runbook_url"].rpartition("/")
    assert page == f"{rule['alert']}.md"
    assert base == "docs/operations/runbooks", "nobody's site is made up"
    assert (ROOT / annotations["runbook_url"]).is_file()


def test_whoever_has_the_pages_elsewhere_says_so_once(tmp_path: Path) -> None:
    for folder in ("scripts", "deploy/monitoring"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    rules = tmp_path / "deploy" / "monitoring" / "rules.yaml"

    def written(base: str) -> subprocess.CompletedProcess[str]:
        script = tmp_path / "scripts" / "runbook_urls.py"
        command = [sys.executable, str(script), base]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert written("https://git.example/team/runbooks/").returncode == 0
    urls = re.findall(r"runbook_url: (\S+)", rules.read_text())
    assert len(urls) == len(ALERTS)
    assert all(url.startswith("https://git.example/team/runbooks/RamOperator") for url in urls)
    assert written(ALERTS[0]["annotations"]["runbook_url"].rpartition("/")[0]).returncode == 0
    for path in (RULES, UNIT_TESTS):
        assert (rules.parent / path.name).read_text() == path.read_text()
    for wrong in ("docs/operations", "git.example", "https://", 'https://a"b'):
        assert "is no address" in written(wrong).stderr


def test_each_alert_has_a_page_and_each_page_an_alert() -> None:
    pages = {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == {rule["alert"] for rule in ALERTS}
    for name in pages:
        text = (RUNBOOKS / f"{name}.md").read_text()
        assert text.startswith(f"# {name}\n")
        titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert titles == ["Meaning", "Impact", "Diagnose", "Mend"], name
        assert "```console\n$ " in text, name


def test_values_in_selectors_are_real() -> None:
    """A condition type or severity that is misspelt would never match."""
    from ram_operator.constants import ConditionType, Reason, Severity
    from ram_operator.kinds.table import ACCOUNT, KINDS
    from ram_operator.model.vocabulary import Expiry, HeldKind

    known = {
        "type": {each.value for each in ConditionType},
        "status": {"True", "False", "Unknown"},
        "severity": {each.value for each in Severity},
        "kind": {*KINDS, ACCOUNT},
        "job": {"ram-operator"},
        "reason": {each.value for each in Reason},
        "change": {each.value for each in HeldKind},
        "what": {each.value for each in Expiry},
    }
    for rule in EVERY_RULE:
        for label, values in re.findall(r'(\w+)(?:!?=|!?=~|!~)"([^"]*)"', rule["expr"]):
            assert set(values.split("|")) <= known[label], (label, values)


def test_what_the_docs_inhibit_are_alerts_with_these_labels() -> None:
    text = (ROOT / "docs" / "operations" / "monitoring.md").read_text()
    (block,) = [
        each for each in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "inhibit" in each
    ]
    names = {rule["alert"] for rule in ALERTS}
    for rule in yaml.safe_load(block)["inhibit_rules"]:
        matchers = [*rule["source_matchers"], *rule["target_matchers"]]
        for operator, word in re.findall(r'alertname(!?=~?)"([^"]+)"', " ".join(matchers)):
            found = {name for name in names if re.fullmatch(word, name)}
            assert found == ({word} if "~" not in operator else names)
    listed = re.findall(r"^\| \[(\w+)\]\(runbooks/\1\.md\)", text, re.MULTILINE)
    assert sorted(listed) == sorted(names)


def test_the_manifest_for_the_prometheus_operator_is_up_to_date() -> None:
    script = ROOT / "scripts" / "prometheus_rule.py"
    result = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    path = ROOT / "deploy" / "kustomize" / "components" / "monitoring" / "prometheusrule.yaml"
    assert yaml.safe_load(path.read_text())["spec"] == {"groups": GROUPS}
