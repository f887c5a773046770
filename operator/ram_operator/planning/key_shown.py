"""What people are told and shown of the access keys that the operator makes for a user. Pure.

No secret, and of an id its end. What changes with each look, like the hour of the last use, is not
in it: a status is written only when something happened.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import times
from ..kinds import sign_in
from ..model.key_state import Ending, ShownKey
from ..model.vocabulary import KeyPhase
from .key_times import PLACES, due_for_another, in_use, overlap
from .key_view import View


def name(key_id: str) -> str:
    """Of an id as much as people need."""
    return sign_in.shown(key_id[-sign_in.SHOWN :])


def told(view: View) -> tuple[str, ...]:
    """What people have to know where nothing is to be done, a sentence each."""
    found = [
        f"access key {name(each.key_id)}, which was replaced at {each.since}, {_used(view, each)}"
        for each in view.state.ending
        if _holds_on(view, each)
    ]
    if view.wanted and due_for_another(view) and len(view.live) >= PLACES:
        found.append(f"the rotation waits: {full(view)}")
    return tuple(found)


def shown(view: View) -> tuple[ShownKey, ...]:
    """Each of them, the one in the Secret first."""
    return (*_current(view), *(_ending(view, each) for each in view.state.ending))


def full(view: View) -> str:
    """Who has the places, and what frees one."""
    goes = {each.key_id for each in view.state.ending}
    listed = [
        f"{name(key_id)} ({'about to go' if key_id in goes else 'not made by the operator'})"
        for key_id in sorted(view.live)
        if key_id != view.state.current
    ]
    ours = [f"{name(view.state.current)} (the one to replace)"] if view.state.current else []
    return (
        f"a user has at most {PLACES} access keys, and this one has {', '.join(ours + listed)}: no"
        " other can be made before one of them is deleted"
    )


def _current(view: View) -> Iterator[ShownKey]:
    state = view.state
    if not state.current:
        return
    until = _later(state.issued, view.rotate) if view.rotate is not None else ""
    waits = ""
    if due_for_another(view) and len(view.live) >= PLACES:
        waits = f"the rotation waits: {full(view)}"
    yield ShownKey(name(state.current), KeyPhase.CURRENT, state.issued, until, waits)


def _ending(view: View, ending: Ending) -> ShownKey:
    key = view.live.get(ending.key_id)
    lets_in = ending.active or (not ending.since and (key is None or key.active))
    if not lets_in:
        until = _later(ending.since, view.rest)
        return ShownKey(name(ending.key_id), KeyPhase.ENDED, ending.since, until)
    until = _later(ending.since, overlap(view)) if ending.active else ""
    waits = _used(view, ending) if _holds_on(view, ending) else ""
    return ShownKey(name(ending.key_id), KeyPhase.REPLACED, ending.since, until, waits)


def _holds_on(view: View, ending: Ending) -> bool:
    """Whether some program uses it still, although it was replaced."""
    return ending.active and ending.key_id in view.used and in_use(view, ending)


def _used(view: View, ending: Ending) -> str:
    day = times.stamp(view.used[ending.key_id]).partition("T")[0]
    return f"is used still, last on {day}: it lets in until it is not"


def _later(since: str, seconds: float) -> str:
    """The moment so many seconds after it; "" where it cannot be told."""
    at = times.seconds_or_none(since)
    return times.stamp(at + seconds) if at is not None else ""
