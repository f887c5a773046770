"""`kubectl get ramrecords` with the selector of the guide lists what waits, and nothing else."""

from __future__ import annotations

import re
import uuid
from typing import Any, Final

import yaml

from lab import Cluster
from tests.manifests.support import ROOT

OPERATOR: Final = "--as=system:serviceaccount:ram-system:ram-operator"
GUIDE: Final = (ROOT / "docs" / "user" / "guide.md").read_text()
PENDING: Final = {
    "digest": "sha256:" + 64 * "a",
    "verdict": "wider",
    "since": "2026-11-22T08:00:00Z",
    "by": "ann",
}


def test_the_selector_of_the_guide_lists_what_waits(installed: Cluster) -> None:
    # Nobody deletes a record, so each run has names of its own.
    names = [f"{word}-{uuid.uuid4().hex[:8]}" for word in ("waits", "idle")]
    for name, more in zip(names, ({"pending": PENDING}, {}), strict=True):
        record: dict[str, Any] = {"accountId": "8888888888888888", "kind": "RamRole"}
        body = {
            "apiVersion": "ram.alibabacloud.com/v1alpha1",
            "kind": "RamRecord",
            "metadata": {"name": name},
            "record": {**record, "name": name, "sequence": 1, **more},
        }
        installed.kubectl("create", OPERATOR, "-f", "-", stdin=yaml.safe_dump(body))
    found = re.search(r"`kubectl (get ramrecords --field-selector\S+)`", GUIDE)
    assert found is not None
    shown = installed.kubectl(*found[1].split(), "--no-headers").stdout
    rows = [row.split() for row in shown.splitlines()]
    assert [row[:4] for row in rows if row[2] in names] == [
        [names[0], "RamRole", names[0], "wider"]
    ]
