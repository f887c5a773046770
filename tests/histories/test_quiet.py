"""Nobody works by hand: nothing is drift, and what manifests ask for is not taken away.

QUIET_COUNT and QUIET_SEED choose the histories.
"""

from __future__ import annotations

import json
import os
import time
import traceback
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from lab.world import World, condition
from tests.faults.lab import REST, Lab, shown_journal
from tests.gate.approving import say
from tests.histories.acting import spelled
from tests.histories.judging import trusted
from tests.histories.quiet import FIRST, Act, Name, draw

Json = dict[str, Any]
COUNT = int(os.environ.get("QUIET_COUNT", "6"))
SEED = int(os.environ.get("QUIET_SEED", "1"))
AT_ONCE: Final = 12
PATIENCE: Final = 90.0
LAST: Final = 4
"""Versions of a manifest that a pass may be about which ends now: edits come fast here."""


class Quiet:
    """One history in one world."""

    def __init__(self, lab: Lab, acts: list[Act]) -> None:
        self._lab = lab
        self._acts = acts
        self._world: World = lab.open("hostile")
        self._specs: dict[Name, Json] = {}
        self._asked: dict[Name, list[tuple[int, Json]]] = defaultdict(list)
        """Of each object what it asked for, from which call of the cloud on."""

    def run(self) -> None:
        """Raises AssertionError with all that helps to understand."""
        world = self._world
        try:
            for name, spec in FIRST.items():
                self._ask(name, spec)
                world.create(*name, spelled(spec))
            self._rest()
            for act in self._acts:
                self._do(act)
            self._rest()
            wrong = [*self._taken(), *self._drifted()]
            shown = "\n".join([*map(str, self._acts), shown_journal(world, 0)])
            assert wrong == [], "\n".join([*wrong, shown])
        finally:
            world.close()

    def _ask(self, name: Name, spec: Json) -> None:
        self._specs[name] = {**self._specs.get(name, {}), **spec}
        self._asked[name].append((self._world.journal_end(), dict(self._specs[name])))

    def _do(self, act: Act) -> None:
        world, (kind, name) = self._world, act.name
        if act.what == "settle":
            time.sleep(REST)
        elif act.what == "account":
            world.edit(kind, world.namespace, **act.written)
        elif act.what == "edit":
            self._ask(act.name, act.spec or {})
            world.edit(kind, name, **act.written)
        elif act.what == "look":
            world.annotate(kind, name, reconcile_requested_at=f"{time.time():.6f}")
        else:
            self._vote(act)

    def _vote(self, act: Act) -> None:
        item = self._lab.board.get(self._world, *act.name) or {}
        if digest := item.get("status", {}).get("pending", {}).get("digest", ""):
            say(self._world, *act.name, **{act.what: digest})

    def _rest(self) -> None:
        """Two looks at everything, the later one at what the cloud shows by then."""
        for _ in range(2):
            stamp = f"{time.time():.6f}"
            for name in FIRST:
                self._world.annotate(*name, reconcile_requested_at=stamp)
            for name in FIRST:
                self._lab.board.wait(self._world, *name, _handled(stamp), PATIENCE)
            time.sleep(REST)

    # -- what may not be --------------------------------------------------------------------------

    def _drifted(self) -> Iterator[str]:
        for name in FIRST:
            item = self._lab.board.get(self._world, *name) or {}
            said = condition(item, "Drifted")
            if (said["status"], said["reason"]) != ("False", "NoDrift"):
                yield f"{name} is drifted: {json.dumps(item['status'])}"
        for event in self._world.events():
            if event["reason"].startswith(("Drift", "FoundInCloud", "AccessWidened")):
                yield f"event {event['reason']} of {event['involvedObject']['name']}"

    def _taken(self) -> Iterator[str]:
        """Calls that took away what the manifest of the object asks for."""
        had: dict[Name, frozenset[str]] = {}
        for entry in self._world.writes():
            action, sent = entry["action"], entry["parameters"]
            name, field, given = _document(action, sent)
            if name is not None:
                lost = had.get(name, frozenset()) - given
                had[name] = given
            else:
                name, field, lost = _entry(action, sent)
            if action.startswith("Delete") and action != "DeletePolicyVersion":
                yield f"{entry['n']} {action} {sent}"
            for each in sorted(lost):
                if name is not None and all(
                    each in _values(s, field) for s in self._then(name, entry)
                ):
                    yield f"{entry['n']} {action} takes {each} from {name}, which asks for it"
            if action == "UpdateRole" and "NewMaxSessionDuration" in sent:
                yield from self._shorter(entry)

    def _shorter(self, entry: Json) -> Iterator[str]:
        name, seconds = ("RamRole", entry["parameters"]["RoleName"]), entry["parameters"]
        asked = [spec["session"] for spec in self._then(name, entry)]
        if int(seconds["NewMaxSessionDuration"]) < min(asked) and not self._was(name, entry):
            yield f"{entry['n']} shortens the session of {name} to less than {asked}"

    def _was(self, name: Name, entry: Json) -> bool:
        """Whether it is only left as it was: a call for another field has to send it."""
        sent = [
            int(one["parameters"]["NewMaxSessionDuration"])
            for one in self._world.writes()
            if one["action"] == "UpdateRole"
            and one["n"] < entry["n"]
            and "NewMaxSessionDuration" in one["parameters"]
        ]
        before = sent[-1] if sent else FIRST[name]["session"]
        return int(entry["parameters"]["NewMaxSessionDuration"]) >= before

    def _then(self, name: Name, entry: Json) -> list[Json]:
        """What its manifest asked for when the pass that made the call may have begun."""
        return [spec for at, spec in self._asked[name] if at < entry["n"]][-LAST:]


