"""Who made it: what passes ask, and who asks ActionTrail for it, a thread for each account.

Nothing waits for an answer: a difference is taken back, given back or reported without one, and a
pass that follows shows it.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from .. import times
from ..cloud import trail
from ..constants import Reason
from ..errors import RamOperatorError
from ..kinds.table import KINDS
from ..model.objects import Key
from ..model.outcome import Outcome
from ..model.traces import TRIED, Author, Ourselves, Trace
from ..model.vocabulary import AuthorKind
from ..planning import authorship, last_applied
from ..reporting import authors as shown
from ..runtime.questions import Asked
from ..runtime.queue import Lane
from ..runtime.sessions import Session
from .ports import Ports

log = logging.getLogger(__name__)

Begin = Callable[[Callable[[], None]], None]
_TURN: Final = 0.5
_UNSEEN: Final = 86_400.0
"""Seconds before a difference that are searched where no look before it is remembered."""


def ask(ports: Ports, key: Key, old: Mapping[str, Any], status: Mapping[str, Any]) -> None:
    """For each young difference of the status that has no author, once it was managed before."""
    waiting = frozenset(shown.unnamed(status))
    ports.authors.shown(key, waiting)
    first = ports.settings.author_seconds
    facts, row = ports.cache.facts(key), KINDS.get(key.kind)
    name = str(status.get("cloudName") or "")
    if not (waiting and first and name and row and facts and last_applied.noted(old)):
        return
    now, last = ports.clock.wall(), ports.authors.last(key)
    identity = (name, str(status.get("cloudId") or ""))
    for seen in waiting:
        at = times.seconds_or_none(seen[2])
        if at is None or now - at > TRIED:
            continue
        start = last if last is not None and last <= at else at - _UNSEEN
        question = authorship.question(row, identity, seen[0], start, at)
        ports.authors.ask(Asked(key, seen, facts.account, question, at, now + first, first))


def looked(ports: Ports, key: Key, outcome: Outcome) -> None:
    """Later differences came after this look."""
    whole = outcome.live is not None and outcome.plan is not None
    if whole and not outcome.drift_unconfirmed:
        ports.authors.looked(key, ports.clock.wall())


def run(ports: Ports, closing: Callable[[float], bool], begin: Begin) -> None:
    """Until `closing`, which waits so many seconds, says that the process ends."""
    asker = Asker(ports, begin)
    while ports.settings.author_seconds and not closing(_TURN):
        try:
            asker.turn()
        except Exception:
            # It is asked again: nothing but a name depends on it.
            log.exception("who made a difference could not be asked for")


class Asker:
    """Called by one thread, again and again."""

    def __init__(self, ports: Ports, begin: Begin) -> None:
        """`begin` runs what it is given beside us: one slow account keeps no other's waiting."""
        self._ports = ports
        self._begin = begin
        self._running: set[str] = set()
        self._said: dict[str, str] = {}
        """Per account: the trouble that was logged last."""

    def turn(self) -> None:
        now = self._ports.clock.wall()
        for name, waiting in self._ports.authors.due(now).items():
            if name in self._running:
                continue
            session = self._ports.accounts.find(name)
            if session is None:
                self._failed(name, waiting, "its RamAccount is not ready", denied=False)
                continue
            self._running.add(name)
            try:
                self._begin(functools.partial(self._one, name, session, waiting))
            except RuntimeError as error:
                self._running.discard(name)
                self._failed(name, waiting, f"no thread for it: {error}", denied=False)

    def _one(self, name: str, session: Session, waiting: Sequence[Asked]) -> None:
        try:
            self._account(name, session, waiting)
        except Exception:
            log.exception("RamAccount %s: who made a difference could not be asked for", name)
            # It is asked again, and not at once: nothing but a name depends on it.
            for asked in waiting:
                self._ports.authors.later(asked, self._ports.clock.wall())
        finally:
            self._running.discard(name)

    def _account(self, name: str, session: Session, waiting: Sequence[Asked]) -> None:
        start = min(asked.question.start for asked in waiting)
        try:
            traces = trail.read(session.client, start, self._ports.clock.wall())
        except RamOperatorError as error:
            self._failed(name, waiting, error.message, denied=error.reason is Reason.ACCESS_DENIED)
            return
        self._said.pop(name, None)
        account = session.account
        ourselves = Ourselves(account.own_principal, session.client.own_requests())
        for asked in waiting:
            found = self._found(asked, traces, ourselves)
            if found is None:
                self._ports.authors.later(asked, self._ports.clock.wall())
                continue
            names, addresses = account.author_names, account.author_addresses
            self._answer(asked, authorship.shown(found, names=names, addresses=addresses))

    def _found(self, asked: Asked, traces: Sequence[Trace], ourselves: Ourselves) -> Author | None:
        """None while it is worth another try."""
        found = authorship.author(asked.question, traces, ourselves)
        certain = found.kind is not AuthorKind.UNKNOWN or found.name
        if certain and authorship.caught_up(asked.question, traces, ourselves):
            return found
        return found if self._late(asked) else None

    def _late(self, asked: Asked) -> bool:
        return self._ports.clock.wall() - asked.since >= TRIED

    def _failed(self, name: str, waiting: Sequence[Asked], why: str, *, denied: bool) -> None:
        if self._said.get(name) != why:
            self._said[name] = why
            log.warning(
                "RamAccount %s: ActionTrail does not say who made a difference: %s", name, why
            )
        for asked in waiting:
            if denied or self._late(asked):
                self._answer(asked, Author(AuthorKind.UNKNOWN, why=why))
            else:
                self._ports.authors.later(asked, self._ports.clock.wall())

    def _answer(self, asked: Asked, author: Author) -> None:
        self._ports.authors.answer(asked, author)
        self._ports.metrics.drift_authors.labels(asked.key.kind, str(author.kind)).inc()
        self._ports.queue.add(asked.key, Lane.PERIODIC)
