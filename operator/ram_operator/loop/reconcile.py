"""THE loop: take a key, run its pass, report, schedule the next look. One call per key at a time.

Whatever happens in a pass ends in one Outcome, one status write (only if something changed), events
on transitions and metrics; then the record is brought up to date. The class of an error decides
between retry, slow retry and bug; no text is ever inspected.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from .. import legible, times
from ..cluster import event_writer
from ..cluster.api import Gone, Unfit
from ..constants import ANNOTATION_RECONCILE, ConditionType, EventReason, Reason
from ..errors import Bug, OutcomeUnknown, RamOperatorError, Retry, Stalled
from ..kinds import manifest
from ..kinds.table import ACCOUNT, KINDS
from ..model.objects import Key
from ..model.outcome import Outcome
from ..model.vocabulary import Phase
from ..observability import object_metrics
from ..reporting import conditions, events, mergepatch
from ..reporting.status import Report, build_report
from ..runtime import bodies
from ..runtime.cache import Seen
from ..runtime.queue import Lane
from . import account_pass, acknowledging, asking, coverage, endings, expiring, offers, ownership
from .deletion import DeletionPass, Released
from .managed import ManagedPass
from .ports import Ports
from .results import LookAgain, Result
from .subject import Subject

log = logging.getLogger(__name__)

QUIET_FAILURES: Final = 3
"""So many passing troubles in a row leave the status of a ready object as it is."""
FIRST_LOOK: Final = 1.0
"""Seconds until an object asks again for an account that nobody has looked at yet; the account
wakes it earlier. A restart would show on every object otherwise.
"""
RESULTS: Final = {
    Phase.DONE: "success",
    Phase.RETRY: "retry",
    Phase.DELETING: "retry",
    Phase.STALLED: "stalled",
}

Judged = tuple[Result | Released | None, Mapping[str, Any]]
"""What came of a pass, None where nothing is left to tell, and fields of the kind's own."""


