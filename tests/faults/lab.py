"""Plays a story in a world of its own and judges what the cloud saw. Used by both matrices.

What is judged: the cloud holds what the manifest says and nothing beside it; the operator's calls
that had an effect are those of an undisturbed run, in its order, each once; the record agrees;
every status was legal; and a look afterwards writes nothing.

A call that was refused, or that failed without effect, does not count, nor does one whose effect
was there already and that the cloud therefore answers with a 409 or a 404. Beyond that only this is
legal:
- A part that cannot be read, or that may not be written, does not keep the other parts waiting. So
  the order holds within each part (PARTS) and may move between them: `same_by_part`.
- A write that is delayed until after the operator looked for it is repeated, since nothing tells
  that it is still under way, and RAM has no token that makes a repeat harmless. Then both take
  effect, with the same parameters: `without_repeat`.
- The mark of a user is set whenever it can be, before or after anything else: no effect of a story.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.waiting import until
from lab.world import HOSTILE, STALE, World, condition, is_ready, open_world
from tests.faults.board import Board
from tests.faults.stories import NAME, STORIES, Story
from tests.support.trusts import assert_trusts_recorded

Json = dict[str, Any]
PRESETS: Final[dict[str, object]] = {"hostile": dict(HOSTILE), "friendly": "friendly"}
REST: Final = STALE + 0.3
"""After so many seconds reads show what was written."""
PARTS: Final = {
    **{f"{verb}Role": "attachments" for verb in ("AttachPolicyTo", "DetachPolicyFrom")},
    **{f"{verb}User": "attachments" for verb in ("AttachPolicyTo", "DetachPolicyFrom")},
    **{f"{verb}Group": "attachments" for verb in ("AttachPolicyTo", "DetachPolicyFrom")},
    "AddUserToGroup": "members",
    "RemoveUserFromGroup": "members",
    "TagResources": "tags",
    "UntagResources": "tags",
}
"""Actions that write the same part; any other is a part of its own."""
MOST_ALIKE: Final = 2
"""A story that polls is disturbed at so many calls of one action that have no effect."""
PART_READS: Final = ("ListPoliciesForRole", "ListTagResources", "IMS.GetOIDCProvider")
MORE_PART_READS: Final = (
    "ListPoliciesForUser",
    "ListGroupsForUser",
    "GetLoginProfile",
    "IMS.GetDefaultDomain",
    "IMS.GetLoginProfile",
    "ListAccessKeys",
    "GetUserMFAInfo",
    "IMS.ListTagResources",
    "ListPoliciesForGroup",
    "ListUsersForGroup",
)
"""A look reads these one after the other like PART_READS, where all is tried: once is enough."""
USER_MARK: Final = "IMS.TagResources"
MASKED: Final = ("UserAccessKeyId",)
"""Parameters whose value is another one in each world."""
_POLL: Final = 0.25


@dataclass(frozen=True)
class Played:
    """What the operator did to the cloud in one run of a story.

    calls: actions in order, reads included. effects: what each call with an effect said, the same
    text in each world.
    """

    calls: tuple[str, ...]
    effects: tuple[str, ...]
    writing: frozenset[int] = frozenset()
    """Numbers of the calls, from 1, that had an effect."""

    def worth_disturbing(self) -> list[int]:
        """Numbers of the calls, without the many alike of a story that polls."""
        alike = Counter[str]()
        numbers = []
        for number, action in enumerate(self.calls, 1):
            alike[action] += 1
            most = 1 if action in MORE_PART_READS else MOST_ALIKE
            if number in self.writing or alike[action] <= most:
                numbers.append(number)
        return numbers


@dataclass(frozen=True)
class Run:
    """A story that is being played. start: the journal's last call before it acts."""

    world: World
    story: Story
    start: int

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Adds to an AssertionError what the cloud saw."""
        try:
            yield
        except AssertionError as error:
            shown = shown_journal(self.world, self.start)
            raise AssertionError(f"{error}\n{shown}") from None


@dataclass
class Lab:
    """One control plane and one emulator for many worlds."""

    cluster: Cluster
    emulator: EmulatorProcess
    board: Board
    secrets: list[str] = field(default_factory=list)
    """Access keys that were handed to the operator; they may appear in no log."""
    _undisturbed: dict[tuple[str, str], Played] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, preset: str) -> World:
        """A world at rest, its account verified."""
        namespace = f"test-{uuid.uuid4().hex[:10]}"
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        self.cluster.request("POST", "/api/v1/namespaces", body)
        world = open_world(self.cluster, self.emulator, namespace, PRESETS[preset])
        with self._lock:
            self.secrets.append(world.keys.admin_access_key_secret)
        self.board.wait(world, "RamAccount", namespace, lambda o: o is not None and is_ready(o))
        return world

    def begin(self, preset: str, story: Story) -> Run:
        """A run of the story up to the point before it acts."""
        world = self.open(preset)
        story.prepare(world, self.board)
        time.sleep(REST)
        return Run(world, story, world.journal_end())

    def play(
        self,
        preset: str,
        story: Story,
        arm: Callable[[World], None] = lambda world: None,
        attend: Callable[[World], None] = lambda world: None,
    ) -> Played:
        """Prepare, arm, act, `attend` to what was armed, wait until reached, look once more.

        Raises AssertionError with the journal when the end is not what it has to be.
        """
        run = self.begin(preset, story)
        arm(run.world)
        story.act(run.world)
        attend(run.world)
        self.reach(run)
        return self.end(run)

    def undisturbed(self, preset: str, name: str) -> Played:
        """The story without any misfortune; played when it is first asked for."""
        if (preset, name) not in self._undisturbed:
            self._undisturbed[preset, name] = self.play(preset, STORIES[name])
        return self._undisturbed[preset, name]

    def reach(self, run: Run) -> None:
        """Wait until the story has ended."""
        with run.explained():
            self._reach(run.world, run.story)

    def end(self, run: Run) -> Played:
        """What the operator did, once a look at rest showed that it is over; closes the world."""
        world, story = run.world, run.story
        with run.explained():
            end = world.journal_end()
            self._rest(world, story)
            self._judge(world, story)
        played = played_since(world, run.start, end)
        world.close()
        return played

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until `holds`; AssertionError with `what` when it does not come."""
        until(holds, what, pause=_POLL)

    def settled(self, run: Run) -> bool:
        """Whether the story seems to have ended, without waiting for it."""
        world, story = run.world, run.story
        item = self.board.get(world, story.kind, NAME)
        done = item is None if story.wanted is None else item is not None and is_ready(item)
        return done and story.reached(world)

    def _reach(self, world: World, story: Story) -> None:
        """Wait until the object says that it is done and the cloud is as asked."""
        if story.wanted is None:
            self.board.wait(world, story.kind, NAME, lambda o: o is None)
        else:
            self.board.ready(world, story.kind, NAME)

        def wrong() -> str:
            found, item = story.shape(world), self.board.get(world, story.kind, NAME)
            return f"{story.wanted} (the cloud holds {found}\n{_status(item)})"

        until(lambda: story.reached(world), wrong, pause=_POLL)

    def _rest(self, world: World, story: Story) -> None:
        """What is on its way arrives; then another look has nothing to do."""
        time.sleep(REST)
        if story.wanted is None:
            return
        self.board.ready(world, story.kind, NAME)
        before = len(world.writes())
        self.board.look(world, story.kind, NAME)
        after = self.board.ready(world, story.kind, NAME)
        again = [entry["action"] for entry in world.writes()[before:]]
        assert again == [], f"a look at rest wrote {again}"
        assert condition(after, "Drifted").get("status") != "True", _status(after)

    def _judge(self, world: World, story: Story) -> None:
        assert story.reached(world), f"it did not stay: {story.shape(world)}"
        assert self.board.illegal(world) == []
        assert_trusts_recorded(world)
        record = self._settled_record(world, story)
        if story.wanted is None:
            assert record.get("deletedAt"), f"the record does not know of the deletion: {record}"
            assert "owner" not in record
            return
        assert record["owner"]["name"] == NAME
        item = world.get(story.kind, NAME)
        assert item is not None
        assert record["cloudId"] == item["status"]["cloudId"]

    def _settled_record(self, world: World, story: Story) -> Json:
        """A pass brings the record up to date once it has told the status, so it may come later."""
        found: list[Json | None] = []

        def settled() -> bool:
            found[:] = [world.record(story.kind, NAME)]
            return found[0] is not None and "inFlight" not in found[0]

        def wrong() -> str:
            return f"the record is missing, or a write is still noted as under way: {found}"

        until(settled, wrong, pause=_POLL)
        assert found[0] is not None
        return found[0]


