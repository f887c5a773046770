"""Writes deploy/admission as files that a kube-apiserver reads itself; --check only compares.

Called by people after an edit of an admission policy and by the tests. Such a policy has a name
that ends in .static.k8s.io and no parameters, so the lists of ServiceAccounts are variables of the
policy, and what rests on a RamAccount is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from generated import ROOT, main_of

SOURCE: Final = ROOT / "deploy" / "admission"
TARGET: Final = SOURCE / "variants" / "files"
SUFFIX: Final = ".static.k8s.io"
KINDS: Final = {
    "ram-approve": "validating",
    "ram-configure": "validating",
    "ram-record": "validating",
    "ram-status": "validating",
    "ram-stamp": "mutating",
}
LISTS: Final = {
    "ram-approve": ("serviceAccounts", "gitAccounts"),
    "ram-configure": ("configurers",),
}
"""What a ConfigMap has elsewhere."""
SAID: Final = "the ConfigMap ram-approvers in ram-system"
HEAD: Final = """\
# Written by scripts/static_admission.py from deploy/admission/{name}.yaml: edit that, not this.
"""
LISTED: Final = """\
# But for the variables {lists}: full names between the quotes, with commas between them.
"""


class _Texts(yaml.SafeDumper):
    """Long texts as blocks, so that people can read them."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = ">" if len(value) > 80 else '"' if value.startswith("'") else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Texts.add_representer(str, _text)


def files() -> Mapping[Path, str]:
    """What each file is to hold."""
    return {TARGET / kind / f"{name}.yaml": _rendered(name) for name, kind in KINDS.items()}


def _rendered(name: str) -> str:
    lists = LISTS.get(name, ())
    head = HEAD.format(name=name)
    if lists:
        head += LISTED.format(lists=" and ".join(lists))
    bodies = [body for body in yaml.safe_load_all((SOURCE / f"{name}.yaml").read_text()) if body]
    for body in bodies:
        _change(body, lists)
    return head + yaml.dump_all(bodies, Dumper=_Texts, sort_keys=False, width=110)


def _change(body: dict[str, Any], lists: tuple[str, ...]) -> None:
    spec = body["spec"]
    body["metadata"]["name"] += SUFFIX
    if "policyName" in spec:
        spec["policyName"] += SUFFIX
        spec.pop("paramRef", None)
        return
    if spec.pop("paramKind", None) is not None:
        empty = [{"name": name, "expression": "''"} for name in lists]
        spec["variables"] = [*empty, *spec.get("variables", ())]
    for rule in (*spec.get("variables", ()), *spec.get("validations", ())):
        for part in ("expression", "messageExpression"):
            if part in rule:
                rule[part] = _without_params(rule[part], lists)


def _without_params(text: str, lists: tuple[str, ...]) -> str:
    for name in lists:
        text = text.replace(f"params.?data.?{name}.orValue('')", f"variables.{name}")
    if "params" in text:
        raise SystemExit(f"not known without parameters: {text}")
    return text.replace(SAID, "the file of this policy")


if __name__ == "__main__":
    sys.exit(main_of(__doc__, files, "python scripts/static_admission.py"))
