"""What is read in turns: what is due, how readings spread, and who has to look."""

from __future__ import annotations

from ram_operator.runtime.rotation import TRIES, Pace, Rotation

TURN, SELDOM, OFTEN, CALM = 300.0, 7200.0, 900.0, 14_400.0
CADENCES = {Pace.DANGEROUS: OFTEN, Pace.USUAL: SELDOM, Pace.HARMLESS: CALM}
NOBODY: list[str] = []


def due(turns: Rotation, now: float) -> list[str]:
    return turns.due(now, TURN, CADENCES)


def test_a_reading_is_made_again_before_it_is_too_old() -> None:
    turns = Rotation()
    turns.noted("role/calm", b"1", 0.0, Pace.USUAL)
    turns.noted("role/bad", b"1", 0.0, Pace.DANGEROUS)
    assert due(turns, 300.0) == NOBODY
    assert due(turns, 600.0) == ["role/bad"]
    turns.noted("role/bad", b"1", 600.0, Pace.DANGEROUS)
    assert due(turns, 900.0) == NOBODY
    # One alone is the share of its turn, once it is half as old as it may be.
    assert due(turns, 3600.0) == ["role/bad", "role/calm"]


def test_what_is_harmless_is_read_half_as_often() -> None:
    turns = Rotation()
    for name in ("calm", "usual"):
        turns.noted(f"role/{name}", b"1", 0.0, Pace.USUAL)
    turns.paced("role/calm", Pace.HARMLESS)
    assert due(turns, 3600.0) == ["role/usual"]
    assert due(turns, 7200.0) == ["role/usual", "role/calm"]
    assert [turns.late(at, CADENCES) for at in (7200.0, 7201.0, 14_401.0)] == [0, 1, 2]
    turns.paced("role/calm", Pace.DANGEROUS)
    assert turns.late(901.0, CADENCES) == 1


def test_what_was_looked_at_at_once_is_not_read_at_once() -> None:
    turns, names = Rotation(), [f"role/r{number:03}" for number in range(480)]
    for name in names:
        turns.noted(name, b"1", 0.0, Pace.USUAL)
    read: dict[str, float] = {}
    counts = []
    for number in range(1, 73):
        now = number * TURN
        mine = due(turns, now)
        counts.append(len(mine))
        for name in mine:
            assert now - read.get(name, 0.0) <= SELDOM
            assert not turns.read(name, b"1", now)
            read[name] = now
    assert read.keys() == set(names)
    assert max(counts[24:]) <= 240, "it evens out"
    assert sum(counts[24:]) <= 480 * 4


def test_the_dangerous_ones_come_first_and_the_oldest_before_others() -> None:
    turns = Rotation()
    for at, name in enumerate(("b", "a")):
        turns.noted(f"role/{name}", b"1", float(at), Pace.USUAL)
    turns.noted("role/z", b"1", 5.0, Pace.USUAL)
    turns.paced("role/z", Pace.DANGEROUS)
    turns.paced("role/unknown", Pace.DANGEROUS)
    assert due(turns, 9000.0) == ["role/z", "role/b", "role/a"]


def test_what_is_read_as_it_was_looked_at_wakes_nobody() -> None:
    turns = Rotation()
    turns.noted("role/a", b"1", 0.0, Pace.USUAL)
    assert not turns.read("role/a", b"1", 5000.0)
    assert [turns.late(at, CADENCES) for at in (12200.0, 12201.0)] == [0, 1]


def test_what_differs_is_looked_at_until_a_look_agrees_or_it_was_tried_often_enough() -> None:
    turns = Rotation()
    turns.noted("role/a", b"1", 0.0, Pace.USUAL)
    assert turns.read("role/a", b"2", 100.0)
    # An answer from before: the next reading tells again.
    turns.noted("role/a", b"1", 101.0, Pace.USUAL)
    assert turns.read("role/a", b"2", 200.0)
    turns.noted("role/a", b"1", 201.0, Pace.USUAL)
    assert [turns.read("role/a", b"2", 300.0 + n) for n in range(3)] == [False] * 3
    assert TRIES == 2
    assert turns.read("role/a", b"3", 400.0), "another value is another reason"
    turns.noted("role/a", b"3", 401.0, Pace.USUAL)
    assert not turns.read("role/a", b"3", 500.0)
    assert turns.read("role/a", b"2", 600.0)


def test_a_reading_that_is_older_than_a_look_says_nothing() -> None:
    turns = Rotation()
    turns.noted("role/a", b"2", 100.0, Pace.USUAL)
    assert not turns.read("role/a", b"1", 99.0)
    assert not turns.read("role/gone", b"1", 99.0)


def test_what_is_nobodys_is_not_read() -> None:
    turns = Rotation()
    turns.noted("role/a", b"1", 0.0, Pace.DANGEROUS)
    turns.keep(lambda name: name != "role/a")
    assert due(turns, 9000.0) == NOBODY
    assert turns.late(9000.0, CADENCES) == 0


def test_who_was_out_of_sight_for_a_moment_is_overdue_until_he_is_read() -> None:
    turns = Rotation()
    turns.noted("role/a", b"1", 0.0, Pace.USUAL)
    turns.keep(lambda name: name != "role/a")
    turns.expect(["role/a"])
    assert turns.late(1.0, CADENCES) == 1
    assert due(turns, 1.0) == ["role/a"]
    # There is nothing to compare it with: somebody looks, and what he finds is known.
    assert turns.read("role/a", b"1", 2.0)
    assert turns.late(3.0, CADENCES) == 0
    turns.noted("role/a", b"1", 3.0, Pace.USUAL)
    turns.expect(["role/a"])
    assert not turns.read("role/a", b"1", 4.0)


def test_what_a_look_did_not_learn_is_read_in_its_turn() -> None:
    turns = Rotation()
    turns.noted("role/a", b"1", 0.0, Pace.DANGEROUS)
    turns.noted("role/a", None, 100.0, Pace.USUAL)
    turns.expect(["role/a"])
    assert turns.late(999.0, CADENCES) == 0
    assert turns.late(1001.0, CADENCES) == 1, "it is as dangerous as it was"
    assert due(turns, 800.0) == ["role/a"]
    assert [turns.read("role/a", b"1", 800.0 + n) for n in range(3)] == [True, True, False]


def test_those_that_were_never_read_come_first_and_not_all_at_once() -> None:
    turns, names = Rotation(), [f"role/r{number:03}" for number in range(60)]
    turns.noted("role/old", b"1", 0.0, Pace.DANGEROUS)
    turns.expect(names)
    read: list[str] = []
    for number in range(1, 7):
        mine = due(turns, 9000.0 + number * TURN)
        assert mine[-1] == "role/old"
        assert len(mine) <= 12
        for name in mine[:-1]:
            turns.read(name, b"1", 9000.0 + number * TURN)
        read += mine[:-1]
    assert sorted(read) == names, "all of them within half an hour"
