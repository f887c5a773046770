"""Writes tests/vectors/verdicts.tsv: what the gate says of real documents, for people to review.

Run as `python -m tests.unit.verdicts` after an edit of the table of actions or of a rule; a test
compares. One line per system policy of the emulated cloud and per public document.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

import yaml

from ram_operator import documents
from ram_operator.constants import Severity
from ram_operator.gate import rules
from ram_operator.kinds.role import outsiders
from tests.structure.pure import ROOT
from tests.unit.core import ACCOUNT, ACCOUNT_ID, trust_json

Json = dict[str, Any]
VECTORS: Final = ROOT / "tests" / "vectors"
FILE: Final = VECTORS / "verdicts.tsv"
HEADER: Final = "document\tverdict\twhy\n"
SYSTEM: Final = ROOT / "operator" / "ram_emulator" / "system_policies.yaml"


def system_policies() -> dict[str, Json]:
    rows = yaml.safe_load(SYSTEM.read_text())
    return {name: {"Version": "1", "Statement": row["statement"]} for name, row in rows.items()}


def real_documents() -> list[Json]:
    lines = (VECTORS / "real-documents.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def of_policy(document: Json) -> tuple[str, tuple[str, ...]]:
    """held, warned or fine, and why."""
    policy = documents.parse_policy(document, lenient=True)
    if why := documents.escalates(policy):
        return "held", why
    if ways := documents.indirect(policy):
        return "warned", ways
    return "fine", ()


def of_trust(document: Json) -> tuple[str, tuple[str, ...]]:
    """What becomes of a new role with that trust, by the ids of the rules that say so."""
    try:
        trust = documents.parse_trust(document)
    except documents.DocumentError:
        return "refused", ()
    found = rules.assess(trust, ACCOUNT)
    critical = {f.id for f in found if f.severity is Severity.CRITICAL}
    if critical:
        return "held", tuple(sorted(critical))
    return ("warned", tuple(sorted({f.id for f in found}))) if found else ("fine", ())


def of_everyday(change: Json) -> bool:
    """Whether some part of a change of `everyday.yaml` waits for a person."""
    known = system_policies()
    asked = [known[name] for name in change.get("policies", [])]
    if "document" in change:
        asked.append({"Version": "1", "Statement": [{"Effect": "Allow", **change["document"]}]})
    judged = [documents.parse_policy(document) for document in asked]
    outside: tuple[str, ...] = ()
    if "trust" in change:
        text = json.dumps(change["trust"]).replace("{here}", ACCOUNT_ID)
        pairs = [(key, name) for key, name in json.loads(text).items()]
        trust = documents.parse_trust(trust_json(*pairs, condition=change.get("when")))
        outside = outsiders(ACCOUNT, trust)
        if rules.dangerous(rules.assess(trust, ACCOUNT)):
            return True
    return any(
        documents.escalates(document) or (outside and documents.indirect(document))
        for document in judged
    )


def lines() -> Iterator[str]:
    for name, document in system_policies().items():
        yield _line(f"System/{name}", *of_policy(document))
    for at, row in enumerate(real_documents(), 1):
        text = json.dumps(row["document"], sort_keys=True)
        name = f"{at} {hashlib.sha256(text.encode()).hexdigest()[:8]} {row['source']}"
        judge = of_trust if row["class"] == "RAM trust" else of_policy
        yield _line(f"{name}, {row['class']}", *judge(row["document"]))


def _line(name: str, verdict: str, why: tuple[str, ...]) -> str:
    return f"{name}\t{verdict}\t{'; '.join(why)}\n"


def text() -> str:
    return HEADER + "".join(lines())


if __name__ == "__main__":
    FILE.write_text(text())