def played_since(world: World, start: int, end: int | None = None) -> Played:
    """The operator's calls with a number above `start`, up to and with `end`."""
    entries = [
        entry
        for entry in world.admin.journal(world.account_id, since=start)
        if entry["caller"] == world.keys.admin_arn and (end is None or entry["n"] <= end)
    ]
    wrote = [entry for entry in entries if entry["effect"] == "write"]
    return Played(
        calls=tuple(_action(entry) for entry in entries),
        effects=tuple(_effect(world, entry) for entry in wrote if _action(entry) != USER_MARK),
        writing=frozenset(n for n, e in enumerate(entries, 1) if e["effect"] == "write"),
    )


def met_in(world: World) -> list[str]:
    """The actions of the calls that met a fault."""
    return [_action(entry) for entry in world.admin.journal(world.account_id) if entry["faults"]]


def _action(entry: Json) -> str:
    """As the journal has it; with the service where that is not RAM."""
    service = str(entry["service"]).upper()
    return str(entry["action"]) if service in ("", "RAM") else f"{service}.{entry['action']}"


def _effect(world: World, entry: Json) -> str:
    parameters = {**entry["parameters"], **{n: "" for n in MASKED if n in entry["parameters"]}}
    text = json.dumps([entry["action"], parameters], sort_keys=True)
    return text.replace(world.namespace, "NAMESPACE").replace(world.account_id, "ACCOUNT")


