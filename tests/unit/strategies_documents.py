"""Hypothesis strategies for RAM documents: near-equal pairs, re-spellings, odd live documents.

The pools are small on purpose, so that documents overlap and unions matter; what universe.py
derives from them is exhaustive.
"""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

Json = Any

PRINCIPALS = [
    ("RAM", "acs:ram::1:root"),
    ("RAM", "acs:ram::2:root"),
    ("RAM", "acs:ram::1:user/ann"),
    ("RAM", "acs:ram::1:user/bob"),
    ("RAM", "acs:ram::1:role/deploy"),
    ("RAM", "acs:ram::1:role/Deploy"),
    ("RAM", "acs:ram::2:user/ann"),
    ("RAM", "*"),
    ("Service", "fc.aliyuncs.com"),
    ("Service", "ecs.aliyuncs.com"),
    ("Federated", "acs:ram::1:oidc-provider/git"),
    ("Federated", "acs:ram::1:saml-provider/idp"),
]
ODD_PRINCIPALS = [
    ("RAM", "acs:ram::1:user/Ann"),
    ("RAM", "acs:ram::*:root"),
    ("RAM", "acs:ram::1:*"),
    ("RAM", "acs:ram::1:user/a*"),
    ("RAM", "1"),
    ("Service", "*.aliyuncs.com"),
]
_WORDS = ["x", "y", "X"]
_LIKES = ["repo:*", "repo:a/*", "repo:a/b:main", "*:main", "repo:?/b:main", "x"]
CONDITIONS: list[tuple[list[str], str, list[str]]] = [
    (["StringEquals", "StringNotEquals", "StringLike"], "sts:ExternalId", [*_WORDS, "x*"]),
    (["StringLike", "StringEquals", "StringNotLike"], "oidc:sub", _LIKES),
    (["StringEqualsIgnoreCase", "StringEquals"], "oidc:aud", ["app", "App", "other"]),
    (
        ["DateLessThan", "DateGreaterThan", "DateLessThanEquals", "DateNotEquals"],
        "acs:CurrentTime",
        ["2030-01-01T00:00:00Z", "2030-01-01T08:00:00+08:00", "2031-06-01T00:00:00Z"],
    ),
    (
        ["IpAddress", "NotIpAddress"],
        "acs:SourceIp",
        ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.7", "2001:db8::/32"],
    ),
    (["Bool"], "acs:MFAPresent", ["true", "false"]),
]
NUMERIC = (
    ["NumericLessThan", "NumericGreaterThanEquals", "NumericEquals", "NumericNotEquals"],
    "ecs:Size",
    ["1", "2", "2.5", "3"],
)
ACTIONS = ["ecs:*", "ecs:Describe*", "ecs:DescribeDisks", "ECS:describedisks", "oss:Get?bject", "*"]
RESOURCES = [
    "*",
    "acs:ecs:*:*:disk/*",
    "acs:ecs:*:1:disk/*",
    "acs:ecs:*:1:disk/d1",
    "acs:oss:*:*:logs/*",
]


@st.composite
def condition(draw: st.DrawFn, pool: list[Json]) -> tuple[str, str, list[str]]:
    """(operator, key, values) from one row of the pool."""
    operators, key, values = draw(st.sampled_from(pool))
    most = 1 if operators == ["Bool"] else 2
    some = st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)
    return draw(st.sampled_from(operators)), key, draw(some)


def _conditions(rows: list[tuple[str, str, list[str]]]) -> Json:
    out: dict[str, dict[str, list[str]]] = {}
    for operator, key, values in rows:
        out.setdefault(operator, {})[key] = values
    return out


def _principal(rows: list[tuple[str, str]]) -> Json:
    out: dict[str, list[str]] = {}
    for key, text in rows:
        out.setdefault(key, []).append(text)
    return out


