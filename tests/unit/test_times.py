"""Times and lengths of time as texts."""

from __future__ import annotations

import pytest

from ram_operator import times

NOON = 1_795_521_600
"""2026-11-24 at noon in UTC."""


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("2026-11-24T12:00:00Z", 0.0),
        ("2026-11-24T20:00:00+08:00", 0.0),
        ("2026-11-24T12:00:00.250000Z", 0.25),
        ("2026-11-24T12:00Z", 0.0),
    ],
)
def test_a_time_is_the_same_in_each_spelling(text: str, offset: float) -> None:
    assert times.seconds(text) == times.seconds_or_none(text) == NOON + offset
    assert times.microseconds(text) == NOON * 1_000_000 + int(offset * 1_000_000)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-11-24T12:00:00", "2026-11-24", "2026-02-30T00:00:00Z"]
)
def test_what_is_no_time_with_a_zone_is_none(text: str) -> None:
    assert times.seconds_or_none(text) is None
    for read in (times.seconds, times.microseconds):
        with pytest.raises(ValueError, match=r"zone|day|Invalid"):
            read(text)


def test_microseconds_are_exact_to_the_last_time_of_all() -> None:
    assert times.microseconds("9999-12-31T23:59:59.999999Z") == times.LAST
    assert times.microseconds("9999-12-31T23:59:59.999998Z") == times.LAST - 1


@pytest.mark.parametrize("at", [NOON, NOON + 0.75])
def test_a_stamp_has_whole_seconds(at: float) -> None:
    assert times.stamp(at) == "2026-11-24T12:00:00Z"
    assert times.seconds(times.stamp(at)) == NOON


def test_stamps_with_fractions() -> None:
    assert times.stamp_with_microseconds(NOON + 0.5) == "2026-11-24T12:00:00.500000Z"
    assert times.stamp_with_milliseconds(NOON + 0.5) == "2026-11-24T12:00:00.500+00:00"


@pytest.mark.parametrize(
    ("text", "form", "exists"),
    [
        ("2030-01-31T00:00:00+08:00", True, True),
        ("2030-01-31T00:00Z", True, True),
        ("2030-01-31T00:00:00.123Z", True, True),
        ("2030-02-30T00:00:00Z", True, False),
        ("2030-01-31T00:00:00.12Z", False, False),
        ("2030-01-31 00:00:00Z", False, False),
        ("2030-01-31T00:00:00", False, False),
        ("٢٠٣٠-01-31T00:00:00Z", False, False),
    ],
)
def test_times_in_conditions_have_ram_s_form(text: str, form: bool, exists: bool) -> None:
    assert times.is_condition_time(text) is form
    assert not exists or times.microseconds(text) > 0
    assert not form or (times.seconds_or_none(text) is not None) is exists


def test_days() -> None:
    times.check_day("2026-11-28")
    with pytest.raises(ValueError, match="day"):
        times.check_day("2026-11-31")


@pytest.mark.parametrize(
    ("text", "seconds"), [("10m", 600.0), ("1h30m", 5400.0), ("45s", 45.0), ("1h1m1s", 3661.0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert times.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "1m1h", "-1m", "1.5h", "m", "10m "])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        times.duration(text)


@pytest.mark.parametrize(
    ("length", "shown"),
    [
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (7200, "2h"),
        (172800, "2d"),
        (times.DAY * 7, "7d"),
        (-60, "60s"),
    ],
)
def test_spans_are_rounded_as_kubectl_does(length: float, shown: str) -> None:
    assert times.span(length) == shown
