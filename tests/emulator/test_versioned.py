"""The lagging map against a plain list of all writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ram_emulator.versioned import Versioned

WRITES = st.lists(
    st.tuples(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 9))), max_size=8
)


@given(WRITES, st.integers(-1, 9))
def test_a_lagging_read_equals_the_truth_at_that_time(
    writes: list[tuple[str, int | None]], as_of: int
) -> None:
    lagging: Versioned[int] = Versioned()
    then: dict[str, int] = {}
    for at, (key, value) in enumerate(writes):
        if value is not None:
            lagging.put(key, value, at)
        elif lagging.get(key) is not None:
            lagging.delete(key, at)
        else:
            continue
        if at <= as_of:
            then.pop(key, None)
            then.update({} if value is None else {key: value})
    assert {key: lagging.seen(key, as_of) for key in then} == then
    assert dict(lagging.items_seen(as_of)) == then
    assert list(lagging.walk("", as_of)) == sorted(then.items())
    assert [key for key, _ in lagging.walk("b", as_of)] == sorted(k for k in then if k >= "b")


@given(WRITES, st.integers(-1, 9), st.integers(0, 9))
def test_a_value_is_found_by_what_it_is_whatever_its_key(
    writes: list[tuple[str, int | None]], as_of: int, wanted: int
) -> None:
    lagging: Versioned[int] = Versioned(str)
    for at, (key, value) in enumerate(writes):
        if value is not None:
            lagging.put(key, value, at)
        elif lagging.get(key) is not None:
            lagging.delete(key, at)
    found = wanted in dict(lagging.items_seen(as_of)).values()
    assert lagging.seen_by(str(wanted), as_of) == (wanted if found else None)


def test_keys_that_are_long_gone_are_forgotten_and_recent_ones_are_not() -> None:
    lagging: Versioned[int] = Versioned(str)
    for number in range(1200):
        lagging.put(str(number), number, 0)
        lagging.delete(str(number), 0)
    lagging.put("recent", 1, 9000)
    lagging.delete("recent", 9001)
    assert lagging.items_seen(9000.5) == [("recent", 1)]
    assert len(lagging.items_seen(-1)) == 0
    assert lagging.seen_by("1", 9000.5) == 1
    assert lagging.seen_by("7", 0) is None


def test_what_is_loaded_or_unloaded_has_no_past() -> None:
    lagging: Versioned[int] = Versioned()
    lagging.put("a", 1, 5)
    lagging.put("b", 1, 5)
    lagging.load("a", 2)
    lagging.unload("b")
    for as_of in (4, 6):
        assert dict(lagging.items_seen(as_of)) == dict(lagging.walk("", as_of)) == {"a": 2}
        assert (lagging.seen("a", as_of), lagging.seen("b", as_of)) == (2, None)
