"""The access key of a user: made, kept in its Secret, and ended, one step after the other.

Called by the passes once the rest of the identity is as it may be. What is to be done is decided by
`planning.key_steps`; here each step is carried out, and the record says so by compare-and-swap:
before a key is made, after anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, assert_never

from ..cloud import key_calls
from ..cloud.writing import Writer
from ..cluster.secrets import Kept, Secrets
from ..constants import ANNOTATION_ROTATE_KEY, AccessMode, Reason
from ..errors import Bug, OutcomeUnknown, RamOperatorError, Retry, Stalled
from ..kinds import sign_in
from ..kinds.record import Identity, facts_of
from ..model.changes import place
from ..model.key_state import KeyDone, KeyReport, KeyState
from ..model.objects import Entries, UnknownPart
from ..model.record_changes import RecordChange
from ..model.records import RecordFacts
from ..model.state import Desired, Live
from ..model.vocabulary import Direction, KeyChange
from ..planning import key_shown, key_steps, key_view
from ..planning.key_view import LiveKey, Sight, View
from ..runtime.consistency import Touched
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from . import refused
from .gated_write import may_still, still
from .ports import Ports
from .subject import Subject

_STEPS: Final = 12
"""More than one pass can have to do."""


def _nothing() -> None:
    """Nothing is against it."""


@dataclass(frozen=True, slots=True)
class _Now:
    """The record, and what it says."""

    body: Mapping[str, Any]
    facts: RecordFacts


class AccessKeys:
    """The keys of one user, in one pass."""

    def __init__(
        self,
        ports: Ports,
        subject: Subject,
        session: Session,
        identity: Identity,
        still: Callable[[], None] = _nothing,
    ) -> None:
        """`still` raises where what is to be ended is not any more; asked before each write."""
        self._ports = ports
        self._subject = subject
        self._session = session
        self._identity = identity
        self._secrets = Secrets(ports.api, subject.key, subject.uid)
        self._live: dict[str, LiveKey] = {}
        self._places: dict[str, str] = {}
        """Where each key is in `status.drift`, by its id."""
        self._used: dict[str, float] = {}
        self._rotate: float | None = None
        self._still = still
        self._done: list[KeyDone] = []
        self._seen_last: View | None = None
        self._leaving = False
        """The object is being deleted, and the Secret goes with it in any case."""
        self._keeping = False
        """What is in the Secret stays, and so does the Secret."""
        self._taking = False
        """Nothing is given, whatever the manifest asks for."""
        self.told: tuple[str, ...] = ()
        """What people have to know, although nothing is to be done."""

    @property
    def ended(self) -> list[str]:
        """The ends of the ids of the keys that let nobody in from now on."""
        return [each.name for each in self._done if each.change is KeyChange.ENDED]

    @property
    def report(self) -> KeyReport | None:
        """What was found and done; None where nothing was looked at."""
        view = self._seen_last
        if view is None:
            return None
        return KeyReport(key_shown.shown(view), tuple(self._done), view.state.secret)

    def keep(self, wanted: Desired, live: Live) -> None:
        """As the manifest and the record have it. Raises errors.* for what is yet to be done."""
        found = live.fields.get(sign_in.FIELD)
        if isinstance(found, UnknownPart) or found is None:
            # That is told of the part itself.
            return
        assert isinstance(found, Mapping)
        self._rotate = wanted.rotate_after
        self._run(found, lambda facts: self._wanted(wanted, facts))

    def end(self, live: Live, *, keeps: bool = False) -> None:
        """None lets in any more, and the Secret is gone; `keeps`: but the one that is in it, which
        stays with it and is nobody's business here any more. Raises errors.*
        """
        self._keeping = keeps
        found = live.fields.get(sign_in.FIELD)
        if isinstance(found, UnknownPart):
            raise found.error
        assert isinstance(found, Mapping)
        self._leaving = True
        self._run(found, lambda _: "")

    def take(self, live: Live, *, ends: bool) -> None:
        """What is to be taken away and nothing else, all of it where `ends`. Raises errors.*"""
        found = live.fields.get(sign_in.FIELD)
        if isinstance(found, UnknownPart):
            raise found.error
        assert isinstance(found, Mapping)
        self._taking = True
        self._run(found, lambda facts: "" if ends else facts.keys.secret)

    def _wanted(self, wanted: Desired, facts: RecordFacts) -> str:
        """Name of the Secret that is to hold a key; "" where none is to."""
        mode = sign_in.wanted(wanted, facts, first=False)
        if mode is AccessMode.UNMANAGED and facts.keys.opens:
            text = (
                "accessMode Unmanaged while the user has an access key that the operator made;"
                " write accessMode: None first, and Unmanaged once that is Ready"
            )
            raise Stalled(Reason.INVALID_SPEC, text)
        if mode is not AccessMode.ACCESS_KEY or not sign_in.entitled(wanted, facts):
            return ""
        assert wanted.keeps is not None
        return wanted.keeps.value or facts.keys.secret

    def _run(self, found: Entries, wanted: Callable[[RecordFacts], str]) -> None:
        self._places = {entry.handle: place(sign_in.FIELD, key) for key, entry in found.items()}
        self._live = {
            entry.handle: LiveKey(entry.value != sign_in.INACTIVE, entry.since)
            for key, entry in found.items()
            if key != sign_in.PROFILE
        }
        now = self._read()
        for _ in range(_STEPS):
            name = wanted(now.facts)
            try:
                kept = self._seen(name or (now.facts.keys.secret if self._keeping else ""))
            except RamOperatorError:
                self._overdue(now, name)
                raise
            view = self._seen_last = self._view(now.facts.keys, name, kept)
            decision = key_steps.decide(view)
            if self._taking and isinstance(decision, key_view.GIVES):
                return
            if isinstance(decision, key_view.Rest):
                refused.keep_key(self._ports, self._subject, self._session, None)
                self.told = key_shown.told(view)
                if decision.after is not None:
                    self._ports.queue.add(self._subject.key, Lane.PERIODIC, decision.after)
                return
            now = self._carry_out(now, decision, kept)
        raise Bug("the access key of a user takes more steps than there are")

    def _overdue(self, now: _Now, name: str) -> None:
        """What is due of keys that are not in the Secret any more, which cannot be read: whoever
        may bring that about does not keep them. Raises errors.*
        """
        for _ in range(_STEPS):
            view = self._seen_last = self._view(now.facts.keys, name, None)
            if (decision := key_steps.overdue(view)) is None:
                return
            now = self._carry_out(now, decision, None)

    def _seen(self, name: str) -> Kept | None:
        """The Secret that is asked for; of one that is to go nothing has to be known."""
        return self._secrets.read(name) if name else None

    def _view(self, state: KeyState, name: str, kept: Kept | None) -> View:
        ports = self._ports
        settings = ports.settings
        return View(
            state=state,
            live=self._live,
            sight=self._sight(state, kept),
            wanted=name,
            now=ports.clock.wall(),
            settle=ports.consistency.settle,
            rest=settings.access_key_rest_seconds,
            holds=kept.holds if kept is not None else "",
            rotate=self._rotate,
            asked=self._subject.annotation(ANNOTATION_ROTATE_KEY).lstrip("…"),
            keeps=self._keeping,
            used=self._used,
        )

    def _sight(self, state: KeyState, kept: Kept | None) -> Sight:
        if kept is None:
            return Sight.ABSENT
        if kept.uid != state.secret_uid:
            mine = kept.empty and kept.owner == self._subject.uid
            return Sight.LEFT if mine else Sight.FOREIGN
        if state.current and kept.holds == state.current:
            return Sight.INTACT
        if kept.locked:
            return Sight.LOCKED
        return Sight.EMPTY if kept.empty else Sight.CHANGED

    def _carry_out(self, now: _Now, decision: key_view.Decision, kept: Kept | None) -> _Now:
        match decision:
            case key_view.Rest():
                return now
            case key_view.Wait(text, after):
                raise Retry(Reason.PROGRESSING, text, after)
            case key_view.Stop(reason, text):
                raise Stalled(reason, text)
            case key_view.Look(key_id):
                self._look(key_id)
                return now
            case key_view.Issue(announced):
                return self._issue(now, announced, kept)
            case key_view.Reserve(then):
                self._insist()
                uid = self._secrets.reserve(then.secret)
                return self._note(now, replace(then, secret_uid=uid))
            case key_view.Clear(secret):
                assert kept is not None
                self._secrets.delete(secret, kept.uid)
                return now
            case key_view.Release(then) | key_view.Withdraw(then):
                self._withdraw(now.facts.keys)
                return self._note(now, then)
            case key_view.Disable(then, key_id):
                self._write(key_calls.disable, key_id)
                self._live[key_id] = LiveKey(False)
                self._did(KeyChange.ENDED, key_id)
                return self._note(now, then)
            case key_view.Delete(then, key_id):
                self._write(key_calls.delete, key_id)
                self._live.pop(key_id, None)
                self._did(KeyChange.DELETED, key_id)
                return self._note(now, then)
            case key_view.Note(then):
                # Who finds what is said here carries it out.
                self._still()
                return self._note(now, then)
            case _:
                assert_never(decision)

    def _issue(self, now: _Now, announced: KeyState, kept: Kept | None) -> _Now:
        """Announced first: whatever comes of it, the record knows that a key may have been made."""
        assert kept is not None
        # Whoever deletes a key by hand may have made room for this one.
        sent = (self._identity.cloud_name, *sorted(self._live))
        asked = refused.KeyWrite("CreateAccessKey", sent, Direction.WIDER)
        self._left_alone(asked)
        self._insist()
        begun = self._note(now, announced)
        writer = replace(self._session.writer, wanted=self._still_wanted)
        self._wrote("")
        try:
            key_id, secret = key_calls.create(writer, self._identity.cloud_name)
        except (OutcomeUnknown, Bug):
            # It may have been made.
            raise
        except RamOperatorError as error:
            # None was, so it does not count for the hour either.
            before = now.facts.keys.unplanned
            self._note(begun, replace(key_steps.refused(announced), unplanned=before))
            raise self._refused(asked, error) from None
        self._wrote(key_id)
        if key_id in self._live or key_id in announced.ids:
            # Whose key that is nobody knows, so nothing becomes of it.
            raise OutcomeUnknown("CreateAccessKey answered with a key that was there before")
        stamp = self._ports.clock.stamp()
        try:
            self._secrets.store(announced.secret, kept, (key_id, secret))
        except RamOperatorError:
            # It may be stored all the same. Whoever reads it then has a key that goes.
            self._note(begun, key_steps.unstored(announced, key_id))
            raise
        self._live[key_id] = LiveKey(True, stamp)
        before = announced.current
        self._did(KeyChange.REPLACED if before else KeyChange.MADE, key_id, before)
        return self._note(begun, key_steps.issued(announced, key_id, stamp))

    def _did(self, change: KeyChange, key_id: str, before: str = "") -> None:
        instead_of = key_shown.name(before) if before else ""
        self._done.append(KeyDone(change, key_shown.name(key_id), instead_of))

    def _withdraw(self, state: KeyState) -> None:
        """Without the right, as in a namespace that is being deleted, it goes by its owner."""
        if self._keeping:
            self._secrets.release(state.secret, state.secret_uid)
            return
        try:
            self._secrets.delete(state.secret, state.secret_uid)
        except Stalled as error:
            if not self._leaving or error.reason is not Reason.ACCESS_DENIED:
                raise

    def _look(self, key_id: str) -> None:
        client, user = self._session.client, self._identity.cloud_name
        now = self._ports.clock.wall()
        self._used[key_id] = key_calls.last_used(client, user, key_id, now)

    def _write(self, call: Callable[[Writer, str, str], None], key_id: str) -> None:
        """What takes something away, however often the object is edited."""
        sent = (self._identity.cloud_name, key_id)
        asked = refused.KeyWrite(call.__name__, sent, Direction.NARROWER)
        self._left_alone(asked)
        writer = replace(self._session.writer, wanted=self._may)
        self._wrote(key_id)
        try:
            call(writer, self._identity.cloud_name, key_id)
        except RamOperatorError as error:
            raise self._refused(asked, error) from None
        self._wrote(key_id)

    def _left_alone(self, asked: refused.KeyWrite) -> None:
        """Raises what was said when the cloud refused the same a while ago and nothing changed."""
        around = (self._ports, self._subject, self._session)
        refused.keep_key(*around, asked)
        if (said := refused.standing(*around, asked)) is not None:
            raise said

    def _refused(self, asked: refused.KeyWrite, error: RamOperatorError) -> RamOperatorError:
        """What is told of it from now on."""
        return refused.note(self._ports, self._subject, self._session, asked, error)

    def _wrote(self, key_id: str) -> None:
        """Of that key alone an old answer may come, "" for one that is yet to be made: whoever has
        keys written again and again does not hide what is done to the rest.
        """
        generation = int(self._subject.body["metadata"].get("generation", 0))
        made = place(sign_in.FIELD, sign_in.way(key_id[-sign_in.SHOWN :]))
        touched = Touched(frozenset({self._places.get(key_id, made)}))
        self._ports.consistency.wrote(self._subject.key, self._subject.uid, generation, touched)

    def _insist(self) -> None:
        """The object itself is as it was judged: the cache may not know better."""
        self._may()
        fresh = self._ports.fresh(self._subject.key)
        if fresh is None or not still(fresh, self._subject):
            raise Retry(Reason.PROGRESSING, "the object moved while its key was judged", 0.5)

    def _still_wanted(self) -> None:
        """Whether the watches have told of anything against it while it waited for its turn."""
        self._may()
        seen = self._ports.cache.get(self._subject.key)
        if seen is None or not still(seen, self._subject):
            raise Retry(Reason.PROGRESSING, "the object moved while its key waited", 0.5)

    def _may(self) -> None:
        if (wait := self._ports.consistency.starting()) > 0:
            raise Retry(Reason.PROGRESSING, "what was written before this start is awaited", wait)
        may_still(self._ports, self._session)
        self._still()

    def _read(self) -> _Now:
        body = self._ports.records.read(self._identity)
        facts = facts_of(body, self._identity)
        owner = self._subject.owner(self._ports.settings.cluster_name)
        # One that its record does not know yet ends what the one before it left.
        takes = self._leaving or self._taking
        another = facts.owner_uid != self._subject.uid and not takes
        if body is None or facts.owner != owner or another:
            raise Retry(Reason.PROGRESSING, "the record moved while the key was judged", 0.5)
        return _Now(body, facts)

    def _note(self, now: _Now, state: KeyState) -> _Now:
        """By compare-and-swap: whoever else writes the record meanwhile is not overruled."""
        key = self._subject.key
        mine = replace(state, holder=f"{key.namespace}/{key.name}")
        body = self._ports.records.change(now.body, RecordChange(keys=mine))
        self._ports.cache.put(body)
        return _Now(body, facts_of(body, self._identity))