def same_by_part(effects: Sequence[str], expected: Sequence[str]) -> bool:
    """Whether each part saw the same effects in the same order."""
    return _by_part(effects) == _by_part(expected)


def _by_part(effects: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for effect in effects:
        action = json.loads(effect)[0]
        found.setdefault(PARTS.get(action, action), []).append(effect)
    return found


def without_repeat(
    effects: Sequence[str],
    expected: Sequence[str],
    same: Callable[[Sequence[str], Sequence[str]], bool] = lambda a, b: list(a) == list(b),
) -> bool:
    """Whether `effects` is the `same` as expected, or would be without one repeat of an effect.

    A policy version that lands while its repeat looks for one like it is made the default again.
    """
    if same(effects, expected):
        return True
    return any(
        same([*effects[:at], *effects[at + 1 :]], expected)
        and (effects[at] in effects[:at] or "SetDefaultPolicyVersion" in effects[at])
        for at in range(len(effects))
    )


def shown_journal(world: World, start: int) -> str:
    """One line per call, for a person who looks for what went wrong."""
    lines = []
    for entry in world.admin.journal(world.account_id, since=start):
        who = "" if entry["caller"] == world.keys.admin_arn else " (by hand)"
        faults = f" <- {', '.join(entry['faults'])}" if entry["faults"] else ""
        answer = entry["code"] or entry["status"]
        effect = " wrote" if entry["effect"] == "write" else ""
        lines.append(f"  {entry['action']}{who}: {answer}{effect}{faults}")
    return "\n".join(["the cloud saw:", *lines])


def _status(item: Json | None) -> str:
    return json.dumps((item or {}).get("status"), indent=1)
