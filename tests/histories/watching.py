"""Plays histories with votes, each in a world of its own, and judges every call of the operator.

Nobody may have access by a call of the operator that he had not before, unless the change that
gives it was approved as it was shown; and access that nobody agreed on is never silent.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
from Tea.exceptions import TeaException

from lab import RequestFailed
from lab.world import World, condition, is_ready
from ram_operator.cloud.cached_reads import FRESH_SECONDS
from tests.faults.lab import REST, Lab, shown_journal
from tests.gate.approving import say
from tests.histories import whole
from tests.histories.access import Fact, Facts, Gain, Watcher, right
from tests.histories.acting import policy_document, spelled, trust_document
from tests.histories.commands import OUTSIDER
from tests.histories.model import ESCALATING, OUTSIDE
from tests.histories.voting import FIRST, NAMES, Round, Voting
from tests.support.hands import Hands
from tests.support.times import moment

Json = dict[str, Any]
PATIENCE: Final = 90.0


def _says_nothing(item: Json) -> bool:
    """Whether all is well with the object, by its own word. What somebody has acknowledged is told
    for as long as that is in force.
    """
    drifted = condition(item, "Drifted")
    known = item["status"].get("acknowledged", {}).get("until", "") > moment(0.0)
    told = drifted.get("status") == "True" or (known and drifted["reason"] == "DriftAcknowledged")
    return is_ready(item) and not told


@dataclass(frozen=True)
class Offer:
    """What was offered of an object, and what access it was to give."""

    digest: str
    facts: Facts


@dataclass
class Manifests:
    """What the objects ask for."""

    specs: dict[str, Json] = field(default_factory=dict)

    def asked(self, kind: str, watcher: Watcher) -> Facts:
        """The access that an object's manifest asks for, as its approver is shown it."""
        spec, account = self.specs.get(kind), watcher.account
        if spec is None:
            return frozenset()
        name = NAMES[kind]
        if kind == "RamPolicy":
            return self._of_document(spec, watcher)
        found: set[Fact] = {("trust", name, who) for who in spec.get("trust", ())}
        live = {"RamRole": account.roles, "RamUser": account.users, "RamGroup": account.groups}
        has = live[kind].get(name, {}).get("policies", set())
        if not any(self._escalates(tuple(one), watcher) for one in [*spec["policies"], *has]):
            return frozenset(found)
        if kind == "RamGroup":
            members = {one[1] for one in spec["members"]}
            members |= account.groups.get(name, {}).get("members", set())
            return frozenset(right("user", member) for member in members)
        return frozenset({*found, right(kind.removeprefix("Ram").lower(), name)})

    def _of_document(self, spec: Json, watcher: Watcher) -> Facts:
        if ESCALATING not in spec["document"]:
            return frozenset()
        account, own = watcher.account, ("Custom", NAMES["RamPolicy"])
        found = {
            right("role", name) for name, one in account.roles.items() if own in one["policies"]
        }
        found |= {
            right("user", name) for name, one in account.users.items() if own in one["policies"]
        }
        for group in account.groups.values():
            if own in group["policies"]:
                found |= {right("user", member) for member in group["members"]}
        return frozenset(found)

    def _escalates(self, reference: tuple[str, ...], watcher: Watcher) -> bool:
        kind, name = reference
        if kind == "System":
            return watcher.account.escalates((kind, name))
        wished = self.specs.get("RamPolicy", {}).get("document", ())
        return ESCALATING in wished or watcher.account.escalates(("Custom", name))


