"""Objects that a CRD lets through, drawn from its schema: far off what people write, and admitted.

What the schema's rules say beyond types, lengths and patterns is not known here: of what is drawn
the API server refuses some.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml
from hypothesis import strategies as st

from lab.building import ROOT

Json = dict[str, Any]
ENTRIES: Final = 4
"""Of a list or map at most, and least lengths above."""
LETTERS: Final = 40
_LEGIBLE: Final = st.characters(exclude_categories=("C", "Zl", "Zp"))
"""As patterns with classes of Unicode ask for, which Python's expressions do not know."""
_TIMES: Final = ("2020-01-01T00:00:00Z", "2999-12-31T23:59:59Z", "2027-02-28T12:30:00+08:00")
_NAMES: Final = st.sampled_from(["a", "b", "c", "AliyunOSSReadOnlyAccess", "AdministratorAccess"])
_LEAVES: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["*", "Allow"])
)
_ANYTHING: Final = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["Statement", "RAM", "Service", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_PRINCIPALS: Final = st.dictionaries(
    st.sampled_from(["RAM", "Service", "Federated"]),
    st.lists(
        st.sampled_from(
            [
                "ecs.aliyuncs.com",
                "acs:ram::1234567890123456:root",
                "acs:ram::*:user/ann",
                "acs:ram::1234567890123456:oidc-provider/git",
                "x",
                "*",
            ]
        ),
        min_size=1,
        max_size=3,
    ),
    min_size=1,
    max_size=2,
)
_CONDITIONS: Final = st.dictionaries(
    st.sampled_from(["StringLike", "StringEquals", "IpAddress", "Bool", "DateLessThan", "Odd"]),
    st.dictionaries(
        st.sampled_from(["acs:SourceIp", "oidc:sub", "acs:MFAPresent", "acs:CurrentTime", "x:y"]),
        st.lists(st.text(max_size=8), max_size=2) | st.text(max_size=8),
        max_size=2,
    ),
    max_size=2,
)


@lru_cache
def _crd(kind: str) -> Json:
    for path in sorted(Path(ROOT / "crds").glob("ram*.yaml")):
        found: Json = yaml.safe_load(path.read_text())
        if found["spec"]["names"]["kind"] == kind:
            return found
    raise KeyError(kind)


def specs(kind: str, block: str = "spec") -> st.SearchStrategy[Json]:
    """Specs of a kind, or another block of it."""
    schema = _crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return _value(schema["properties"][block], block)


def statements(*, trust: bool) -> st.SearchStrategy[Json]:
    """What looks like a statement of a document; RAM takes some."""
    action = "sts:AssumeRole" if trust else "ram:*"
    odd = st.sampled_from([action, "*", "oss:Get*", "r?m:*", "x", "a:" + "*?" * 12])
    optional: Json = {"Condition": _CONDITIONS, "Sid": st.text(max_size=5), "x": _ANYTHING}
    required: Json = {
        "Effect": st.sampled_from(["Allow", "Allow", "Deny", "allow"]),
        "Action": odd | st.lists(odd, min_size=1, max_size=4),
    }
    if trust:
        required["Principal"] = _PRINCIPALS
    else:
        required["Resource"] = st.sampled_from(["*", ["acs:oss:*:*:b/*"], "x", ["*", "*"]])
    return st.fixed_dictionaries(required, optional=optional)


def documents(*, trust: bool) -> st.SearchStrategy[Any]:
    """Documents, whole ones mostly."""
    whole = st.fixed_dictionaries(
        {
            "Version": st.just("1"),
            "Statement": st.lists(statements(trust=trust), min_size=1, max_size=3),
        }
    )
    return st.one_of(whole, whole, whole, st.dictionaries(st.just("Statement"), _ANYTHING))


def _value(schema: Json, name: str) -> st.SearchStrategy[Any]:
    if name in ("trustPolicy", "document"):
        return documents(trust=name == "trustPolicy")
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema.get("x-kubernetes-preserve-unknown-fields"):
        return _ANYTHING
    kind = schema.get("type")
    if kind == "object":
        return _object(schema)
    if kind == "array":
        least = schema.get("minItems", 0)
        most = max(least, min(ENTRIES, schema.get("maxItems", ENTRIES)))
        return st.lists(_value(schema["items"], name), min_size=least, max_size=most)
    if kind in ("integer", "number"):
        return st.integers(schema.get("minimum", -3), schema.get("maximum", 2**31 - 1))
    if kind == "boolean":
        return st.booleans()
    return _text(schema, name)


def _object(schema: Json) -> st.SearchStrategy[Json]:
    properties = schema.get("properties", {})
    if not properties:
        inner = schema.get("additionalProperties")
        value = _value(inner, "value") if isinstance(inner, dict) else _ANYTHING
        keys = st.text(_LEGIBLE, min_size=1, max_size=6)
        return st.dictionaries(keys, value, max_size=ENTRIES)
    needed = set(schema.get("required", ()))
    parts = {name: _value(part, name) for name, part in properties.items()}
    return st.fixed_dictionaries(
        {name: part for name, part in parts.items() if name in needed},
        optional={name: part for name, part in parts.items() if name not in needed},
    )


def _text(schema: Json, name: str) -> st.SearchStrategy[str]:
    most = min(LETTERS, schema.get("maxLength", LETTERS))
    if schema.get("format") == "date-time":
        return st.sampled_from(_TIMES)
    found = st.text(_LEGIBLE, min_size=schema.get("minLength", 0), max_size=most)
    pattern = str(schema.get("pattern", ""))
    if pattern and "\\p{" not in pattern:
        found = st.from_regex(pattern, fullmatch=True).filter(lambda text: len(text) <= most)
    return found | _NAMES if name == "name" else found
