"""The service's check of a document's grammar.

`check_policy` for permission documents, `check_trust` for trust documents; both raise
MalformedPolicyDocument with a sentence that names the place. Principals are judged by `trust`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .errors import malformed
from .evaluate import OPERATORS, as_list
from .json_text import parse

_ACTION = re.compile(r"\*|[A-Za-z0-9*?-]+:[A-Za-z0-9*?:/._-]+")
# What follows a slash is the key of a tag, which may have colons, spaces and any letters.
_CONDITION_KEY = re.compile(r"[a-z][a-z0-9-]*:[A-Za-z0-9_.-]+(/[^\x00-\x1f\x7f]+)?")
# Four colons in most documents; those of MaxCompute leave the account out.
_RESOURCE = re.compile(
    r"\*|acs:[^:\x00-\x1f\x7f]*:[^:\x00-\x1f\x7f]*:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f]"
)
_ELEMENTS = {
    "policy": frozenset({"Effect", "Action", "NotAction", "Resource", "Condition"}),
    "trust": frozenset({"Effect", "Action", "Principal", "Condition"}),
}


def check_policy(text: str, *, strict: bool) -> None:
    """Refuse a permission document that breaks the grammar; not strict: only that it is JSON."""
    for path, statement in _statements(text, strict):
        if not strict:
            continue
        _check_elements(path, statement, "policy")
        if ("Action" in statement) == ("NotAction" in statement):
            raise malformed(f"{path}: exactly one of Action and NotAction is needed.")
        key = "Action" if "Action" in statement else "NotAction"
        _check_actions(f"{path}.{key}", statement[key])
        for value in _texts(f"{path}.Resource", statement.get("Resource")):
            if not _RESOURCE.fullmatch(value):
                raise malformed(f"{path}.Resource: Invalid ARN prefix: {value}.")


def check_trust(text: str, *, strict: bool) -> list[Mapping[str, Any]]:
    """Refuse a trust document that breaks the grammar; returns its statements."""
    statements = []
    for path, statement in _statements(text, strict):
        statements.append(statement)
        if not strict:
            continue
        _check_elements(path, statement, "trust")
        _check_actions(f"{path}.Action", statement.get("Action"))
        if not all(a.lower().startswith("sts:") for a in as_list(statement["Action"])):
            raise malformed(f"{path}.Action: a trust document takes sts actions only.")
        if "Principal" not in statement:
            raise malformed(f"{path}: Principal is needed.")
    return statements


def _statements(text: str, strict: bool) -> list[tuple[str, Mapping[str, Any]]]:
    try:
        document = parse(text)
    except ValueError as error:
        raise malformed(f"The policy document is not JSON: {error}.") from None
    if not isinstance(document, dict):
        raise malformed("The policy document must be an object.")
    if strict:
        extra = sorted(set(document) - {"Version", "Statement"})
        if extra:
            raise malformed(f"Invalid policy element: {extra[0]}.")
        if document.get("Version") != "1":
            raise malformed('Version must be the text "1".')
    rows = document.get("Statement")
    if not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        raise malformed("Statement must be an array of at least one object.")
    return [(f"Statement[{number}]", row) for number, row in enumerate(rows)]


def _check_elements(path: str, statement: Mapping[str, Any], kind: str) -> None:
    extra = sorted(set(statement) - _ELEMENTS[kind])
    if extra:
        raise malformed(f"{path}: Invalid policy element: {extra[0]}.")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise malformed(f"{path}.Effect: Invalid effect, it must be Allow or Deny.")
    condition = statement.get("Condition", {})
    if not isinstance(condition, dict):
        raise malformed(f"{path}.Condition: Data type mismatch, it must be an object.")
    for operator, keys in condition.items():
        _check_condition(f"{path}.Condition.{operator}", operator, keys)


def _check_condition(path: str, operator: str, keys: Any) -> None:
    if operator not in OPERATORS:
        raise malformed(f"{path}: Invalid condition operator.")
    if not isinstance(keys, dict) or not keys:
        raise malformed(f"{path}: Data type mismatch, it must be an object.")
    for key, values in keys.items():
        if not _CONDITION_KEY.fullmatch(key):
            raise malformed(f"{path}: Invalid condition key format: {key}.")
        found = _texts(f"{path}.{key}", values)
        if operator == "Bool" and (len(found) != 1 or found[0] not in ("true", "false")):
            raise malformed(f"{path}.{key}: Invalid condition multiple Boolean.")


def _check_actions(path: str, value: Any) -> None:
    for action in _texts(path, value):
        if not _ACTION.fullmatch(action):
            raise malformed(f"{path}: Invalid action format: {action}.")


def _texts(path: str, value: Any) -> tuple[str, ...]:
    rows = value if isinstance(value, list) else [value]
    if not rows or not all(isinstance(row, str) for row in rows):
        raise malformed(f"{path}: Data type mismatch, a text or an array of texts is needed.")
    return tuple(rows)
