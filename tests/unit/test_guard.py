"""The operator's look at its own guard: as shipped, or approvals are not honoured."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cluster.api import ClusterApi
from ram_operator.cluster.guard import AdmissionGuard, same, shipped, without_stamps
from ram_operator.config import Settings
from ram_operator.errors import RamOperatorError
from ram_operator.gate.inputs import Guard
from tests.unit.stub_server import Reply, Request, stub

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
SPEC: Json = {"a": {"b": [1, {"c": "x"}]}, "d": False}

DIFFERENT: dict[str, Any] = {
    "a value": {**SPEC, "d": True},
    "a value that is missing": {"a": SPEC["a"]},
    "something more": {**SPEC, "matchConditions": []},
    "something that is no default": {**SPEC, "failurePolicy": "Ignore"},
    "a longer list": {**SPEC, "a": {"b": [1, {"c": "x"}, 2]}},
    "another item": {**SPEC, "a": {"b": [1, {"c": "y"}]}},
    "another shape": {**SPEC, "a": []},
    "no list": {**SPEC, "a": {"b": "1"}},
    "nothing": None,
}


@pytest.mark.parametrize("found", DIFFERENT.values(), ids=DIFFERENT)
def test_it_is_not_the_same_with(found: Any) -> None:
    assert not same(SPEC, found)


def test_what_the_api_server_fills_in_makes_no_difference() -> None:
    filled = {**SPEC, "failurePolicy": "Fail", "matchPolicy": "Equivalent"}
    filled["a"] = {**SPEC["a"], "namespaceSelector": {}, "objectSelector": {}, "scope": "*"}
    assert same(SPEC, filled)


def test_the_table_is_what_is_shipped() -> None:
    script = ROOT / "scripts" / "guard_table.py"
    result = subprocess.run(
        [sys.executable, str(script), "--check"], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    assert any("validatingadmissionpolicies/" in where for where in shipped())


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def guard(objects: Json, settings: Settings) -> Iterator[tuple[AdmissionGuard, Time, list[Any]]]:
    """A guard that sees these objects, its clock, and what it told."""

    def answer(request: Request) -> Reply:
        found = objects.get(request.path.partition("?")[0])
        if isinstance(found, int):
            return Reply(found, b"{}")
        return Reply(200, json.dumps(found).encode()) if found else Reply(404, b"{}")

    with stub(answer) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        time, told = Time(), list[Any]()
        api = ClusterApi(client, lambda what, kind: None)
        yield (
            AdmissionGuard(
                api, settings.unguarded_approvals, time, lambda *words: told.append(words)
            ),
            time,
            told,
        )
        client.rest_client.pool_manager.clear()


def intact() -> Json:
    return as_found(shipped())


def as_found(table: Mapping[str, Any]) -> Json:
    return {
        where: {"metadata": {}, **({"spec": copy.deepcopy(spec)} if spec else {})}
        for where, spec in table.items()
    }


def test_the_guard_is_intact_until_something_is_missing_and_again_when_it_is_back() -> None:
    objects = intact()
    where = next(iter(objects))
    with guard(objects, Settings()) as (asked, time, told):
        assert asked.state() is Guard.INTACT
        kept = objects.pop(where)
        assert asked.state() is Guard.INTACT, "a good answer is believed for a while"
        assert asked.state(fresh=True) is Guard.MISSING
        objects[where] = kept
        assert asked.state() is Guard.MISSING
        time.now += 3
        assert asked.state() is Guard.INTACT
        assert list(dict.fromkeys(told)) == [(Guard.INTACT, False), (Guard.MISSING, False)]
        assert told[-1] == (Guard.INTACT, False)


@pytest.mark.parametrize("where", [where for where, spec in shipped().items() if spec])
def test_each_policy_counts(where: str) -> None:
    for harm in (
        lambda body: body["spec"].update(more=1),
        lambda body: body["metadata"].update(deletionTimestamp="now"),
        lambda body: body.pop("spec"),
    ):
        objects = intact()
        harm(objects[where])
        with guard(objects, Settings()) as (asked, _, _):
            assert asked.state() is Guard.MISSING


def test_the_flag_waives_it() -> None:
    settings = replace(Settings(), unguarded_approvals=True)
    with guard({}, settings) as (asked, _, told):
        assert asked.state() is Guard.WAIVED
        assert told == [(Guard.MISSING, True)]


def test_what_cannot_be_told_is_neither() -> None:
    objects = dict.fromkeys(shipped(), 503)
    with guard(objects, Settings()) as (asked, _, told), pytest.raises(RamOperatorError):
        asked.state()
    assert told == []


@pytest.mark.parametrize("waived", [False, True])
def test_where_nothing_stamps_it_is_reduced_whatever_the_flag_says(waived: bool) -> None:
    """The flag is for a cluster without a guard, and makes no more of one that is there."""
    settings = replace(Settings(), unguarded_approvals=waived)
    with guard(as_found(without_stamps()), settings) as (asked, _, told):
        assert asked.state() is Guard.REDUCED
        assert told == [(Guard.REDUCED, waived)]


@pytest.mark.parametrize("where", [where for where, spec in without_stamps().items() if spec])
def test_each_policy_counts_without_stamps_too(where: str) -> None:
    objects = as_found(without_stamps())
    objects[where]["spec"]["more"] = 1
    with guard(objects, Settings()) as (asked, _, told):
        assert asked.state() is Guard.MISSING
        assert told == [(Guard.MISSING, False)]


def test_the_whole_ones_but_for_the_stamps_are_no_reduced_ones() -> None:
    """They ask for an author whom nobody stamped: taking ram-stamp away gives nothing."""
    objects = {where: body for where, body in intact().items() if "/mutating" not in where}
    with guard(objects, Settings()) as (asked, _, _):
        assert asked.state() is Guard.MISSING


def test_each_state_is_said_once_and_what_is_wrong_with_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    objects = as_found(without_stamps())
    (altered,) = (where for where in objects if where.endswith("policies/ram-approve"))
    with guard(objects, Settings()) as (asked, _, _), caplog.at_level("INFO"):
        for _ in range(2):
            asked.state(fresh=True)
        objects[altered]["spec"]["more"] = 1
        for _ in range(2):
            asked.state(fresh=True)
        objects.update(intact())
        for _ in range(2):
            asked.state(fresh=True)
    reduced, missing, back = caplog.messages
    assert "gate.fourEyes false alone" in reduced
    assert "ram-stamp is missing" in missing
    assert f"without MutatingAdmissionPolicy: {altered} was altered" in missing
    assert back == "the admission policies that guard approvals are back"
