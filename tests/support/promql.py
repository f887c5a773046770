"""What an expression of PromQL uses and gives, by the tree that Prometheus itself makes of it.

`labels` is held against what the operator serves: who misspells a metric or a label, or groups by
one that is gone by then, is told so. Whoever queries the running server would only find nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.support.exposed import SCRAPED

Json = dict[str, Any]
OTHERS: Final = {
    "up": set[str](),
    "process_cpu_seconds_total": set[str](),
    "process_resident_memory_bytes": set[str](),
}
"""Series that the operator's registry does not name: of Prometheus, and of the client library."""


class Wrong(AssertionError):
    """An expression that asks for what is not there."""


def labels(node: Json, known: Mapping[str, set[str]]) -> set[str]:
    """The labels that series of the result may have. Raises Wrong."""
    kind = node["type"]
    if kind in ("vectorSelector", "matrixSelector"):
        return _selected(node, known)
    if kind == "aggregation":
        return _aggregated(node, labels(node["expr"], known))
    if kind == "binaryExpr":
        return _joined(node, labels(node["lhs"], known), labels(node["rhs"], known))
    if kind == "call":
        return _called(node, known)
    if kind in ("parenExpr", "unaryExpr", "subquery"):
        return labels(node["expr"], known)
    if kind in ("numberLiteral", "stringLiteral"):
        return set()
    raise Wrong(f"no rule for {kind}")


def _selected(node: Json, known: Mapping[str, set[str]]) -> set[str]:
    name = node["name"]
    found = known.get(name, OTHERS.get(name))
    if found is None:
        raise Wrong(f"no metric {name}")
    if ":" not in name:  # else it is recorded by a rule, with the labels that this one left
        found = found | SCRAPED
    asked = {each["name"] for each in node["matchers"]} - {"__name__"}
    if asked - found:
        raise Wrong(f"{name} has no label {asked - found}")
    return found


def _aggregated(node: Json, inner: set[str]) -> set[str]:
    named = set(node["grouping"])
    if named - inner:
        raise Wrong(f"{node['op']} over {named - inner}, which nothing there has")
    if node["op"] in ("topk", "bottomk"):
        return inner
    return inner - named if node["without"] else named


def _joined(node: Json, left: set[str], right: set[str]) -> set[str]:
    matching = node["matching"]
    if matching is None:
        return left | right
    named = set(matching["labels"])
    if matching["on"] and (named - left or named - right):
        raise Wrong(f"matched on {named}, which not both have")
    if node["op"] == "or":
        return left | right
    if node["op"] in ("and", "unless") or matching["card"] == "many-to-one":
        return left
    if matching["on"]:
        return named
    if left - named != right - named:
        raise Wrong(f"{node['op']} of series that differ in {left ^ right}: none match")
    return left - named


def _called(node: Json, known: Mapping[str, set[str]]) -> set[str]:
    name, arguments = node["func"]["name"], node["args"]
    inner = set().union(*(labels(each, known) for each in arguments))
    if name == "label_replace":
        if arguments[3]["val"] not in inner:
            raise Wrong(f"label_replace reads {arguments[3]['val']}, which is not there")
        return inner | {arguments[1]["val"]}
    if name == "histogram_quantile":
        return inner - {"le"}
    if name == "absent":
        return {each["name"] for each in _matchers(arguments[0]) if each["type"] == "="}
    return inner


def _matchers(node: Json) -> list[Json]:
    while "expr" in node or "lhs" in node:
        node = node.get("expr") or node["lhs"]
    return [each for each in node["matchers"] if each["name"] != "__name__"]
