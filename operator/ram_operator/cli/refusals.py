"""What the API server refused → what a person can do about it. Pure.

An admission policy answers with its own message inside a sentence of the server, RBAC with the
verb and resource that are missing. Both are turned into one sentence and one way out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from .outcomes import Failed, PluginError, Refused
from .targets import Target

_ADMISSION: Final = re.compile(
    r"(?:Validating|Mutating)AdmissionPolicy '(?P<policy>[^']+)'.* denied request: (?P<why>.*)",
    re.DOTALL,
)
_WEBHOOK: Final = re.compile(
    r'admission webhook "(?P<policy>[^"]+)" denied the request: (?P<why>.*)'
)
_RBAC: Final = re.compile(
    r'User "(?P<user>[^"]+)" cannot (?P<verb>\w+) resource "(?P<resource>[\w/]+)"'
)
_PLACE: Final = re.compile(r'in the namespace "([^"]+)"')
_HINTS: Final = (
    (re.compile(r"\bauthor"), "Ask somebody else who may approve."),
    (
        re.compile("verb approve|takes the right"),
        "See who you are with kubectl auth whoami, and what you may with kubectl auth can-i approve"
        " {plural} -n {namespace}",
    ),
    (
        re.compile("no params found"),
        "The ConfigMap ram-approvers in ram-system is missing: have it made, it may be empty.",
    ),
)
"""Beside what the shipped policies say themselves."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An error that the API server answered with; status is that of HTTP."""

    status: int
    message: str


def explain(answer: Answer, target: Target | None, doing: str) -> PluginError:
    """The exception for an answer to `doing` ("approve", "read") on the target, None for a list."""
    what = target.short if target else "the objects"
    where = f" in namespace {target.namespace}" if target else ""
    if answer.status == 401:
        return Failed("the API server does not know you: the credentials are missing or expired")
    if denied := _ADMISSION.search(answer.message) or _WEBHOOK.search(answer.message):
        why = denied["why"].strip()
        lines = [f"the API server does not let you {doing} {what}: {why}", *_hint(why, target)]
        return Refused("\n".join([*lines, f"(said by the admission policy {denied['policy']})"]))
    if answer.status == 403:
        return Refused(_rights(answer.message, target, doing, what))
    if answer.status == 404:
        if target is None or "could not find the requested resource" in answer.message:
            return Failed("this cluster does not have the kinds of ram-operator")
        return Failed(f"there is no {what}{where}")
    return Failed(f"the API server answered {answer.status}: {answer.message}")


def _hint(why: str, target: Target | None) -> list[str]:
    for pattern, hint in _HINTS:
        if pattern.search(why):
            return [
                hint.format(
                    plural=target.plural if target else "ramroles",
                    namespace=target.namespace if target else "NAMESPACE",
                )
            ]
    return []


def _rights(message: str, target: Target | None, doing: str, what: str) -> str:
    missing = _RBAC.search(message)
    if missing is None:
        return f"you may not {doing} {what}: {message}"
    if target is None:
        place = _PLACE.search(message)
        where = f"in namespace {place[1]}" if place else "in all namespaces"
        return (
            f"you may not {missing['verb']} {missing['resource']} {where}: {missing['user']} lacks"
            " that right\nName a namespace in which you may read with -n, or list all with -A if"
            " you may; or ask for a role with that verb."
        )
    namespace = f" in namespace {target.namespace}"
    return (
        f"you may not {doing} {what}: {missing['user']} lacks the right to {missing['verb']}"
        f" {missing['resource']}{namespace}\nAsk for a role with that verb; an approver also needs"
        " the verb approve."
    )
