"""The probe of the guard on the object: what is asked, which answer counts, and how long.

Over real HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator import __version__
from ram_operator.cluster.api import ClusterApi, Conflicted, Gone, path
from ram_operator.cluster.guard import AdmissionGuard
from ram_operator.cluster.guard_probe import NO_DRIFT, Probes, Result, probe
from ram_operator.constants import (
    ANNOTATION_ACKNOWLEDGE,
    ANNOTATION_APPROVE,
    ANNOTATION_CHANGED_BY,
)
from ram_operator.errors import Retry
from ram_operator.gate.inputs import Guard
from ram_operator.kinds.guarded import STAMPS
from ram_operator.model.objects import Key
from tests.unit.stub_server import Reply, Request, Stub, stub
from tests.unit.test_guard import Time, intact

Json = dict[str, Any]
ROLE = Key("RamRole", "apps", "web")
OTHER = Key("RamRole", "shop", "web")
STORED = "ann@shop.example"
START = 'ramroles.ram.alibabacloud.com "web" is forbidden: '
DENIED = "ValidatingAdmissionPolicy 'ram-approve' with binding 'ram-approve' denied request: "
OURS = f"{START}{DENIED}system:serviceaccount:ram-system:ram-operator may not approve: that takes"
OF_DRIFT = OURS.replace("may not approve", "may not acknowledge")


NOBODY_STAMPS = (
    f"{START}{DENIED}ram.alibabacloud.com/changed-by, approved-by and rejected-by are written by"
    " the policy ram-stamp, which this cluster does not have, and by nobody else"
)


def says(status: int, message: str) -> Reply:
    return Reply(status, json.dumps({"message": message}).encode())


def body(**annotations: str) -> Json:
    named = {f"ram.alibabacloud.com/{k.replace('_', '-')}": v for k, v in annotations.items()}
    return {"metadata": {"name": "web", "resourceVersion": "7", "annotations": named}}


def as_json(value: Json) -> Reply:
    return Reply(200, json.dumps(value).encode())


def by_hand(message: str = NOBODY_STAMPS, status: int = 403) -> Cluster:
    """Without MutatingAdmissionPolicy, what is said to a stamp by hand."""
    return Cluster(stamping=says(status, message))


@dataclass
class Cluster:
    """An API server as it ought to be, but for what a test sets."""

    stored: Reply = field(default_factory=lambda: as_json(body(changed_by=STORED)))
    approving: Reply = field(default_factory=lambda: says(403, OURS))
    acknowledging: Reply = field(default_factory=lambda: says(403, OF_DRIFT))
    stamping: Reply = field(default_factory=lambda: as_json(body(changed_by=STORED)))

    def __call__(self, request: Request) -> Reply:
        found = intact().get(request.path.partition("?")[0])
        if found is not None:
            return as_json(found)
        if request.method == "GET":
            return self.stored
        assert request.method == "PATCH"
        said = json.loads(request.body)["metadata"]["annotations"]
        if ANNOTATION_ACKNOWLEDGE in said:
            return self.acknowledging
        return self.approving if ANNOTATION_APPROVE in said else self.stamping


def forbidden(*_: Any) -> None:
    raise AssertionError("a rehearsal is no write")


@contextmanager
def api(cluster: Callable[[Request], Reply]) -> Iterator[tuple[ClusterApi, Stub]]:
    with stub(cluster) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        yield ClusterApi(client, forbidden, forbidden), server
        client.rest_client.pool_manager.clear()


def test_three_rehearsals_are_asked_for_and_nothing_else() -> None:
    with api(Cluster()) as (asked, server):
        assert probe(asked, ROLE).result is Result.HOLDS
        read, approves, acknowledges, stamps = server.asked
        assert (read.method, read.path) == ("GET", path(ROLE))
        for request in (approves, acknowledges, stamps):
            assert request.path == f"{path(ROLE)}?dryRun=All&fieldManager=ram-operator"
            assert request.headers["User-Agent"] == f"ram-operator/{__version__} guard-probe"
            assert request.headers["Content-Type"] == "application/merge-patch+json"
        first, other, second = (json.loads(r.body)["metadata"] for r in server.asked[1:])
        said = other["annotations"].pop(ANNOTATION_ACKNOWLEDGE)
        assert said == "sha256:" + "0" * 64 + " until 1970-01-01T00:00:00Z"
        assert set(other["annotations"]) == {stamp.annotation for stamp in STAMPS}
        assert first["resourceVersion"] == second["resourceVersion"] == "7"
        assert first["annotations"].pop(ANNOTATION_APPROVE) == "sha256:" + "0" * 64
        assert set(first["annotations"]) == {stamp.annotation for stamp in STAMPS}
        assert set(second["annotations"]) == {ANNOTATION_CHANGED_BY}
        assert STORED not in second["annotations"].values()


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (as_json(body(changed_by=STORED)), Result.ACCEPTED),
        (says(403, f"{START}{DENIED}you may not approve"), Result.REFUSED_ELSEWHERE),
        (says(403, OURS.replace("'ram-approve' with", "'other' with")), Result.REFUSED_ELSEWHERE),
        (says(403, OURS.replace("binding 'ram-", "binding 'x-")), Result.REFUSED_ELSEWHERE),
        (says(403, OURS.replace('"web"', '"other"')), Result.REFUSED_ELSEWHERE),
        (says(403, OURS.replace("ramroles.", "ramusers.")), Result.REFUSED_ELSEWHERE),
        (says(422, OURS), Result.REFUSED_ELSEWHERE),
        (
            says(403, f'admission webhook "x.example.com" denied the request: {OURS}'),
            Result.REFUSED_ELSEWHERE,
        ),
        (says(409, f'admission webhook "x.example.com" denied: {OURS}'), Result.REFUSED_ELSEWHERE),
        (says(404, OURS), Result.REFUSED_ELSEWHERE),
        (says(403, ""), Result.REFUSED_ELSEWHERE),
        (Reply(403, b"<html>"), Result.REFUSED_ELSEWHERE),
        (says(500, f'failed calling webhook "x.example.com": {OURS}'), Result.UNANSWERED),
        (says(503, OURS), Result.UNANSWERED),
        (says(429, OURS), Result.UNANSWERED),
        (Reply(cut=True), Result.UNANSWERED),
    ],
)
def test_only_our_own_refusal_of_an_approval_counts(answer: Reply, result: Result) -> None:
    with api(Cluster(approving=answer)) as (asked, server):
        found = probe(asked, ROLE)
        assert found.result is result
        assert found.problem.startswith("a rehearsed approval")
        assert len(server.asked) == 2, "another rehearsal would say nothing more"


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (as_json(body(changed_by=STORED)), Result.ACCEPTED),
        (says(403, OURS), Result.REFUSED_ELSEWHERE),
        (says(403, OF_DRIFT.replace("'ram-approve' with", "'x' with")), Result.REFUSED_ELSEWHERE),
        (says(503, OF_DRIFT), Result.UNANSWERED),
    ],
)
def test_a_guard_of_approvals_alone_is_none_of_acknowledgements(
    answer: Reply, result: Result
) -> None:
    """An older one does not name that annotation, and an object of before would let it pass."""
    with api(Cluster(acknowledging=answer)) as (asked, _):
        assert probe(asked, ROLE).result is result


@pytest.mark.parametrize(
    ("stored", "answer", "result"),
    [
        (body(changed_by=STORED), body(changed_by="guard-probe"), Result.STAMP_NOT_KEPT),
        (body(changed_by=STORED), body(), Result.STAMP_NOT_KEPT),
        (body(changed_by=STORED), {"metadata": {}}, Result.STAMP_NOT_KEPT),
        (body(), body(changed_by="guard-probe"), Result.STAMP_NOT_KEPT),
        (body(), body(), Result.HOLDS),
        ({"metadata": {"name": "web"}}, {"metadata": {}}, Result.HOLDS),
    ],
)
def test_a_forged_stamp_has_to_come_back_as_stored(
    stored: Json, answer: Json, result: Result
) -> None:
    with api(Cluster(stored=as_json(stored), stamping=as_json(answer))) as (asked, _):
        assert probe(asked, ROLE).result is result


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (says(403, OURS), Result.REFUSED_ELSEWHERE),
        (says(422, "invalid"), Result.REFUSED_ELSEWHERE),
        (says(500, "x"), Result.UNANSWERED),
    ],
)
def test_a_write_of_a_stamp_is_taken_and_changed_not_refused(answer: Reply, result: Result) -> None:
    with api(Cluster(stamping=answer)) as (asked, _):
        assert probe(asked, ROLE).result is result


MOVED = says(409, 'Operation cannot be fulfilled on ramroles.ram.alibabacloud.com "web": modified')


@pytest.mark.parametrize(
    ("cluster", "error"),
    [
        (Cluster(stored=Reply(404, b"{}")), Gone),
        (Cluster(stored=Reply(503, b"{}")), Retry),
        (Cluster(approving=MOVED), Conflicted),
        (Cluster(stamping=MOVED), Conflicted),
        (Cluster(stored=as_json(body(approve="sha256:" + "0" * 64))), Conflicted),
        (Cluster(stored=as_json(body(acknowledge_drift=NO_DRIFT))), Conflicted),
    ],
    ids=["gone", "unread", "moved before", "moved after", "approves nothing", "says nothing"],
)
def test_an_object_that_moved_says_nothing(cluster: Cluster, error: type[Retry]) -> None:
    with api(cluster) as (asked, _), pytest.raises(error):
        probe(asked, ROLE)


@dataclass
class Around:
    """What was found so far, on a cluster that a test changes."""

    cluster: Cluster
    server: Stub
    time: Time
    probes: Probes
    told: list[tuple[str, Result]]

    @property
    def probed(self) -> int:
        return len(self.told)


@contextmanager
def around() -> Iterator[Around]:
    cluster, time, told = Cluster(), Time(), list[tuple[str, Result]]()
    with api(cluster) as (asked, server):
        probes = Probes(asked, time, lambda *words: told.append(words))
        yield Around(cluster, server, time, probes, told)


def test_a_good_answer_is_good_for_its_kind_and_namespace_for_a_minute() -> None:
    with around() as it:
        assert it.probes.holds(ROLE, fresh=False)
        assert it.probes.holds(Key("RamRole", "apps", "other"), fresh=False)
        it.time.now = 60
        assert it.probes.holds(ROLE, fresh=False)
        assert it.probed == 1
        assert it.probes.holds(ROLE, fresh=True)
        assert it.probes.holds(OTHER, fresh=False)
        assert it.probed == 3
        it.time.now = 121
        assert it.probes.holds(ROLE, fresh=False)
        assert it.told == [("RamRole", Result.HOLDS)] * 4


def test_a_bad_one_is_asked_for_again_soon(caplog: pytest.LogCaptureFixture) -> None:
    with around() as it:
        it.cluster.approving = as_json(body())
        assert not it.probes.holds(ROLE, fresh=False)
        assert it.probes.failing
        it.cluster.approving = says(403, OURS)
        assert not it.probes.holds(ROLE, fresh=False)
        it.time.now = 3
        with caplog.at_level("INFO"):
            assert it.probes.holds(ROLE, fresh=False)
        assert "approvals of ramroles in apps are guarded again" in caplog.text
        assert not it.probes.failing


def test_what_is_wrong_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    with around() as it:
        it.cluster.approving = as_json(body())
        for _ in range(2):
            assert not it.probes.holds(ROLE, fresh=True)
        (said,) = caplog.messages
        assert said.startswith("approvals of ramroles in apps are not honoured: a rehearsed")
        assert "was accepted" in said


def test_what_is_not_answered_once_voids_nothing_and_twice_counts() -> None:
    with around() as it:
        it.cluster.approving = says(500, "failed calling webhook")
        with pytest.raises(Retry, match="failed calling webhook"):
            it.probes.holds(ROLE, fresh=False)
        assert not it.probes.holds(ROLE, fresh=False)
        it.cluster.approving = says(403, OURS)
        assert it.probes.holds(ROLE, fresh=False)


def test_where_it_did_not_hold_it_is_asked_again_until_it_does() -> None:
    with around() as it:
        assert it.probes.holds(OTHER, fresh=False)
        it.cluster.approving = as_json(body())
        assert not it.probes.holds(ROLE, fresh=False)
        it.probes.again()
        assert it.probes.failing
        it.cluster.stored = Reply(503, b"{}")
        it.probes.again()
        assert it.probes.failing, "nothing was learned"
        it.cluster.stored = as_json(body(changed_by=STORED))
        it.cluster.approving = says(403, OURS)
        it.probes.again()
        assert not it.probes.failing
        before = it.probed
        it.probes.again()
        assert it.probed == before


def test_an_object_that_is_gone_is_not_asked_about_for_ever() -> None:
    with around() as it:
        it.cluster.approving = as_json(body())
        assert not it.probes.holds(ROLE, fresh=False)
        it.cluster.stored = Reply(404, b"{}")
        it.probes.again()
        assert not it.probes.failing


@pytest.mark.parametrize(("waived", "state"), [(False, Guard.MISSING), (True, Guard.WAIVED)])
def test_the_guard_is_intact_only_where_the_probe_holds(waived: bool, state: Guard) -> None:
    cluster, told, time = Cluster(), list[Any](), Time()
    with api(cluster) as (asked, _):
        guard = AdmissionGuard(asked, waived, time, lambda *words: told.append(words))
        assert guard.state(ROLE) is Guard.INTACT
        assert told[-1] == (Guard.INTACT, waived)
        cluster.approving = as_json(body())
        assert guard.state(ROLE) is Guard.INTACT, "a good answer is believed for a minute"
        assert guard.state(ROLE, fresh=True) is state
        assert told[-1] == (Guard.MISSING, waived)
        assert guard.state() is Guard.INTACT, "the policies are as shipped"
        assert told[-1] == (Guard.MISSING, waived)
        cluster.approving = says(403, OURS)
        assert guard.state(fresh=True) is Guard.INTACT
        assert told[-1] == (Guard.INTACT, waived)


def test_without_the_policies_nothing_is_probed() -> None:
    with api(lambda _: Reply(404, b"{}")) as (asked, server):
        assert AdmissionGuard(asked, False, Time()).state(ROLE) is Guard.MISSING
        assert {request.method for request in server.asked} == {"GET"}


def test_without_stamps_one_by_hand_has_to_be_refused() -> None:
    with api(by_hand()) as (asked, server):
        assert probe(asked, ROLE, Guard.REDUCED).result is Result.HOLDS
        _, approves, _, stamps = (json.loads(request.body or b"{}") for request in server.asked)
        assert set(approves["metadata"]["annotations"]) == {ANNOTATION_APPROVE}
        assert set(stamps["metadata"]["annotations"]) == {ANNOTATION_CHANGED_BY}


@pytest.mark.parametrize(
    ("cluster", "result"),
    [
        (Cluster(), Result.STAMP_NOT_KEPT),
        (by_hand(OURS), Result.REFUSED_ELSEWHERE),
        (
            by_hand(NOBODY_STAMPS.replace("'ram-approve' with", "'x' with")),
            Result.REFUSED_ELSEWHERE,
        ),
        (by_hand(NOBODY_STAMPS.replace('"web"', '"other"')), Result.REFUSED_ELSEWHERE),
        (by_hand(status=422), Result.REFUSED_ELSEWHERE),
        (by_hand(status=503), Result.UNANSWERED),
        (Cluster(approving=as_json(body())), Result.ACCEPTED),
    ],
)
def test_no_other_answer_will_do_without_stamps(cluster: Cluster, result: Result) -> None:
    with api(cluster) as (asked, _):
        assert probe(asked, ROLE, Guard.REDUCED).result is result


def test_what_held_with_stamps_is_asked_again_without_them() -> None:
    with around() as it:
        assert it.probes.holds(ROLE, Guard.INTACT, fresh=False)
        assert not it.probes.holds(ROLE, Guard.REDUCED, fresh=False), "a stamp by hand was accepted"