def _document(action: str, sent: Json) -> tuple[Name | None, str, frozenset[str]]:
    """Whose document a call writes, and what it lets do or who may assume."""
    if text := sent.get("AssumeRolePolicyDocument") or sent.get("NewAssumeRolePolicyDocument"):
        return ("RamRole", sent["RoleName"]), "trust", frozenset(trusted(json.loads(text)))
    if action in ("CreatePolicy", "CreatePolicyVersion"):
        name = ("RamPolicy", sent["PolicyName"])
        return name, "document", _actions(json.loads(sent["PolicyDocument"]))
    return None, "", frozenset()


def _actions(document: Json) -> frozenset[str]:
    return frozenset(action for each in document["Statement"] for action in each["Action"])


def _entry(action: str, sent: Json) -> tuple[Name | None, str, frozenset[str]]:
    """Of which list of whom a call takes what."""
    if action == "RemoveUserFromGroup":
        return ("RamGroup", sent["GroupName"]), "members", frozenset({sent["UserName"]})
    if not action.startswith("DetachPolicyFrom"):
        return None, "", frozenset()
    noun = action.removeprefix("DetachPolicyFrom")
    return (f"Ram{noun}", sent[f"{noun}Name"]), "policies", frozenset({sent["PolicyName"]})


def _values(spec: Json, field: str) -> set[str]:
    return {each if isinstance(each, str) else each[1] for each in spec.get(field, ())}


def _handled(stamp: str) -> Any:
    return lambda item: (item or {}).get("status", {}).get("lastHandledReconcileAt") == stamp


def played(lab: Lab, seed: int) -> str:
    """What went wrong, or ""."""
    try:
        Quiet(lab, draw(seed)).run()
    except Exception as error:
        text = str(error) if isinstance(error, AssertionError) else traceback.format_exc()
        return f"{seed}: {text}"
    return ""


@pytest.mark.timeout(300 + 20 * COUNT)
def test_nothing_is_drift_and_nothing_is_taken_away(lab: Lab) -> None:
    print(f"\nseeds {SEED} to {SEED + COUNT - 1}")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        failed = [
            text
            for text in pool.map(lambda seed: played(lab, seed), range(SEED, SEED + COUNT))
            if text
        ]
    assert failed == [], "\n\n".join(failed)
