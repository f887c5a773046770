"""One corpus of documents through the API server, the parser of what is written, and the emulator.

What RAM takes can be written down here, so that what exists can be adopted; what one of the three
refuses, all refuse. Where they differ, the reason stands below.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from alibabacloud_ram20150501.client import Client as RamClient
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config

from lab import Cluster
from lab.connection import RequestFailed
from lab.emulator_process import EmulatorProcess
from ram_operator import documents
from tests.emulator.calls import invoke
from tests.unit.verdicts import real_documents, system_policies

Json = dict[str, Any]
VECTORS: Final = Path(__file__).parents[1] / "vectors"
FORMS: Final[list[Json]] = yaml.safe_load((VECTORS / "forms.yaml").read_text())
READ: Final[Json] = {"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}
_NO_ACCOUNT: Final = "no account id: they have 16 digits, and the API server catches the slip"
DIFFER: Final = {
    "real 112": "42.120.XX.X/24 stands for an address: only the parser looks at values",
    **{f"real {number}": _NO_ACCOUNT for number in (147, 149, 150, 151, 176)},
}


class Three:
    """Whether each of the three takes a document."""

    def __init__(self, cluster: Cluster, emulator: EmulatorProcess, namespace: str) -> None:
        self._cluster, self._namespace, self._made = cluster, namespace, 0
        keys = emulator.admin.create_account(behaviours="friendly")
        self._ram = RamClient(
            Config(
                access_key_id=keys.admin_access_key_id,
                access_key_secret=keys.admin_access_key_secret,
                endpoint=emulator.endpoint,
                protocol="http",
            )
        )

    def answers(self, document: Any, *, trust: bool) -> dict[str, bool]:
        return {
            "API server": self._server(document, trust),
            "parser": self._parser(document, trust),
            "RAM": self._cloud(document, trust),
        }

    def _server(self, document: Any, trust: bool) -> bool:
        plural, kind, field = (
            ("ramroles", "RamRole", "trustPolicy")
            if trust
            else ("rampolicies", "RamPolicy", "document")
        )
        body = {
            "apiVersion": "ram.alibabacloud.com/v1alpha1",
            "kind": kind,
            "metadata": {"name": "corpus"},
            "spec": {field: document},
        }
        group = f"/apis/ram.alibabacloud.com/v1alpha1/namespaces/{self._namespace}"
        try:
            self._cluster.request(
                "POST", f"{group}/{plural}?dryRun=All&fieldValidation=Strict", body
            )
        except RequestFailed as failed:
            if failed.status not in (400, 422):
                raise
            return False
        return True

    def _parser(self, document: Any, trust: bool) -> bool:
        try:
            (documents.parse_trust if trust else documents.parse_policy)(document)
        except documents.DocumentError:
            return False
        return True

    def _cloud(self, document: Any, trust: bool) -> bool:
        self._made += 1
        name, text = f"corpus-{self._made}", json.dumps(document)
        try:
            if trust:
                invoke(self._ram, "CreateRole", RoleName=name, AssumeRolePolicyDocument=text)
            else:
                invoke(self._ram, "CreatePolicy", PolicyName=name, PolicyDocument=text)
        except AlibabaCloudException as error:
            if error.code != "MalformedPolicyDocument":
                raise
            return False
        return True


def _form(row: Json) -> tuple[Json, bool]:
    if "trust" in row:
        one = {"Effect": "Allow", "Action": "sts:AssumeRole", **row["trust"]}
        return {"Version": "1", "Statement": [one]}, True
    return {"Version": "1", "Statement": [{**READ, **row["policy"]}]}, False


def _corpus() -> Iterator[tuple[str, Any, bool]]:
    for number, row in enumerate(real_documents(), 1):
        yield f"real {number}", row["document"], row["class"] == "RAM trust"
    for name, document in system_policies().items():
        yield f"System/{name}", document, False
    for row in FORMS:
        yield json.dumps(row, ensure_ascii=False), *_form(row)


def test_what_one_takes_all_take(
    installed: Cluster, emulator: EmulatorProcess, namespace: str
) -> None:
    three = Three(installed, emulator, namespace)
    differing = {}
    taken = set()
    for name, document, trust in _corpus():
        answers = three.answers(document, trust=trust)
        if len(set(answers.values())) > 1:
            differing[name] = answers
        elif all(answers.values()):
            taken.add(name)
    assert {name: answers for name, answers in differing.items() if name not in DIFFER} == {}
    assert differing.keys() == DIFFER.keys()
    forms = {json.dumps(row, ensure_ascii=False): row["taken"] for row in FORMS}
    assert {name for name, wanted in forms.items() if wanted} == forms.keys() & taken
    assert {f"System/{name}" for name in system_policies()} <= taken
    assert sum(name.startswith("real ") for name in taken) > 180