class Watch:
    """One history in one world."""

    def __init__(self, lab: Lab, history: Voting) -> None:
        self._lab = lab
        self._history = history
        self._world: World = lab.open(history.preset)
        self._hands = Hands(self._world)
        self._watcher = Watcher(self._world.keys.admin_arn)
        self._manifests = Manifests()
        self._seen = 0
        self._approved: list[tuple[int, str, Offer]] = []
        self._permitted: Facts = frozenset()
        self._agreed: Facts = frozenset()
        self._offers: dict[str, Offer] = {}
        self._digests: dict[str, list[str]] = defaultdict(list)
        self._adopted: list[str] = []
        """Kinds whose identity was met anew: what it has counts as agreed on from then."""
        self._drift: dict[str, str] = {}
        """Of drift that may be acknowledged: the digest that is offered."""
        self.acknowledged = 0
        self.given = 0
        """Calls of the operator that gave access."""

    def run(self) -> None:
        """Raises AssertionError with all that helps to understand."""
        try:
            self._world.hand.create_user(ram.CreateUserRequest(user_name=OUTSIDER))
            for kind in NAMES:
                self._manifest({"kind": kind, "spec": FIRST[kind]})
            self._rest()
            for number, one in enumerate(self._history.rounds):
                start = self._world.journal_end()
                try:
                    self._round(one)
                except AssertionError as error:
                    raise AssertionError(f"round {number}: {error}\n{self._shown(start)}") from None
            self._end()
        finally:
            self._world.close()

    def _end(self) -> None:
        """Nothing is acknowledged any more: whatever nobody agreed on is gone, or is told."""
        start = self._world.journal_end()
        for kind in NAMES:
            self._answer_drift(kind, "end")
        try:
            self._rest()
        except AssertionError as error:
            raise AssertionError(f"at the end: {error}\n{self._shown(start)}") from None

    def _round(self, one: Round) -> None:
        self._all_by_hand(one.hand)
        for command in one.manifest:
            self._manifest(command)
        for event in one.world:
            self._whole(event["what"], event["kind"])
        self._rest()
        self._note_offers()
        self._all_by_hand(one.moved)
        for vote in one.votes:
            self._vote(vote["kind"], vote["vote"])
        known = [self._answer_drift(vote["kind"], vote["vote"]) for vote in one.drift]
        if any(known):
            # What was voted for is written by then: no read shows a hand that moves beside it.
            self._look()
            time.sleep(REST)
            self._all_by_hand(one.hand)
        self._rest()

    # -- what people do ---------------------------------------------------------------------------

    def _manifest(self, command: Json) -> None:
        kind, spec, name = command["kind"], command["spec"], NAMES[command["kind"]]
        there = self._alive(kind)
        if spec is None:
            if there is not None:
                self._world.delete(kind, name)
                self._manifests.specs.pop(kind, None)
        elif there is not None:
            self._world.edit(kind, name, **spelled(spec))
            self._manifests.specs[kind] |= spec
        else:
            with suppress(RequestFailed):  # it is still going
                self._world.create(kind, name, spelled({**FIRST[kind], **spec}))
                self._manifests.specs[kind] = {**FIRST[kind], **spec}

    def _whole(self, what: str, kind: str) -> None:
        """What becomes of an identity as a whole, or of the account."""
        world, name = self._world, NAMES[kind]
        if what == "remove":
            whole.remove(world, kind, name)
        elif what == "outdate":
            whole.outdate(world, kind, name)
        elif what == "adopt":
            if self._alive(kind) is not None:
                spec = self._manifests.specs[kind]
                if whole.adopt(self._lab, world, kind, name, spelled(spec)):
                    self._adopted.append(kind)
        else:
            there = [(k, n) for k, n in NAMES.items() if self._alive(k) is not None]
            written = whole.swap(self._lab, world, there)
            assert written == [], f"written to another account: {written}"
        time.sleep(REST)

    def _alive(self, kind: str) -> Json | None:
        item = self._world.get(kind, NAMES[kind])
        return None if item is None or item["metadata"].get("deletionTimestamp") else item

    def _all_by_hand(self, commands: list[Json]) -> None:
        for command in commands:
            with suppress(TeaException, KeyError):  # it is not there, or there already
                self._by_hand(NAMES[command["kind"]], command["what"], command)
        if any(command["what"] == "document" for command in commands):
            # What a policy says is read once for all writes that are sent soon after.
            time.sleep(FRESH_SECONDS)
        if commands:
            time.sleep(REST)

    def _by_hand(self, name: str, what: str, command: Json) -> None:
        value, hand = command["value"], self._world.hand
        if what == "trust":
            self._hands.update_role(name, trust=trust_document(value))
        elif what == "document":
            self._hands.version_policy(name, policy_document(value))
        elif what == "join":
            hand.add_user_to_group(ram.AddUserToGroupRequest(user_name=value, group_name=name))
        elif what == "expel":
            request = ram.RemoveUserFromGroupRequest(user_name=value, group_name=name)
            hand.remove_user_from_group(request)
        else:
            noun = command["kind"].removeprefix("Ram")
            way = "To" if what == "attach" else "From"
            request_type = getattr(ram, f"{what.title()}Policy{way}{noun}Request")
            method = getattr(hand, f"{what}_policy_{way.lower()}_{noun.lower()}")
            named = {f"{noun.lower()}_name": name}
            method(request_type(policy_type=value[0], policy_name=value[1], **named))

    def _vote(self, kind: str, vote: str) -> None:
        offer = self._offers.get(kind)
        if offer is None or self._alive(kind) is None:
            return
        if vote == "now":
            self._approved.append((self._world.journal_end(), kind, offer))
        digests = {
            "now": [offer.digest],
            "reject": [offer.digest],
            "old": [one for one in self._digests[kind] if one != offer.digest],
            "other": [other.digest for key, other in self._offers.items() if key != kind],
            "crossed": [self._drift[kind]] if kind in self._drift else [],
        }.get(vote)
        if digests:
            annotation = "reject" if vote == "reject" else "approve"
            say(self._world, kind, NAMES[kind], **{annotation: digests[-1]})

    def _answer_drift(self, kind: str, vote: str) -> bool:
        """Whether drift was acknowledged as it was offered."""
        if self._alive(kind) is None:
            return False
        digest = self._drift.get(kind, "")
        digests = {
            "acknowledge": [digest],
            "old": [one for one in self._digests[f"drift of {kind}"] if one != digest],
            "crossed": [offer.digest for key, offer in self._offers.items() if key == kind],
        }.get(vote, [])
        if vote == "end":
            nothing: Json = {"acknowledge-drift": None}
            say(self._world, kind, NAMES[kind], **nothing)
        elif digests and digests[-1]:
            text = f"{digests[-1]} until {moment(3600.0)}"
            say(self._world, kind, NAMES[kind], **{"acknowledge-drift": text})
            self.acknowledged += vote == "acknowledge"
            return vote == "acknowledge"
        return False

    # -- what follows -----------------------------------------------------------------------------

    def _rest(self) -> None:
        """Two looks at everything, and what is told by them and by the journal is judged."""
        for _ in range(2):
            self._look()
            time.sleep(REST)
        entries = self._world.admin.journal(self._world.account_id, since=self._seen, writes=True)
        offences = [gain for gain in self._watcher.gains(entries) if self._offends(gain)]
        self._seen = max([self._seen, *(entry["n"] for entry in entries)])
        assert offences == [], offences
        met = {fact for fact in self._live() if set(self._adopted) & set(self._about(fact))}
        self._agreed, self._adopted = self._agreed | met, []
        self._follow()
        silent = sorted(fact for fact in self._live() - self._agreed if self._silent(fact))
        assert silent == [], f"nobody agreed on it and nothing is said: {silent}"

    def _offends(self, gain: Gain) -> bool:
        self.given += 1
        allowed = self._permitted
        for call, _, offer in self._approved:
            allowed |= offer.facts if call < gain.call else frozenset()
        if gain.action == "CreateRole":
            harmless = {fact for fact in gain.facts if fact[0] == "trust" and fact[2] != OUTSIDE}
            allowed |= harmless
            self._agreed |= harmless
        self._agreed |= gain.facts & allowed
        return not gain.facts <= allowed

    def _follow(self) -> None:
        """An approval that was used counts as long as what it gave is there."""
        waiting = {
            kind: offer for _, kind, offer in self._approved if self._pending(kind) == offer.digest
        }
        for _, _, offer in self._approved:
            self._agreed |= offer.facts & self._live()
        self._permitted = self._agreed & self._live()
        self._approved = [(0, kind, offer) for kind, offer in waiting.items()]
        asked = {fact for kind in NAMES for fact in self._manifests.asked(kind, self._watcher)}
        self._agreed = frozenset(self._agreed & (self._live() | asked))

    def _live(self) -> Facts:
        return self._watcher.account.facts()

    def _silent(self, fact: Fact) -> bool:
        """Whether objects that the fact is about exist, and all of them say that all is well."""
        found = [self._lab.board.get(self._world, kind, NAMES[kind]) for kind in self._about(fact)]
        there = [item for item in found if item and not item["metadata"].get("deletionTimestamp")]
        return bool(there) and all(_says_nothing(item) for item in there)

    def _about(self, fact: Fact) -> list[str]:
        if fact[0] == "trust":
            return ["RamRole"]
        kind, name = fact[1].split("/")
        account, group = self._watcher.account, self._watcher.account.groups.get(NAMES["RamGroup"])
        holders = account.roles if kind == "role" else account.users
        ways = set(holders[name]["policies"])
        found = {"role": ["RamRole"], "user": ["RamUser"] if name == NAMES["RamUser"] else []}[kind]
        if kind == "user" and group and name in group["members"]:
            found, ways = [*found, "RamGroup"], ways | group["policies"]
        own = ("Custom", NAMES["RamPolicy"])
        return [*found, "RamPolicy"] if own in ways and account.escalates(own) else found

    def _look(self) -> None:
        board, world, stamp = self._lab.board, self._world, f"{time.time():.6f}"
        alive = [kind for kind in NAMES if self._alive(kind) is not None]
        for kind in alive:
            world.annotate(kind, NAMES[kind], reconcile_requested_at=stamp)

        def seen(item: Json | None) -> bool:
            handled = (item or {}).get("status", {}).get("lastHandledReconcileAt")
            return bool(handled == stamp)

        for kind in alive:
            board.wait(world, kind, NAMES[kind], seen, PATIENCE)

    def _pending(self, kind: str) -> str:
        return self._shown_in(kind, "pending")

    def _shown_in(self, kind: str, block: str) -> str:
        item = self._lab.board.get(self._world, kind, NAMES[kind]) or {}
        return str(item.get("status", {}).get(block, {}).get("digest", ""))

    def _note_offers(self) -> None:
        self._offers, self._drift = {}, {}
        for kind in NAMES:
            if drift := self._shown_in(kind, "acknowledge"):
                self._drift[kind] = drift
                self._digests[f"drift of {kind}"].append(drift)
            if digest := self._pending(kind):
                asked = self._manifests.asked(kind, self._watcher)
                self._offers[kind] = Offer(digest, asked)
                self._digests[kind].append(digest)

    def _shown(self, start: int) -> str:
        statuses = {
            kind: (self._lab.board.get(self._world, kind, NAMES[kind]) or {}).get("status")
            for kind in NAMES
        }
        lines = [f"{kind}: {json.dumps(status)}" for kind, status in statuses.items()]
        specs = json.dumps(self._manifests.specs)
        return "\n".join([shown_journal(self._world, start), specs, *lines])