@st.composite
def trust_statement(draw: st.DrawFn, conditions: list[Json], odd: bool) -> Json:
    """One statement of a trust document; `odd` as only the cloud may hold it."""
    pool = PRINCIPALS + (ODD_PRINCIPALS if odd else [])
    rows = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3, unique=True))
    actions = st.sampled_from(
        [["sts:AssumeRole"]] * 3 + [["sts:AssumeRole", "sts:SetSourceIdentity"]]
    )
    effect = draw(st.sampled_from(["Allow"] * 18 + ["Deny", "Deny", "allow"])) if odd else "Allow"
    out = {"Effect": effect, "Action": draw(actions), "Principal": _principal(rows)}
    some = draw(st.lists(condition(conditions), max_size=2)) if conditions else []
    if some:
        out["Condition"] = _conditions(some)
    if odd and draw(st.integers(0, 11)) == 7:
        out["Condition"] = {
            "StringEqualsIfExists": {"sts:ExternalId": [draw(st.sampled_from("xy"))]}
        }
    if odd and draw(st.integers(0, 11)) == 7:
        out["Principal"] = "*"
    return out


@st.composite
def policy_statement(draw: st.DrawFn, conditions: list[Json], odd: bool) -> Json:
    """One statement of a permission document."""
    actions = draw(st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2, unique=True))
    resources = draw(st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2, unique=True))
    element = draw(st.sampled_from(["Action"] * 5 + ["NotAction"]))
    effect = draw(st.sampled_from(["Allow"] * 4 + ["Deny"]))
    out = {"Effect": effect, element: actions, "Resource": resources}
    some = draw(st.lists(condition(conditions), max_size=1)) if conditions else []
    if some:
        out["Condition"] = _conditions(some)
    if odd and draw(st.integers(0, 11)) == 7:
        out["NotResource"] = "acs:oss:*:*:logs/*"
    return out


def _statement(trust: bool, conditions: list[Json], odd: bool) -> st.SearchStrategy[Json]:
    return trust_statement(conditions, odd) if trust else policy_statement(conditions, odd)


@st.composite
def _rows(draw: st.DrawFn, trust: bool) -> list[Json]:
    """At most two condition keys for all documents of an example, so that they meet."""
    rows = CONDITIONS if trust else [*CONDITIONS[3:], NUMERIC]
    return draw(st.lists(st.sampled_from(rows), max_size=2, unique_by=lambda row: row[1]))


@st.composite
def documents(draw: st.DrawFn, trust: bool, odd: bool = False) -> Json:
    """One document."""
    return _document(draw, draw(_rows(trust)), trust, odd)


def _document(draw: st.DrawFn, rows: list[Json], trust: bool, odd: bool) -> Json:
    listed = draw(st.lists(_statement(trust, rows, odd), min_size=1, max_size=3))
    return {"Version": "1", "Statement": listed}


@st.composite
def series(draw: st.DrawFn, trust: bool, odd: bool = False, size: int = 2) -> list[Json]:
    """Documents of which most differ from the one before in one element, a few in none."""
    rows = draw(_rows(trust))
    out = [_document(draw, rows, trust, odd)]
    while len(out) < size:
        how = draw(st.sampled_from(["edit"] * 6 + ["respell"] * 2 + ["new"] * 2))
        if how == "edit":
            out.append(_edit(draw, out[-1], rows, trust, odd))
        elif how == "respell":
            out.append(draw(respelled(out[-1])))
        else:
            out.append(_document(draw, rows, trust, odd))
    return out


def _edit(draw: st.DrawFn, document: Json, rows: list[Json], trust: bool, odd: bool) -> Json:
    """The document with one element of one statement changed, added or removed."""
    out = copy.deepcopy(document)
    statements = out["Statement"]
    at = draw(st.integers(0, len(statements) - 1))
    fresh = draw(_statement(trust, rows, odd))
    how = draw(st.sampled_from(["take", "take", "take", "add", "drop", "bare"]))
    if how == "add":
        statements.append(fresh)
    elif how == "drop" and len(statements) > 1:
        del statements[at]
    elif how == "bare":
        statements[at].pop("Condition", None)
    else:
        legal = sorted(fresh.keys() & statements[at].keys() | {"Condition"} & fresh.keys())
        key = draw(st.sampled_from(legal))
        statements[at][key] = fresh[key]
    if out == document:
        _toggle(draw, statements[at], trust)
    return out


