"""ActionTrail is asked again for 20 minutes, and then nobody is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from ram_operator import times
from ram_operator.cloud import trail
from ram_operator.constants import Reason
from ram_operator.errors import RamOperatorError, Retry, Stalled
from ram_operator.loop.asking import Asker
from ram_operator.loop.ports import Ports
from ram_operator.model.objects import Key
from ram_operator.model.traces import TRIED, Author, Question, Seen
from ram_operator.model.vocabulary import AuthorKind
from ram_operator.runtime.questions import MOST, SHARE, SLOWEST, Asked, Authors

KEY = Key("RamRole", "ns", "shop")
SEEN: Seen = ("trustPolicy", "b", "t")
SINCE = 1_000_000.0


def question() -> Question:
    return Question(frozenset({"role/shop"}), "", frozenset(), SINCE - 600, SINCE + 2)


def asked(key: Key = KEY, seen: Seen = SEEN) -> Asked:
    return Asked(key, seen, "default", question(), SINCE, SINCE + 60, 60.0)


def event(at: float, user: str, role: str = "shop", **more: Any) -> dict[str, Any]:
    return {
        "eventId": user,
        "eventTime": times.stamp(at),
        "eventName": "UpdateRole",
        "requestId": user,
        "requestParameters": {"RoleName": role},
        "userIdentity": {"type": "ram-user", "userName": user, "accessKeyId": "k"},
        **more,
    }


def _counter(*_: str) -> Any:
    return SimpleNamespace(inc=lambda: None)


class Trail:
    """ActionTrail, and what the asker needs beside it."""

    def __init__(self) -> None:
        self.now = SINCE + 60
        self.events: list[dict[str, Any]] = []
        self.error: RamOperatorError | None = None
        self.calls = 0
        self.queued: list[Key] = []
        self.authors = Authors()
        self.authors.ask(asked())
        self.session: Any = SimpleNamespace(
            client=self,
            account=SimpleNamespace(
                own_principal="acs:ram::1:user/us", author_names=True, author_addresses=False
            ),
        )
        self.asker = Asker(
            cast(
                Ports,
                SimpleNamespace(
                    clock=SimpleNamespace(wall=lambda: self.now),
                    authors=self.authors,
                    accounts=SimpleNamespace(find=lambda _: self.session),
                    metrics=SimpleNamespace(drift_authors=SimpleNamespace(labels=_counter)),
                    queue=SimpleNamespace(add=lambda key, *_: self.queued.append(key)),
                ),
            ),
            lambda work: work(),
        )

    def own_requests(self) -> frozenset[str]:
        return frozenset()

    def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        assert action == trail.ACTION
        self.calls += 1
        if self.error is not None:
            raise self.error
        of_ram = parameters["LookupAttribute.1.Value"] == "Ram"
        return {"Events": self.events if of_ram else []}

    def turn(self, at: float) -> Author | None:
        self.now = at
        self.asker.turn()
        return self.authors.known(KEY).get(SEEN)


def test_who_is_in_the_trail_is_named_and_the_object_looked_at() -> None:
    world = Trail()
    world.events = [event(SINCE - 5, "ann"), event(SINCE + 5, "us")]
    author = world.turn(SINCE + 60)
    assert author is not None
    assert (author.kind, author.name) == (AuthorKind.PROGRAM, "ann")
    assert world.queued == [KEY]
    world.turn(SINCE + 61)
    assert world.calls == 3


def test_one_candidate_waits_until_the_trail_has_come_so_far() -> None:
    """An older call may be there already while the one that did it is not."""
    world = Trail()
    world.events = [event(SINCE - 500, "bob")]
    assert world.turn(SINCE + 60) is None
    world.events += [event(SINCE - 5, "ann"), event(SINCE + 90, "us", "other")]
    author = world.turn(SINCE + 600)
    assert author is not None
    assert author.name == "one of ann, bob"


def test_it_is_asked_less_and_less_often_and_given_up_after_twenty_minutes() -> None:
    world = Trail()
    now = SINCE
    while world.authors.known(KEY) == {}:
        now += 1
        world.turn(now)
        assert now <= SINCE + TRIED + SLOWEST
    author = world.authors.known(KEY)[SEEN]
    assert (author.kind, author.name) == (AuthorKind.UNKNOWN, "")
    assert now >= SINCE + TRIED
    assert world.calls <= 3 * 9


@pytest.mark.parametrize("session", [True, False])
def test_trouble_is_told_once_and_the_author_is_unknown_in_the_end(
    session: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world = Trail()
    world.error = Retry(Reason.CLOUD_UNAVAILABLE, "it is down")
    if not session:
        world.session = None
    assert world.turn(SINCE + 60) is None
    assert world.turn(SINCE + 600) is None
    author = world.turn(SINCE + TRIED)
    assert author is not None
    assert author.why == ("it is down" if session else "its RamAccount is not ready")
    assert len(caplog.records) == 1


def test_who_may_not_ask_does_not_ask_again() -> None:
    world = Trail()
    world.error = Stalled(Reason.ACCESS_DENIED, "denied")
    author = world.turn(SINCE + 60)
    assert author is not None
    assert (author.kind, author.why) == (AuthorKind.UNKNOWN, "denied")


def test_too_many_events_name_nobody() -> None:
    class Endless(Trail):
        def call(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
            return {**super().call(action, parameters), "NextToken": "more"}

    world = Endless()
    world.events = [event(SINCE - 5, "ann"), event(SINCE + 5, "us")]
    assert world.turn(SINCE + 60) is None
    author = world.turn(SINCE + TRIED)
    assert author is not None
    assert author.kind is AuthorKind.UNKNOWN


def test_questions_are_bounded_and_go_with_their_object() -> None:
    authors = Authors()
    for number in range(SHARE + 10):
        authors.ask(asked(seen=("f", str(number), "t")))
    assert len(authors.due(SINCE + 60)["default"]) == SHARE
    authors.looked(KEY, 1.0)
    assert authors.last(KEY) == 1.0
    authors.forget(KEY)
    assert authors.due(SINCE + 60) == {}
    assert authors.last(KEY) is None


def test_a_namespace_has_a_share_of_the_questions_and_an_account_its_own() -> None:
    authors = Authors()
    for space in range(20):
        for number in range(SHARE + 1):
            authors.ask(asked(Key("RamRole", f"ns-{space}", f"r-{number}")))
    authors.ask(replace(asked(), account="another"))
    found = authors.due(SINCE + 60)
    assert len(found["default"]) == MOST
    assert Counter(Counter(each.key.namespace for each in found["default"]).values()) == {SHARE: 5}
    assert len(found["another"]) == 1


def test_an_account_that_does_not_answer_keeps_no_other_waiting() -> None:
    """One of them hangs: it is begun once, and the others are asked all the same."""
    world, work = Trail(), list[Callable[[], None]]()
    asker = Asker(world.asker._ports, work.append)
    world.authors.ask(replace(asked(), key=Key("RamRole", "other", "shop"), account="another"))
    world.now = SINCE + 60
    asker.turn()
    asker.turn()
    assert len(work) == 2, "one for each, and none twice"
    work[1]()
    asker.turn()
    assert world.calls == 3
    assert len(work) == 2, "that of the other waits for its next time"
    world.now += 1000
    asker.turn()
    assert len(work) == 3, "the one that hangs is not begun once more"


def test_a_defect_of_one_account_is_not_repeated_at_once(caplog: Any) -> None:
    world = Trail()
    world.session.account = None
    for _ in range(3):
        world.turn(SINCE + 60)
    assert caplog.text.count("could not be asked for") == 1
    assert world.authors.due(SINCE + 600) != {}


def test_without_a_thread_it_is_tried_again() -> None:
    def none(_: object) -> None:
        raise RuntimeError("can't start new thread")

    world = Trail()
    asker = Asker(world.asker._ports, none)
    world.now = SINCE + 60
    asker.turn()
    assert world.authors.due(SINCE + 60) == {}
    world.asker.turn()
    assert world.authors.due(SINCE + 600) != {}


def test_an_answer_stays_until_the_status_has_it() -> None:
    authors = Authors()
    authors.ask(asked())
    (one,) = authors.due(SINCE + 60)["default"]
    authors.answer(one, Author(AuthorKind.UNKNOWN))
    authors.answer(one, Author(AuthorKind.PERSON))
    authors.shown(KEY, frozenset({SEEN}))
    authors.ask(asked())
    assert authors.due(SINCE + 60) == {}
    assert authors.known(KEY) == {SEEN: Author(AuthorKind.UNKNOWN)}
    authors.shown(KEY, frozenset())
    assert authors.known(KEY) == {}
