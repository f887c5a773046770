"""What is to be done next about the access key of a user: one thing at a time. Pure.

Called by `loop.access_keys` until nothing is left, with what the record, the cloud and the Secret
say by then. A key is announced in the record before it is made, so that none is left over whose
secret nobody holds; it is made inactive first and deleted later; what somebody took away by hand is
not given back; and only keys whose ids the record has are ever touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from .. import times
from ..constants import Reason
from ..model.key_state import Ending, Intent, KeyState
from . import key_shown
from .key_times import (
    LAG_SECONDS,
    PLACES,
    age,
    at_least,
    due_for_another,
    in_use,
    overlap,
    seconds_since,
)
from .key_view import (
    Clear,
    Decision,
    Delete,
    Disable,
    Issue,
    LiveKey,
    Look,
    Note,
    Release,
    Reserve,
    Rest,
    Sight,
    Stop,
    View,
    Wait,
    Withdraw,
)

UNPLANNED_SECONDS: Final = 3600.0
"""At most one key in so long that nobody planned: whoever may delete the Secret would make many."""
CREATION_MAY_TAKE: Final = 900.0
CLOCKS_APART: Final = 60.0
"""Seconds from an announcement to the creation that was sent for it, and that clocks may differ."""


def decide(view: View) -> Decision:
    """The next thing to be done."""
    ending = view.state.ending
    for found in (_stray(view), _ending(view, ending), None if view.wanted else _end(view)):
        if found is not None:
            return found
    if not view.wanted:
        return Rest(_due(view))
    return _kept(view) if view.state.current else _first(view)


def overdue(view: View) -> Decision | None:
    """The same of keys that left the Secret, whatever is in it; None where none is due."""
    return _ending(view, tuple(each for each in view.state.ending if each.since))


def due(state: KeyState, now: float, rest: float, *, ends: bool) -> bool:
    """Whether something is to be taken away, as far as can be told without asking the cloud; all of
    it where `ends`. `now` and `rest` as in a View.
    """
    if ends and state.opens:
        return True
    return any(
        not each.since
        or seconds_since(now, each.since) >= (at_least(rest) if each.active else rest)
        for each in state.ending
    )


def issued(state: KeyState, key_id: str, now: str) -> KeyState:
    """What the record says once that key is in the Secret."""
    old = (Ending(state.current, now, active=True),) if state.current else ()
    return replace(
        state,
        current=key_id,
        issued=now,
        intent=_answered(state.intent),
        ending=(*state.ending, *old),
    )


def refused(state: KeyState) -> KeyState:
    """The same where the cloud surely made none."""
    return replace(state, intent=_answered(state.intent))


def unstored(state: KeyState, key_id: str) -> KeyState:
    """The same where it made that one, and nobody has its secret."""
    return replace(refused(state), ending=(*state.ending, Ending(key_id)))


def _answered(intent: Intent | None) -> Intent | None:
    """One whose answers are all known can have left nothing."""
    if intent is None or intent.since == intent.last:
        return None
    return replace(intent, open=False)


def _stray(view: View) -> Decision | None:
    """A key that was made by an announcement whose answer was lost: nobody holds its secret."""
    state, intent = view.state, view.state.intent
    if (stored := _stored(view)) is not None:
        return stored
    if intent is None:
        return None
    known = state.ids | set(intent.before)
    found = [k for k, key in view.live.items() if k not in known and _sent(intent, key)]
    if not found:
        return None
    if view.holds in found and view.sight is Sight.CHANGED:
        # It was made and stored, and nobody came to say so.
        return Note(issued(state, view.holds, times.stamp(view.now)))
    ending = (*state.ending, *(Ending(key_id) for key_id in sorted(found)))
    return Note(replace(state, intent=replace(intent, open=False), ending=ending))


def _stored(view: View) -> Note | None:
    """It was stored after all, although the API server did not say so."""
    key = view.live.get(view.holds)
    lost = key is not None and not key.active
    stays = view.wanted or view.keeps
    if not stays or view.sight is not Sight.CHANGED or lost:
        return None
    for each in view.state.ending:
        if each == Ending(view.holds):
            return Note(issued(_without(view, each), view.holds, times.stamp(view.now)))
    return None


def _sent(intent: Intent, key: LiveKey) -> bool:
    """Whether it was made when one was announced."""
    try:
        made, first, last = map(times.seconds, (key.made, intent.since, intent.last))
    except ValueError:
        return False
    return first - CLOCKS_APART <= made <= last + CREATION_MAY_TAKE


def _unanswered(view: View) -> Wait | None:
    """Whether a key was made is seen a while after it was asked for."""
    intent = view.state.intent
    if intent is None or not intent.open or (old := age(view, intent.last)) >= view.settle:
        return None
    return Wait("whether the access key was made is looked at", view.settle - old)


def _end(view: View) -> Decision | None:
    """Nobody asks for a key any more: it lets nobody in, then the Secret goes."""
    state = view.state
    if (waits := _unanswered(view)) is not None:
        return waits
    if state.intent is not None and state.intent.open:
        return Note(replace(state, intent=replace(state.intent, open=False)))
    if view.keeps and (state.current or state.secret_uid):
        return Release(replace(state, secret="", secret_uid="", current=""))
    if state.current:
        # Said before it is done: whoever comes next knows by whom it is inactive.
        return Note(replace(state, current="", ending=(*state.ending, Ending(state.current))))
    if state.secret_uid:
        return Withdraw(replace(state, secret="", secret_uid=""))
    return None


def _ending(view: View, ending: tuple[Ending, ...]) -> Decision | None:
    """The first key of these that is due."""
    for each in ending:
        key = view.live.get(each.key_id)
        stays = each.active and bool(view.wanted)
        if key is None and each.since and not each.active:
            if age(view, each.since) >= CREATION_MAY_TAKE:
                return Note(_without(view, each))
            continue
        if key is None:
            # One answer that leaves it out takes no key that lets in out of mind.
            if stays and age(view, each.since) < overlap(view):
                continue
            return Disable(_with(view, each), each.key_id)
        if stays and key.active:
            if age(view, each.since) < overlap(view):
                continue
            if each.key_id not in view.used:
                return Look(each.key_id)
            if in_use(view, each):
                continue
        if key.active:
            return Disable(_with(view, each), each.key_id)
        if each.active or not each.since:
            return Note(_with(view, each))
        if age(view, each.since) >= view.rest:
            return Delete(_without(view, each), each.key_id)
    return None


def _with(view: View, ending: Ending) -> KeyState:
    """It is inactive from now on."""
    over = Ending(ending.key_id, times.stamp(view.now))
    return replace(view.state, ending=tuple(over if e is ending else e for e in view.state.ending))


def _without(view: View, ending: Ending) -> KeyState:
    return replace(view.state, ending=tuple(e for e in view.state.ending if e is not ending))


def _due(view: View) -> float | None:
    """Seconds until the next key is."""
    left = [
        (overlap(view) if each.active else view.rest) - age(view, each.since)
        for each in view.state.ending
    ]
    if view.wanted and view.rotate is not None and not left:
        left.append(view.rotate - age(view, view.state.issued))
    intent = view.state.intent
    if intent is not None and (old := age(view, intent.last)) <= CREATION_MAY_TAKE:
        # One whose answer was lost may come to light late.
        left.append(max(view.settle, old))
    # What is overdue waits for somebody else, and is looked at now and then.
    return min(each if each > 0 else LAG_SECONDS for each in left) if left else None


def _kept(view: View) -> Decision:
    """There is a key of ours: it stays as long as nobody took it or its Secret away."""
    state, key = view.state, view.live.get(view.state.current)
    name = key_shown.name(state.current)
    if key is None and age(view, state.issued) >= CLOCKS_APART:
        return _taken(f"access key {name} was deleted")
    if key is not None and not key.active:
        return _taken(f"access key {name} was made inactive")
    if view.sight is Sight.INTACT:
        rotates = due_for_another(view) and not state.ending and len(view.live) < PLACES
        if rotates and key is None:
            # It is not listed yet.
            return Rest(view.settle)
        if not rotates:
            return Rest(_due(view))
        return _unanswered(view) or _issue(view, state.unplanned)
    return _first(view)


def _taken(what: str) -> Stop:
    text = (
        f"{what}, not by the operator, and is not given back by itself; to have a new one write"
        " accessMode: None, and AccessKey again once that is Ready"
    )
    return Stop(Reason.DRIFTED, text)


def _first(view: View) -> Decision:
    """A key has to be made, as far as one may be."""
    if (stop := next(_against(view), None)) is not None:
        return stop
    state = view.state
    if view.sight is Sight.LEFT:
        return Clear(view.wanted)
    if view.sight is Sight.ABSENT:
        return Reserve(replace(state, secret=view.wanted, secret_uid=""))
    return _issue(view, times.stamp(view.now) if _replaces(state) else state.unplanned)


def _issue(view: View, unplanned: str) -> Issue:
    intent = _announced(view, times.stamp(view.now))
    return Issue(replace(view.state, intent=intent, unplanned=unplanned))


def _replaces(state: KeyState) -> bool:
    """Whether there was a key before that nobody planned to replace, be it gone by now."""
    return bool(state.current or state.ending or state.issued)


def _against(view: View) -> Iterator[Wait | Stop]:
    state, where = view.state, f"Secret {view.wanted}"
    if state.secret_uid and state.secret != view.wanted:
        yield Stop(
            Reason.INVALID_SPEC,
            f"the access key is in Secret {state.secret}; to have one in another write accessMode:"
            " None first",
        )
    if view.sight is Sight.FOREIGN:
        text = (
            f"{where} is there and was not made for this user by the operator, or was restored from"
            " a backup: it is neither read nor written; delete it, or name another one"
        )
        yield Stop(Reason.CONFLICT, text)
    if view.sight is Sight.LOCKED:
        text = f"{where} is immutable, so no key can be written into it; delete it"
        yield Stop(Reason.CONFLICT, text)
    if (waits := _unanswered(view)) is not None:
        yield waits
    if _replaces(state) and state.unplanned and age(view, state.unplanned) < UNPLANNED_SECONDS:
        text = (
            f"{where} does not hold the access key any more, and within the last hour another one"
            " was made already in place of one; the next is made when the hour is over"
        )
        yield Stop(Reason.CONFLICT, text)
    if len(view.live) >= PLACES:
        yield Stop(Reason.QUOTA_EXCEEDED, key_shown.full(view))


def _announced(view: View, now: str) -> Intent:
    """A later one counts with those before it whose answers are not known."""
    known, before = view.state.intent, tuple(sorted(view.live.keys() - view.state.ids))
    if known is None or age(view, known.last) > CREATION_MAY_TAKE:
        return Intent(now, now, before)
    # Stamps are whole seconds, and one that equals the last would pass for a single announcement.
    since = min(known.since, times.stamp(view.now - 1))
    return Intent(since, now, tuple(sorted({*known.before, *before})))
