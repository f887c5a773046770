"""What each command does. Talks to the API server through Access and to people through Console.

Called by `__main__` alone. Whatever is approved or rejected here was read from the API server after
the person answered, and is the same as what the person saw.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final

from .. import legible, times
from ..constants import (
    ANNOTATION_ACKNOWLEDGE,
    ANNOTATION_APPROVE,
    ANNOTATION_APPROVE_REASON,
    ANNOTATION_DELETE_REQUESTED,
    ANNOTATION_REJECT,
)
from ..kinds.record import facts_of
from . import deleting, known_drift, past, rendering, targets
from .access import Access, Moved
from .outcomes import Exit, Failed, Nothing, PluginError, Refused
from .screen import Paint, plain
from .targets import Target
from .waiting import State, Waiting, read

ATTEMPTS: Final = 5
"""The operator may write the object's status at any time: each such write is one more try."""
SLACK: Final = 60.0
"""Seconds by which clocks may differ."""
GUARD_MISSING: Final = "AdmissionPolicyMissing"


@dataclass(frozen=True, slots=True)
class Console:
    """The three streams; stderr is for people, stdout for what was asked for."""

    input: IO[str]
    output: IO[str]
    errors: IO[str]

    def say(self, text: str) -> None:
        print(legible.lines(text), file=self.errors, flush=True)

    def ask(self, question: str) -> bool:
        """Whether the answer is yes, spelled out. Raises Failed where nobody can answer."""
        if not self.input.isatty():
            raise Failed("stdin is no terminal, so that nobody can answer: look first, then --yes")
        print(question, end=" ", file=self.errors, flush=True)
        return self.input.readline().strip().lower() == "yes"


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the plugin."""

    arguments: argparse.Namespace
    access: Access
    console: Console
    paint: Paint

    def waiting(self) -> Waiting:
        """What waits on the object that was named. Raises Nothing if nothing does."""
        target = targets.parse(self.arguments.object, self.access.namespace)
        found = read(self.access.get(target), target.kind)
        if found is None:
            raise Nothing(f"{target.short} in namespace {target.namespace}: no change waits")
        return found

    def show(self, waiting: Waiting, stream: IO[str]) -> None:
        stream.write(rendering.text(waiting, time.time(), self.paint))
        stream.flush()

    def answered(self, waiting: Waiting, word: str) -> None:
        """What became of it, in the form that was asked for."""
        form = self.arguments.output
        if form == "text":
            self.console.output.write(f"{waiting.target.full} {word}\n")
        else:
            self.write(waiting, form)

    def write(self, waiting: Waiting, form: str) -> None:
        lines = (
            rendering.names([waiting])
            if form == "name"
            else rendering.machine(waiting.document(), form)
        )
        self.console.output.write(lines)


def pending(run: Run) -> Exit:
    """The list. A kind that cannot be listed is told on stderr and makes the list incomplete."""
    everywhere = run.arguments.all_namespaces
    namespace = "" if everywhere else run.access.namespace
    found: list[Waiting] = []
    known: list[str] = []
    failures: list[PluginError] = []
    for kind in targets.SHORT_NAMES:
        try:
            items = run.access.every(kind, namespace)
        except PluginError as error:
            failures.append(error)
            continue
        found += [each for item in items if (each := read(item, kind)) is not None]
        known += [text for item in items if (text := _known(item, kind))]
    if len(failures) == len(targets.SHORT_NAMES):
        raise failures[0]
    found.sort(key=lambda each: (each.pending.since or "9", each.target))
    form = run.arguments.output
    if form == "name":
        run.console.output.write(rendering.names(found))
    elif form in ("json", "yaml"):
        run.console.output.write(rendering.machine(rendering.documents(found), form))
    elif found:
        wide = form == "wide"
        table = rendering.listing(found, time.time(), namespaces=everywhere, wide=wide)
        run.console.output.write(table)
    elif not failures:
        where = "in any namespace" if everywhere else f"in namespace {namespace}"
        run.console.say(f"No change waits for an approval {where}.")
    for text in known:
        run.console.say(text)
    for failure in failures:
        run.console.say(f"not in the list: {failure}")
    return Exit.FAILED if failures else Exit.DONE


def _known(item: Mapping[str, Any], kind: str) -> str:
    """That drift of it is acknowledged, in one line; "" where it is not."""
    return known_drift.told(known_drift.named(item, kind), time.time())


def show(run: Run) -> Exit:
    """One change, for people or for programs."""
    target = targets.parse(run.arguments.object, run.access.namespace)
    if told := known_drift.told(known_drift.read(run.access.get(target), target), time.time()):
        run.console.say(told)
    waiting = run.waiting()
    if run.arguments.output == "text":
        run.show(waiting, run.console.output)
    else:
        run.write(waiting, run.arguments.output)
    return Exit.DONE


def history(run: Run) -> Exit:
    """What was decided about the identity of an object."""
    target = targets.parse(run.arguments.object, run.access.namespace)
    identity = past.identity_of(run.access.get(target), target)
    facts = facts_of(run.access.record(identity.key.name, target), identity)
    form, found = run.arguments.output, past.Past(target, identity, facts)
    if form in ("json", "yaml"):
        run.console.output.write(rendering.machine(found.document(), form))
    elif facts.history:
        run.console.output.write(past.listing(found, wide=form == "wide"))
    else:
        run.console.say(f"{target.short}: nothing was decided about it yet.")
    return Exit.DONE


def digest(run: Run) -> Exit:
    """The digest alone."""
    run.console.output.write(_offered(run.waiting()).pending.digest + "\n")
    return Exit.DONE


def approve(run: Run) -> Exit:
    """Shows, asks, and approves what was shown."""
    waiting = _approvable(run.waiting())
    value, wanted = waiting.pending.digest, run.arguments.digest
    if wanted and wanted != value:
        raise Refused(f"the change moved: its digest is {plain(value)} now\n{_look(waiting)}")
    # A rejection has to be seen before it is overruled, and what is refused has no output.
    unseen = waiting.state is State.REJECTED and run.arguments.yes and not wanted
    text = run.arguments.output == "text" and not unseen
    run.show(waiting, run.console.output if text else run.console.errors)
    if unseen:
        raise Refused(
            f"{waiting.target.short}: the change was rejected, as shown; to approve it all the"
            f" same, repeat it with --digest {plain(value)}"
        )
    question = f"\nApprove this change ({value[:19]}…)? yes or no:"
    if not run.arguments.yes and not run.console.ask(question):
        raise Nothing("not approved")
    reason = f"{value} {run.arguments.reason}" if run.arguments.reason else None

    def annotations(item: Waiting) -> Mapping[str, str | None]:
        notes: dict[str, str | None] = {ANNOTATION_APPROVE: value}
        # A reason of an earlier approval must not stand beside this one.
        return {**notes, ANNOTATION_APPROVE_REASON: reason} if reason or item.reasoned else notes

    _write(run, waiting, annotations, "approve")
    run.answered(waiting, State.APPROVED)
    return Exit.DONE


def reject(run: Run) -> Exit:
    """Writes the rejection of the change that waits now."""
    waiting = _offered(run.waiting())
    value = f"{waiting.pending.digest} {run.arguments.reason}"
    _write(run, waiting, lambda item: {ANNOTATION_REJECT: value}, "reject")
    run.answered(waiting, State.REJECTED)
    return Exit.DONE


def acknowledge(run: Run) -> Exit:
    """Shows the drift, asks, and acknowledges what was shown; without a time it only shows."""
    target = targets.parse(run.arguments.object, run.access.namespace)
    shown = known_drift.read(run.access.get(target), target)
    plainly, now = run.arguments.output == "text", time.time()
    stream = run.console.output if plainly else run.console.errors
    until = run.arguments.until or (now + run.arguments.lasts if run.arguments.lasts else None)
    if until is None and shown.known is not None:
        stream.write(known_drift.text(shown, now, run.paint))
        return Exit.DONE
    offer = known_drift.offer_of(shown, run.arguments.digest)
    stream.write(known_drift.text(shown, now, run.paint))
    stream.flush()
    if until is None:
        run.console.say("Nothing was written: say --for or --until, and how long.")
        return Exit.DONE
    if not 0 < until - now <= times.DAY + SLACK:
        raise Failed("an acknowledgement ends within 24 hours, and not before now")
    said = known_drift.value(offer, until)
    question = f"\nLet this drift be until {said.split()[-1]}? yes or no:"
    if not run.arguments.yes and not run.console.ask(question):
        raise Nothing("not acknowledged")

    def moved(item: Mapping[str, Any]) -> _Notes:
        found = known_drift.read(item, target)
        if found.uid != shown.uid:
            raise Refused(f"{target.short}: it is another object by now")
        known_drift.offer_of(found, offer.digest)
        return found.version, {ANNOTATION_ACKNOWLEDGE: said}

    _annotate(run, target, moved, "acknowledge the drift of")
    run.console.output.write(f"{target.full}{' drift acknowledged' if plainly else ''}\n")
    return Exit.DONE


def request_deletion(run: Run) -> Exit:
    """Shows what goes, asks, and asks for its deletion."""
    target = targets.parse(run.arguments.object, run.access.namespace)
    shown = deleting.read(run.access.get(target), target)
    deleting.check(shown)
    plainly = run.arguments.output == "text"
    stream = run.console.output if plainly else run.console.errors
    stream.write(deleting.text(shown, time.time(), run.paint))
    stream.flush()
    question = "\nAsk for the deletion of this identity? yes or no:"
    if not run.arguments.yes and not run.console.ask(question):
        raise Nothing("not asked for")

    def now(item: Mapping[str, Any]) -> _Notes:
        found = deleting.read(item, target)
        if not shown.is_same(found):
            again = f"kubectl ram request-deletion {target.short} -n {target.namespace}"
            raise Refused(
                f"{target.short}: it moved meanwhile\nNothing was written. Again: {again}"
            )
        said = {ANNOTATION_DELETE_REQUESTED: deleting.value(found, run.arguments.reason)}
        return found.version, said

    _annotate(run, target, now, "ask for the deletion of")
    run.console.output.write(f"{target.full}{' deletion requested' if plainly else ''}\n")
    run.console.say(deleting.next_step(shown))
    return Exit.DONE


COMMANDS: Final[Mapping[str, Callable[[Run], Exit]]] = {
    "pending": pending,
    "show": show,
    "approve": approve,
    "reject": reject,
    "acknowledge": acknowledge,
    "request-deletion": request_deletion,
    "history": history,
    "digest": digest,
}


def _offered(waiting: Waiting) -> Waiting:
    """Raises Refused where the operator has not said yet which digest to answer to."""
    if not waiting.pending.digest:
        raise Refused(
            f"{waiting.target.short}: the operator has not offered the change for approval yet;"
            " try again in a moment"
        )
    return waiting


def _approvable(waiting: Waiting) -> Waiting:
    """Raises Refused where an approval could not count."""
    offered = _offered(waiting)
    name = offered.target.short
    if not offered.current:
        raise Refused(f"{name}: the last edit is not looked at yet; try again in a moment")
    if offered.refused:
        why = legible.line(offered.rejection) or "no reason was given"
        raise Refused(
            f"{name}: the change was rejected: {why}\nIf it is right after all, it can be approved"
            " once the operator has recorded that and offers it again; look again in a moment"
        )
    if offered.pending.voided == GUARD_MISSING:
        raise Refused(
            f"{name}: no approval counts now ({GUARD_MISSING}): the admission policies of"
            " ram-operator are missing or altered; have them installed first"
        )
    if offered.state is State.APPROVED:
        voided = offered.pending.voided
        raise Nothing(f"{name}: approved already" + (f", but: {plain(voided)}" if voided else ""))
    return offered


def _write(
    run: Run,
    shown: Waiting,
    annotations: Callable[[Waiting], Mapping[str, str | None]],
    doing: str,
) -> None:
    """Reads once more and writes, if the change is still the one that was shown."""

    def now(item: Mapping[str, Any]) -> _Notes:
        found = read(item, shown.target.kind)
        if found is None:
            raise Refused(f"{shown.target.short}: the change does not wait any more")
        if not shown.is_same(found) or (doing == "approve" and not found.current):
            raise Refused(f"{shown.target.short}: the change moved meanwhile\n{_look(shown)}")
        return found.version, annotations(found)

    _annotate(run, shown.target, now, doing)


_Notes = tuple[str, Mapping[str, str | None]]
"""The resourceVersion that was read, and the annotations to write."""


def _annotate(
    run: Run, target: Target, now: Callable[[Mapping[str, Any]], _Notes], doing: str
) -> None:
    """Reads once more and writes what `now` says of that, which raises Refused if it moved."""
    for _ in range(ATTEMPTS):
        version, notes = now(run.access.get(target))
        try:
            run.access.annotate(target, version, notes, doing)
        except Moved:
            continue
        return
    raise Refused(f"{target.short}: the object changes all the time; try again")


def _look(waiting: Waiting) -> str:
    name, namespace = waiting.target.short, waiting.target.namespace
    return f"Nothing was written. Look again: kubectl ram show {name} -n {namespace}"
