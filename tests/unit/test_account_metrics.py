"""What is told of accounts as a whole: ages that grow whatever happens, and why a list fails."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from ram_operator.observability.account_metrics import AccountState, AccountStates
from ram_operator.runtime.sweep import AccountLists


def value(states: AccountStates, name: str, **labels: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(states)
    return registry.get_sample_value(f"ram_operator_{name}", {"account": "default", **labels})


def test_an_age_grows_while_nobody_tells_anything() -> None:
    now = [100.0]
    states = AccountStates(lambda: now[0])
    states.set("default", AccountState({}, {"ramroles": 90.0}))
    assert value(states, "observation_age_seconds", **{"class": "ramroles"}) == 10.0
    now[0] = 1000.0
    assert value(states, "observation_age_seconds", **{"class": "ramroles"}) == 910.0


def test_a_list_that_fails_says_why_and_no_more_once_it_is_read() -> None:
    states = AccountStates()
    labels = {"class": "ramusers", "reason": "AccessDenied"}
    states.set("default", AccountState({}, {}, {"ramusers": "AccessDenied"}))
    assert value(states, "list_failing", **labels) == 1.0
    states.set("default", AccountState({}, {"ramusers": 1.0}))
    assert value(states, "list_failing", **labels) is None
    states.forget("default")
    assert value(states, "observation_age_seconds", **{"class": "ramusers"}) is None


@pytest.mark.parametrize("later", [1.0, 3600.0])
def test_what_was_never_read_is_as_old_as_the_first_sweep(later: float) -> None:
    lists = AccountLists()
    assert [lists.begin(at) for at in (5.0, 5.0 + later)] == [5.0, 5.0]


def test_what_nobody_manages_is_told_by_severity_and_what_is_unused_apart() -> None:
    """Whoever adds up the states counts each identity once."""
    states = AccountStates()
    counts = {("RamUser", "unmanaged"): 3, ("RamUser", "managed"): 1}
    severities = {("RamUser", "critical"): 1, ("RamUser", "info"): 2}
    states.set("default", AccountState(counts, {}, {}, severities, {"RamUser": 2}))
    assert value(states, "identities", kind="RamUser", state="unmanaged") == 3.0
    assert value(states, "unmanaged_identities", kind="RamUser", severity="critical") == 1.0
    assert value(states, "unused_identities", kind="RamUser") == 2.0
    assert value(states, "identities", kind="RamUser", state="unused") is None
