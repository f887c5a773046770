"""The policies that the cloud itself provides, read once from `system_policies.yaml`.

They exist in every account, cannot be changed, and have one version.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path

import yaml

from .entities import Policy, PolicyVersion, fold

_FILE = Path(__file__).with_name("system_policies.yaml")
_PUBLISHED = 1443657600.0


@functools.cache
def system_policies() -> Mapping[str, Policy]:
    """All system policies by folded name."""
    rows = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {fold(name): _policy(name, row) for name, row in rows.items()}


def _policy(name: str, row: Mapping[str, object]) -> Policy:
    document = {"Version": "1", "Statement": row["statement"]}
    text = json.dumps(document, ensure_ascii=False, indent=2)
    return Policy(
        name=name,
        type="System",
        description=str(row["description"]),
        versions=(PolicyVersion(1, text, _PUBLISHED),),
        default=1,
        last_number=1,
        created=_PUBLISHED,
        updated=_PUBLISHED,
    )
