"""The whole answer of the API server to each slip of slips.yaml, as somebody has looked at it.

An answer names the key that is wrong and says what to write, and it asks for nothing that is not
needed. `python -m tests.manifests.test_slips` in a control plane with the CRDs writes the answers
anew, to be looked at in the diff.
"""

from __future__ import annotations

import html
import os
import re
import uuid
from pathlib import Path
from typing import Final

import pytest
import yaml

from lab import Cluster
from lab.__main__ import VARIABLE
from lab.connection import RequestFailed
from lab.install import install
from tests.manifests.support import MANAGED, ROOT, Json, manifest_of

FILE: Final = Path(__file__).with_name("slips.yaml")
SLIPS: Final[list[Json]] = yaml.safe_load(FILE.read_text())
PLURALS: Final = {kind: plural for plural, kind in MANAGED.items()} | {"RamAccount": "ramaccounts"}
NOT_NEEDED: Final = ("Condition: Required value", "Principal.RAM: Required value")
_UNCHECKED: Final = "some validation rules were not checked because the object was invalid"


def answer(cluster: Cluster, namespace: str, slip: Json) -> list[str]:
    """Each thing that the server says of the slip, without what it says of itself."""
    where = "" if slip["kind"] == "RamAccount" else f"/namespaces/{namespace}"
    path = f"/apis/ram.alibabacloud.com/v1alpha1{where}/{PLURALS[slip['kind']]}"
    with pytest.raises(RequestFailed) as refused:
        cluster.request("POST", f"{path}?dryRun=All&fieldValidation=Strict", manifest_of(slip))
    status = refused.value.body
    causes = (status.get("details") or {}).get("causes")
    if not causes:
        return [status["message"]]
    said = [f"{cause['field']}: {cause['message']}" for cause in causes]
    return sorted({text.removeprefix("<nil>: ") for text in said if _UNCHECKED not in text})


@pytest.mark.parametrize("slip", SLIPS, ids=[slip["id"] for slip in SLIPS])
def test_the_answer_is_the_one_that_was_looked_at(
    installed: Cluster, namespace: str, slip: Json
) -> None:
    assert answer(installed, namespace, slip) == slip["answer"]


@pytest.mark.parametrize("slip", SLIPS, ids=[slip["id"] for slip in SLIPS])
def test_it_names_the_key_and_the_remedy_and_asks_for_nothing_else(slip: Json) -> None:
    whole = "\n".join(slip["answer"])
    assert [words for words in slip["says"] if words not in whole] == []
    assert [words for words in NOT_NEEDED if words in whole] == []


@pytest.mark.parametrize("page", ["writing-roles-and-policies", "writing-users-and-groups"])
def test_the_pages_say_what_the_server_says(page: str) -> None:
    text = (ROOT / "docs" / "user" / f"{page}.md").read_text()
    part = text.partition("## What the API server tells you at once")[2].partition("\n## ")[0]
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| ")][2:]
    # What cannot change later is no slip of a first apply: tests/manifests/test_updates.py.
    said = [html.unescape(row[1]) for row in rows if "cannot change" not in row[1]]
    assert len(said) > 5
    answers = "\n".join(line for slip in SLIPS for line in slip["answer"])
    parts = [each for words in said for each in re.split(r"…|, and: ", words)]
    assert [each for each in parts if each.strip(" .'") and each.strip(" .") not in answers] == []


def test_there_are_enough_of_them() -> None:
    assert len({slip["id"] for slip in SLIPS}) == len(SLIPS) >= 100


def _write() -> None:
    cluster = Cluster.read(Path(os.environ[VARIABLE]))
    install(cluster)
    namespace = f"slips-{uuid.uuid4().hex[:6]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    cluster.request("POST", "/api/v1/namespaces", body)
    head = "".join(line for line in FILE.open() if line.startswith("#"))
    rows = [{**slip, "answer": answer(cluster, namespace, slip)} for slip in SLIPS]
    FILE.write_text(head + yaml.safe_dump(rows, sort_keys=False, allow_unicode=True, width=1000))


if __name__ == "__main__":
    _write()
