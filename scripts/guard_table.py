"""Writes the operator's table of its own guard from deploy/admission; --check only compares.

Called by people after an edit of an admission policy and by the tests. The operator compares what
the cluster holds with this table before it honours an approval. `reduced` holds what differs in the
variant for clusters without MutatingAdmissionPolicy, as kubectl makes it of the component.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from generated import ROOT, main

SOURCE = ROOT / "deploy" / "admission"
TABLE = ROOT / "operator" / "ram_operator" / "cluster" / "guard.json"
BASE = ROOT / "deploy" / "kustomize" / "base"
VARIANT = SOURCE / "variants" / "no-stamps"
API = "/apis/admissionregistration.k8s.io/v1"
PLURALS = {
    "ValidatingAdmissionPolicy": "validatingadmissionpolicies",
    "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    "MutatingAdmissionPolicy": "mutatingadmissionpolicies",
    "MutatingAdmissionPolicyBinding": "mutatingadmissionpolicybindings",
}


def table() -> dict[str, dict[str, Any]]:
    """By state of the guard: path in the API → spec, or None where the content is not ours."""
    intact = _intact()
    return {"intact": intact, "reduced": _reduced(intact)}


def _intact() -> dict[str, Any]:
    rows: dict[str, Any] = {}
    kustomization = yaml.safe_load((SOURCE / "kustomization.yaml").read_text())
    for name in kustomization["resources"]:
        for body in yaml.safe_load_all((SOURCE / name).read_text()):
            if body is not None:
                where, spec = _row(body)
                rows[where] = spec
    return dict(sorted(rows.items()))


def _reduced(intact: dict[str, Any]) -> dict[str, Any]:
    """What is otherwise in the variant."""
    with tempfile.TemporaryDirectory() as folder:
        # Kustomize takes the one that a temporary folder is a link to for another place.
        place = Path(folder).resolve()
        overlay = {
            "resources": [os.path.relpath(BASE, place)],
            "components": [os.path.relpath(VARIANT, place)],
        }
        (place / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
        kubectl = Path(sys.executable).with_name("kubectl")
        command = [kubectl, "kustomize", place]
        rendered = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    bodies = [body for body in yaml.safe_load_all(rendered) if body and body["kind"] in PLURALS]
    return {where: spec for where, spec in map(_row, bodies) if intact[where] != spec}


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
