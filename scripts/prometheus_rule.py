"""Writes the PrometheusRule of the monitoring component from deploy/monitoring/rules.yaml.

Called by `make rules` after a change of a rule, and with --check by the tests. Decides nothing: the
groups are taken over as they are, byte by byte.
"""

from __future__ import annotations

import sys

from generated import ROOT, main

RULES = ROOT / "deploy" / "monitoring" / "rules.yaml"
TARGET = ROOT / "deploy" / "kustomize" / "components" / "monitoring" / "prometheusrule.yaml"
_HEAD = """\
# Written by scripts/prometheus_rule.py from deploy/monitoring/rules.yaml: edit that, not this file.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: ram-operator
  namespace: ram-system
  labels:
    app.kubernetes.io/name: ram-operator
    app.kubernetes.io/part-of: ram-operator
spec:
"""


def rendered(rules: str) -> str:
    """The manifest that carries the groups of a rules file, indented below spec."""
    groups = rules[rules.index("groups:\n") :].splitlines(keepends=True)
    return _HEAD + "".join("  " + line if line.strip() else line for line in groups)


if __name__ == "__main__":
    sys.exit(main(__doc__, TARGET, lambda: rendered(RULES.read_text()), "make rules"))
