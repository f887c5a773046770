"""Writes deploy/argocd/argocd-cm.yaml from deploy/argocd/lua; --check only says whether it is old.

Called by people after an edit of a script and by the tests. Argo CD reads the scripts from keys of
its ConfigMap, one for each kind, so that one script stands there several times.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
LUA = ROOT / "deploy" / "argocd" / "lua"
PAGE = ROOT / "deploy" / "argocd" / "argocd-cm.yaml"
GROUP = "ram.alibabacloud.com"
MANAGED = ("RamRole", "RamPolicy", "RamUser", "RamGroup")
KINDS = (*MANAGED, "RamAccount")
ACTIONS = ("approve", "reject", "reconcile")
_HEAD = """\
# Written by scripts/argocd_config.py from the scripts in lua/: edit those. A patch of the ConfigMap
# that Argo CD has: kubectl patch configmap argocd-cm -n argocd --patch-file argocd-cm.yaml, or as a
# patch of the Kustomization that installs Argo CD.
"""


class _Block(str):
    """A text that is written as a block, line by line."""


def main() -> int:
    """Returns 0 when the file is written or up to date, 1 when --check finds it stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if stale")
    text = page()
    if not parser.parse_args().check:
        PAGE.write_text(text)
        return 0
    if PAGE.exists() and PAGE.read_text() == text:
        return 0
    sys.stderr.write(f"{PAGE.relative_to(ROOT)} is stale: run python scripts/argocd_config.py\n")
    return 1


def page() -> str:
    """The whole patch as YAML."""
    data: dict[str, str] = {}
    for kind in KINDS:
        data[f"resource.customizations.health.{GROUP}_{kind}"] = _script("health.lua")
        names = ACTIONS if kind in MANAGED else ("reconcile",)
        data[f"resource.customizations.actions.{GROUP}_{kind}"] = _actions(names)
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "argocd-cm",
            "namespace": "argocd",
            "labels": {
                "app.kubernetes.io/name": "argocd-cm",
                "app.kubernetes.io/part-of": "argocd",
            },
        },
        "data": data,
    }
    return _HEAD + _dump(body)


def _script(name: str) -> _Block:
    return _Block((LUA / name).read_text())


def _actions(names: tuple[str, ...]) -> _Block:
    discovery = "actions/discovery.lua" if len(names) > 1 else "actions/discovery-account.lua"
    value = {
        "discovery.lua": _script(discovery),
        "definitions": [
            {"name": name, "action.lua": _script(f"actions/{name}.lua")} for name in names
        ],
    }
    return _Block(_dump(value))


def _dump(value: Any) -> str:
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096)


class _Dumper(yaml.SafeDumper):
    """Blocks stay blocks."""


_Dumper.add_representer(
    _Block,
    lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style="|"),
)


if __name__ == "__main__":
    sys.exit(main())
