"""Writes the PrometheusRule of the monitoring component from deploy/monitoring/rules.yaml.

Called by `make rules` after a change of a rule, and with --check by the tests. Decides nothing: the
groups are taken over as they are, byte by byte.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
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


def main() -> int:
    """Returns 0 when the file is written or up to date, 1 when --check finds it stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    text = rendered(RULES.read_text())
    if not parser.parse_args().check:
        TARGET.write_text(text)
        return 0
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    sys.stderr.write(f"{TARGET.relative_to(ROOT)} is stale: run make rules\n")
    return 1


def rendered(rules: str) -> str:
    """The manifest that carries the groups of a rules file, indented below spec."""
    groups = rules[rules.index("groups:\n") :].splitlines(keepends=True)
    return _HEAD + "".join("  " + line if line.strip() else line for line in groups)


if __name__ == "__main__":
    sys.exit(main())