class Reconciler:
    """Runs passes; thread-safe as long as no key runs twice at once, which the queue sees to."""

    def __init__(self, ports: Ports, jitter: Callable[[], float] = random.random) -> None:
        self._ports = ports
        self._jitter = jitter
        self._troubles: dict[Key, int] = {}
        """Passes in a row that met passing trouble."""

    def run(self, key: Key) -> None:
        """One pass over one key. Never raises."""
        ports = self._ports
        started, before = ports.clock.monotonic(), ports.clock.processor()
        try:
            self._pass(key)
        except LookAgain as again:
            ports.queue.add(key, again.lane, max(again.after, 0.05))
        except RamOperatorError as error:
            log.warning("%s: the report failed: %s", key, error.message)
            if isinstance(error, Unfit):
                self._tell_at_least(key, Bug("the API server refuses the status; see the log"))
            ports.queue.failed(key)
        except Exception as error:
            self._tell_at_least(key, self._defect(key, error))
            ports.queue.failed(key)
        finally:
            ports.cache.unpin(key)
            ports.metrics.duration.labels(key.kind).observe(ports.clock.monotonic() - started)
            if ports.cache.facts(key) is not None:
                ports.metrics.slow.passed(key, ports.clock.processor() - before)

    def _pass(self, key: Key) -> None:
        body = self._ports.body(key)
        if body is not None and key.kind != ACCOUNT:
            self._wake_at_end(key, body)
        if body is None:
            self._forget(key)
            return
        result, extra = self._result(key, body)
        if isinstance(result, Released):
            self._post(key, body, (result.event,))
        elif result is not None:
            try:
                self._finish(key, body, result, extra)
            except RamOperatorError:
                raise
            except Exception as error:
                # Nothing may look as it was judged when what had to follow was not done.
                found = self._failure(key, self._defect(key, error), body)
                self._report(key, self._ports.cache.get(key) or body, found, {})
                self._ports.queue.failed(key)

    def _wake_at_end(self, key: Key, body: Mapping[str, Any]) -> None:
        """Whatever comes of this pass, and whatever it waits for: what ends is looked at then."""
        ports, now = self._ports, self._ports.clock.wall()
        # By its owner: the manifest may not even say any more which identity it is about.
        records = map(ports.cache.facts, ports.cache.owned(key))
        agreed = [end for record in records if record is not None for end in record.ends]
        end = manifest.upcoming(KINDS[key.kind], body.get("spec") or {}, agreed, now)
        if end is not None:
            # Not earlier, for it would still be there, and not much later.
            ports.queue.add(key, Lane.NARROWING, end - now + 0.1)

    def _result(self, key: Key, body: Mapping[str, Any]) -> Judged:
        """What came of the pass over the object. Raises LookAgain: whatever else there is, a defect
        of ours included, is an outcome. No object may look ready that nobody looks at any more.
        """
        extra: Mapping[str, Any] = {}
        try:
            if key.kind == ACCOUNT:
                found = account_pass.run(self._ports, key, body)
                return (Result(found[0]), found[1]) if found is not None else (None, {})
            if body["metadata"].get("deletionTimestamp"):
                return self._deletion(key, body)
            extra = offers.answer(self._ports, Subject.lenient(key, body))
            acknowledging.answer(self._ports, Subject.lenient(key, body))
            return self._managed(key, body), extra
        except LookAgain:
            raise
        except RamOperatorError as error:
            return Result(self._failure(key, error, body)), extra
        except Exception as error:
            return Result(self._failure(key, self._defect(key, error), body)), extra

    def _managed(self, key: Key, body: Mapping[str, Any]) -> Result:
        try:
            return self._pass_of(key, body)
        except Stalled as error:
            ended = endings.carry_out(self._ports, key, body)
            if ended is None:
                raise
            return Result(endings.beside(self._failure(key, error, body), ended))

    def _pass_of(self, key: Key, body: Mapping[str, Any]) -> Result:
        bodies.check(body)
        subject = Subject.of(key, body)
        if account_pass.unseen(self._ports, subject.options.account):
            raise LookAgain(FIRST_LOOK)
        account_pass.protect(self._ports, subject.options.account)
        recorded = bool(self._ports.cache.owned(key))
        result = ManagedPass(self._ports, subject).run()
        return replace(result, outcome=replace(result.outcome, recorded=recorded))

    def _deletion(self, key: Key, body: Mapping[str, Any]) -> Judged:
        deletion = DeletionPass(self._ports, key, body)
        if deletion.account is not None and account_pass.unseen(self._ports, deletion.account):
            raise LookAgain(FIRST_LOOK)
        result = deletion.run()
        if isinstance(result, Released):
            return result, deletion.said
        # It may wait for ever: for a person, or for whoever has a finalizer on it.
        ended = endings.carry_out(self._ports, key, body)
        if ended is not None and result is None:
            if ended.after is not None:
                self._ports.queue.add(key, Lane.NARROWING, ended.after)
            return Released(events.Event(EventReason.UPDATED, "; ".join(ended.said))), {}
        if ended is not None and result is not None:
            result = replace(result, outcome=endings.beside(result.outcome, ended))
        return result, deletion.said

    def _defect(self, key: Key, error: Exception) -> Bug:
        """Logged with its place, and in words that are fit for a status."""
        log.error("%s: unexpected error", key, exc_info=error)
        self._ports.metrics.reconcile.labels(key.kind, "error").inc()
        return Bug(f"a defect of the operator ({type(error).__name__}); see its log")

    def _failure(self, key: Key, error: RamOperatorError, body: Mapping[str, Any]) -> Outcome:
        annotations = body["metadata"].get("annotations") or {}
        request = legible.line(str(annotations.get(ANNOTATION_RECONCILE, "")))[:128]
        if key.kind == ACCOUNT:
            return account_pass.failed(self._ports, key, error, request)
        if body["metadata"].get("deletionTimestamp"):
            return DeletionPass(self._ports, key, body).waiting(error)
        if isinstance(error, Retry):
            settle = self._ports.consistency.settle
            after = settle if isinstance(error, OutcomeUnknown) else error.after
            return Outcome(Phase.RETRY, error.reason, error.message, after=after)
        return Outcome(Phase.STALLED, error.reason, error.message, handled_request=request)

    def _forget(self, key: Key) -> None:
        ports = self._ports
        ports.metrics.objects.forget(key)
        ports.metrics.slow.forget(key)
        ports.consistency.forget(key)
        ports.authors.forget(key)
        ports.refusals.forget(key)
        ports.queue.forget(key)
        self._troubles.pop(key, None)
        if key.kind == ACCOUNT and ports.accounts.drop(key.name, "it does not exist"):
            account_pass.wake(ports, key.name)
        if key.kind == ACCOUNT:
            ports.sweeps.drop(key.name)
            ports.metrics.accounts.forget(key.name)
        account_pass.gone(ports, key)

    def _finish(
        self, key: Key, body: Mapping[str, Any], result: Result, extra: Mapping[str, Any]
    ) -> None:
        """Status, events, metrics, record, next look; in this order."""
        outcome = self._told_of_interval(key, body, result.outcome)
        old = body.get("status") or {}
        if outcome.reason is Reason.CREDENTIALS_INVALID and key.kind != ACCOUNT:
            # What one object meets concerns all: the account is verified again at once.
            facts = self._ports.cache.facts(key)
            self._ports.queue.add(Key(ACCOUNT, "", facts.account if facts else "default"))
        if not self._quiet(key, old, outcome):
            self._report(key, body, outcome, extra)
        if result.record is not None:
            ownership.carry_out(self._ports, result.record)
        blocked = outcome.reason is Reason.APPROVAL_REQUIRED
        label = "blocked" if blocked else RESULTS[outcome.phase]
        self._ports.metrics.reconcile.labels(key.kind, label).inc()
        self._schedule(key, body, outcome)

    def _quiet(self, key: Key, old: Mapping[str, Any], outcome: Outcome) -> bool:
        """Passing trouble during a periodic look is no news for an object that is ready, unless
        the same look found drift, or a change to hold.
        """
        if outcome.phase is not Phase.RETRY or outcome.steps_done:
            return False
        if outcome.plan is not None and (outcome.plan.drift or outcome.plan.held):
            return False
        facts = self._ports.cache.get(key) or {}
        current = old.get("observedGeneration") == (facts.get("metadata") or {}).get("generation")
        if not current or self._troubles.get(key, 0) >= QUIET_FAILURES:
            return False
        if outcome.reason is Reason.DEPENDENCY_NOT_READY:
            # After a start it is no news that the account was not looked at yet.
            known = self._ports.cache.facts(key)
            return known is not None and not self._ports.accounts.seen(known.account)
        return conditions.is_true(old.get("conditions") or (), ConditionType.READY)

    def _report(
        self, key: Key, body: Mapping[str, Any], outcome: Outcome, extra: Mapping[str, Any]
    ) -> None:
        ports = self._ports
        old = body.get("status") or {}
        generation = int(body["metadata"].get("generation", 0))
        outcome = replace(outcome, authors=ports.authors.known(key))
        if key.kind in KINDS:
            outcome = replace(outcome, acknowledging=acknowledging.known(ports, key, body))
        extra = {**extra, **expiring.shown(ports, key, body)}
        written = build_report(old, outcome, generation, ports.clock.stamp(), extra)
        ports.metrics.corrected(key, outcome)
        patch = mergepatch.between(old, written.status)
        if patch:
            try:
                reply = self._send(key, patch)
            except RamOperatorError as error:
                # What was done is found by no later pass; all else is, and is told then.
                self._post(key, body, events.done(outcome))
                if isinstance(error, Gone):
                    ports.missing(key, str(body["metadata"]["uid"]))
                    return
                raise
            # An edit that came during the pass is in the reply, and its own event is old news then.
            if ports.cache.put(reply)[1] is Seen.NEWS:
                ports.queue.add(key)
        asking.ask(ports, key, old, written.status)
        asking.looked(ports, key, outcome)
        self._measure(key, body, outcome, written)
        self._post(key, body, written.events)

    def _send(self, key: Key, patch: Mapping[str, Any]) -> dict[str, Any]:
        """The one place where an object is written: its status. What the server has of it then."""
        return self._ports.api.merge(key, {"status": patch}, "status")

    def _tell_at_least(self, key: Key, error: Bug) -> None:
        """Where the report itself failed: no status of before stands as if it were still so.

        Rests on nothing but the error. Only the API server can keep it from being told.
        """
        ports = self._ports
        try:
            body = ports.body(key)
            if body is None:
                return
            old = {"conditions": (body.get("status") or {}).get("conditions") or ()}
            generation = int(body["metadata"].get("generation", 0))
            outcome = Outcome(Phase.STALLED, error.reason, error.message)
            written = build_report(old, outcome, generation, ports.clock.stamp(), {})
            patch = mergepatch.between(body.get("status") or {}, written.status)
            patch = {name: patch[name] for name in written.status if name in patch}
            if patch:
                ports.cache.put(self._send(key, patch))
            self._measure(key, body, outcome, written)
            self._post(key, body, written.events)
        except RamOperatorError as failed:
            log.warning("%s: its status could not be told: %s", key, failed.message)
        except Exception as failed:
            self._defect(key, failed)

    def _measure(
        self, key: Key, body: Mapping[str, Any], outcome: Outcome, written: Report
    ) -> None:
        ports, old = self._ports, body.get("status") or {}
        ports.metrics.passed(key, outcome, old, written.status)
        pending = (written.status.get("pending") or {}).get("since")
        objects = ports.metrics.objects
        since = times.seconds(pending) if pending else None
        now = ports.clock.wall()
        state = object_metrics.state_of(outcome, written.status, since, objects.get(key), now)
        braked = (written.status.get("deletionBrake") or {}).get("engagedAt")
        since = times.seconds(braked) if braked else None
        facts = ports.cache.facts(key)
        account = facts.account if facts is not None and key.kind != ACCOUNT else key.name
        session = ports.accounts.find(key.name) if key.kind == ACCOUNT else None
        lost = 1.0 if session is not None and session.account.records_lost else None
        told = replace(state, account=account, braked_since=since, records_lost=lost)
        objects.set(key, replace(told, interval=self._interval(key, body, outcome)))

    def _post(self, key: Key, body: Mapping[str, Any], told: tuple[events.Event, ...]) -> None:
        """Events tell, they decide nothing: one that cannot be posted is only logged."""
        ports = self._ports
        by = (ports.instance, ports.clock.stamp())
        for event in told:
            level = logging.WARNING if event.warning else logging.INFO
            log.log(level, "%s: %s: %s", key, event.reason, event.message)
        for event in events.posted(told):
            try:
                event_writer.post(ports.api, key, body, event, by)
            except RamOperatorError as error:
                log.warning("%s: event %s not posted: %s", key, event.reason, error.message)

    def _schedule(self, key: Key, body: Mapping[str, Any], outcome: Outcome) -> None:
        queue = self._ports.queue
        if outcome.phase in (Phase.RETRY, Phase.DELETING):
            self._troubles[key] = self._troubles.get(key, 0) + 1
            if outcome.after is None:
                queue.failed(key)
            else:
                queue.add(key, Lane.PERIODIC, outcome.after * (1.0 + 0.1 * self._jitter()))
            return
        self._troubles.pop(key, None)
        queue.succeeded(key)
        waits = outcome.after is not None or bool(body["metadata"].get("deletionTimestamp"))
        cache = self._ports.cache
        if cache.outside(key) and not cache.crowded(key) and not waits:
            # Read for each look, and nothing of it changes unless it or the tenants do.
            return
        delay = self._interval(key, body, outcome)
        if outcome.phase is Phase.STALLED:
            delay = min(delay, self._ports.settings.stalled_seconds)
        delay *= 0.9 + 0.2 * self._jitter()
        if outcome.after is not None:
            delay = min(delay, outcome.after + 0.1)
        queue.add(key, Lane.PERIODIC, delay)

    def _interval(self, key: Key, body: Mapping[str, Any], outcome: Outcome) -> float:
        """Seconds until the object is looked at again, whatever the sweep finds."""
        if key.kind == ACCOUNT:
            session = self._ports.accounts.find(key.name)
        else:
            options = Subject.of(key, body).options if _readable(key, body) else None
            session = self._ports.accounts.find(options.account) if options else None
            if options is not None and session is not None:
                quiet = coverage.calm(self._ports, session, key, outcome)
                return coverage.interval(self._ports, session, key.kind, options, quiet=quiet)
            if options is not None and options.interval is not None:
                return options.interval
        return session.account.interval if session else self._ports.settings.stalled_seconds

    def _told_of_interval(self, key: Key, body: Mapping[str, Any], outcome: Outcome) -> Outcome:
        """Who asks for more looks than the account gives learns of it where all is well."""
        asked = (body.get("spec") or {}).get("driftInterval")
        if key.kind == ACCOUNT or asked is None or outcome.phase is not Phase.DONE:
            return outcome
        given = self._interval(key, body, outcome)
        if given <= manifest.duration(str(asked)):
            return outcome
        text = f"; looked at every {given:g} s, minimumDriftInterval of its RamAccount, not {asked}"
        return replace(outcome, message=outcome.message + text)


def _readable(key: Key, body: Mapping[str, Any]) -> bool:
    try:
        Subject.of(key, body)
    except RamOperatorError:
        return False
    return key.kind in KINDS