def _toggle(draw: st.DrawFn, statement: Json, trust: bool) -> None:
    """Adds one principal or resource to the statement, or removes it where it is there."""
    holder, key, text = statement, "Resource", draw(st.sampled_from(RESOURCES))
    if trust:
        key, text = draw(st.sampled_from(PRINCIPALS))
        if statement["Principal"] == "*":
            statement["Principal"] = {}
        holder = statement["Principal"]
    listed = holder.get(key, [])
    listed = [listed] if isinstance(listed, str) else listed
    rest = [other for other in listed if other != text]
    holder[key] = rest if rest and len(rest) < len(listed) else [*listed, text]


@st.composite
def respelled(draw: st.DrawFn, document: Json) -> Json:
    """Another spelling of the same meaning: order, lists, repeats, splits, letter case."""
    statements: list[Json] = []
    for statement in document["Statement"]:
        statements += _split(draw, copy.deepcopy(statement))
    if draw(st.booleans()):
        statements.append(copy.deepcopy(draw(st.sampled_from(statements))))
    mixed = draw(st.permutations(statements))
    return {
        "Statement": [_spell(draw, one) if _readable(one) else one for one in mixed],
        "Version": "1",
    }


def _readable(statement: Json) -> bool:
    """Whether spelling is all that a re-spelling changes: an unknown effect may make it matter."""
    return statement["Effect"] in ("Allow", "Deny")


def _split(draw: st.DrawFn, statement: Json) -> list[Json]:
    key = "Principal" if "Principal" in statement else "Resource"
    element = statement[key]
    if not draw(st.booleans()) or isinstance(element, str) or not _readable(statement):
        return [statement]
    if key == "Resource":
        return [{**statement, key: [text]} for text in element]
    return [
        {**statement, key: {kind: [text]}} for kind, listed in element.items() for text in listed
    ]


def _spell(draw: st.DrawFn, value: Json, path: tuple[str, ...] = ()) -> Json:
    if isinstance(value, dict):
        keys = draw(st.permutations(sorted(value)))
        made = {key: _spell(draw, value[key], (*path, key)) for key in keys}
        if not path and "Condition" not in made and draw(st.booleans()):
            made["Condition"] = {}
        return made
    if isinstance(value, list):
        items = draw(st.permutations(value))
        if path[:1] in (("Action",), ("NotAction",)) and draw(st.booleans()):
            items = [item.swapcase() for item in items]
        if "Bool" in path or (len(items) == 1 and draw(st.booleans())):
            return items[0]
        return items + items[:1] if draw(st.booleans()) else items
    if isinstance(value, str) and ":role/" in value and path[:1] == ("Principal",):
        return value.lower()
    return value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(
        ["Allow", "Deny", "1", "*", "sts:AssumeRole", "acs:ram::1:root", "10.0.0.1/8"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=5)
            | st.sampled_from(
                [
                    "Version",
                    "Statement",
                    "Effect",
                    "Action",
                    "NotAction",
                    "Resource",
                    "Principal",
                    "RAM",
                    "Service",
                    "Federated",
                    "Condition",
                    "StringLike",
                    "Bool",
                    "IpAddress",
                    "DateLessThan",
                    "acs:SourceIp",
                    "sts:ExternalId",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@st.composite
def rough_documents(draw: st.DrawFn) -> Json:
    """A sound document with one part replaced by any JSON: what lenient reading must survive."""
    trust = draw(st.booleans())
    document = draw(documents(trust, odd=True))
    holder: Json = document
    for _ in range(draw(st.integers(0, 5))):
        keys: list[Json] = sorted(holder) if isinstance(holder, dict) else [*range(len(holder))]
        key = draw(st.sampled_from(keys))
        if not isinstance(holder[key], (dict, list)) or not holder[key]:
            break
        holder = holder[key]
    keys = sorted(holder) if isinstance(holder, dict) else [*range(len(holder))]
    holder[draw(st.sampled_from(keys))] = draw(json_values)
    return document
