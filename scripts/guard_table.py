"""Writes the operator's table of its own guard from deploy/admission; --check only compares.

Called by people after an edit of an admission policy and by the tests. The operator compares what
the cluster holds with this table before it honours an approval.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import yaml
from generated import ROOT, main

SOURCE = ROOT / "deploy" / "admission"
TABLE = ROOT / "operator" / "ram_operator" / "cluster" / "guard.json"
API = "/apis/admissionregistration.k8s.io/v1"
PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}


def table() -> dict[str, Any]:
    """Path in the API → spec, or None for an object whose content is not ours."""
    rows: dict[str, Any] = {}
    kustomization = yaml.safe_load((SOURCE / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        for body in yaml.safe_load_all((SOURCE / name).read_text()):
            if body is not None:
                where, spec = _row(body)
                rows[where] = spec
    return dict(sorted(rows.items()))


def _row(body: dict[str, Any]) -> tuple[str, Any]:
    meta, kind = body["metadata"], body["kind"]
    if kind in PLURALS:
        return f"{API}/{PLURALS[kind]}/{meta['name']}", body["spec"]
    if kind == "ConfigMap":
        return f"/api/v1/namespaces/{meta['namespace']}/configmaps/{meta['name']}", None
    raise SystemExit(f"{kind} {meta['name']}: the operator does not know how to check it")


def text() -> str:
    """The table as the file holds it."""
    return json.dumps(table(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(main(__doc__, TABLE, text, "python scripts/guard_table.py"))
