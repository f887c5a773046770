"""What the tests of documents share: the vector file and short ways to write documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ram_operator import documents as docs

Json = Any

VECTORS = yaml.safe_load(
    (Path(__file__).parents[1] / "vectors" / "documents.yaml").read_text(encoding="utf-8")
)


def document(*statements: Json) -> Json:
    return {"Version": "1", "Statement": list(statements)}


def trust(principal: Json, condition: Json = None, **more: Json) -> Json:
    """A trust document of one statement."""
    made = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return document(made if condition is None else {**made, "Condition": condition})


def policy(rows: list[list[Json]]) -> Json:
    """[action or "!action", resource, effect] rows as a permission document."""
    out = []
    for actions, resource, *effect in rows:
        listed = actions if isinstance(actions, list) else [actions]
        name = "NotAction" if listed[0].startswith("!") else "Action"
        plain = [action.removeprefix("!") for action in listed]
        out.append({"Effect": effect[0] if effect else "Allow", name: plain, "Resource": resource})
    return document(*out)


def refusal(parse: Any, value: Json) -> docs.DocumentError:
    with pytest.raises(docs.DocumentError) as caught:
        parse(value)
    return caught.value


def conditioned(condition: Json, *, lenient: bool = False) -> docs.Policy:
    statement = {"Effect": "Allow", "Action": "ecs:*", "Resource": "*", "Condition": condition}
    return docs.parse_policy(document(statement), lenient=lenient)


def tokens(document: docs.Trust | docs.Policy) -> set[str]:
    """The parts whose meaning is not known or only assumed."""
    return {token for grant in document.grants for token in grant.tokens}
