"""Which event of ActionTrail made a difference. Pure.

By what an event is about and when it was, never by its name: the console has other names than the
API. A wrong name is worse than none, so what is not certain stays unknown, or is named as one of
several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .. import times
from ..kinds.schema import Escalation, Kind
from ..kinds.sign_in import shown as shown_key
from ..model.traces import Author, Ourselves, Question, Trace
from ..model.vocabulary import AuthorKind

EARLIER: Final = 60.0
"""Seconds before the last look that its reading may have been of."""
LATER: Final = 2.0
"""Seconds that clocks may differ by."""
WRITTEN: Final = 5.0
"""Seconds from a write to the status that tells of it, at most."""
NAMED: Final = 3
NOTHING_FOUND: Final = "ActionTrail has no call that made it"
_KEYS: Final = "key/"
_LINKED: Final = "aliyunservicerolefor"
_PEOPLE: Final = ("root-account", "ram-user", "assumed-role")
_PLATFORM: Final = ("system", "service", "cloud-service", "alicloud-service")


def question(
    row: Kind, identity: tuple[str, str], place: str, start: float, end: float
) -> Question:
    """For a difference that `status.drift` names so. `identity`: its name in the cloud, and id.

    start: when it was last seen without the difference. end: when the difference was seen.
    """
    name, cloud_id = identity
    own = {f"{row.noun}/{name.lower()}"} | ({f"id/{cloud_id.lower()}"} if cloud_id else set())
    field, _, entry = place.partition("[")
    entry = entry.removesuffix("]").lower()
    escalates = {each.name: each.escalates for each in row.fields}.get(field, Escalation.NEVER)
    beside, ends = "", ""
    if entry and escalates is Escalation.ATTACHMENT:
        beside = "policy/" + entry.partition("/")[2]
    elif entry and escalates is Escalation.MEMBERSHIP:
        beside = f"user/{entry}"
    elif escalates is Escalation.SIGN_IN:
        # Of a key's id the status has the end alone.
        ends = entry.partition(shown_key(""))[2]
    return Question(frozenset(own), beside, ends, start - EARLIER, end + LATER)


def fits(asked: Question, trace: Trace) -> bool:
    """Whether the event may have made the difference."""
    return not trace.failed and asked.start <= trace.at <= asked.end and _about(asked, trace)


def _about(asked: Question, trace: Trace) -> bool:
    if not trace.names & asked.own:
        return False
    if asked.entry:
        return asked.entry in trace.names
    # One that names something else besides is about an attachment, a membership or another key.
    return all(name in asked.own or _is_key(asked, name) for name in trace.names)


def _is_key(asked: Question, name: str) -> bool:
    return bool(asked.ends) and name.startswith(_KEYS) and name.endswith(asked.ends)


def ours(trace: Trace, ourselves: Ourselves) -> bool:
    """Whether the operator made the call: by its request id, else by who it is."""
    if trace.request_id and trace.request_id in ourselves.requests:
        return True
    parts = ourselves.principal.lower().split("/")
    # Sessions of one role differ by their names, which are nobody's secret.
    name = trace.user.lower().partition(":")[0] if trace.identity == "assumed-role" else ""
    return (name or trace.user.lower()) == parts[1] if len(parts) > 1 else False


def caught_up(asked: Question, traces: Sequence[Trace], ourselves: Ourselves) -> bool:
    """Whether ActionTrail has come so far that no earlier event is to be waited for: to one after
    the difference was seen, or to the operator's own call that put it right.
    """
    seen = asked.end - LATER
    return any(
        trace.at > seen
        or (trace.at >= seen - WRITTEN and _about(asked, trace) and ours(trace, ourselves))
        for trace in traces
    )


def author(asked: Question, traces: Sequence[Trace], ourselves: Ourselves) -> Author:
    """Who made the difference, as far as these events tell."""
    found = [trace for trace in traces if fits(asked, trace) and not ours(trace, ourselves)]
    if not found:
        return Author(AuthorKind.UNKNOWN, why=NOTHING_FOUND)
    latest = max(found, key=lambda trace: (trace.at, trace.event_id))
    actors = {(kind_of(trace), trace.user) for trace in found}
    if len(actors) == 1:
        return Author(
            kind_of(latest),
            latest.user,
            latest.action,
            latest.event_id,
            times.stamp(latest.at),
            latest.address,
        )
    kinds = {kind for kind, _ in actors}
    names = sorted({name or "somebody" for _, name in actors})
    more = [f"{len(names) - NAMED} more"] if len(names) > NAMED else []
    return Author(
        kinds.pop() if len(kinds) == 1 else AuthorKind.UNKNOWN,
        "one of " + ", ".join([*names[:NAMED], *more]),
        why="several calls may have made it",
    )


def kind_of(trace: Trace) -> AuthorKind:
    """A person by the console, a program by a key or a role, or the platform itself."""
    role = trace.user.lower() if trace.identity == "assumed-role" else ""
    if trace.identity in _PLATFORM or role.startswith(_LINKED):
        return AuthorKind.PLATFORM
    if trace.identity not in _PEOPLE:
        return AuthorKind.UNKNOWN
    return AuthorKind.PERSON if trace.console else AuthorKind.PROGRAM


def shown(found: Author, *, names: bool, addresses: bool) -> Author:
    """Without the personal data that the account does not have shown."""
    found = found if names else replace(found, name="")
    return found if addresses else replace(found, address="")
