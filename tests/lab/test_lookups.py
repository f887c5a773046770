"""Writes of a kind that the API server does not find for a moment."""

from __future__ import annotations

import pytest

from lab.lookups import NOT_FOUND_NOW, Answer, asked_again


@pytest.mark.parametrize(
    ("answers", "last"),
    [
        pytest.param([(503, NOT_FOUND_NOW), (503, NOT_FOUND_NOW), (201, b"{}")], 201, id="found"),
        pytest.param([(503, b"etcdserver: leader changed")], 503, id="another-reason"),
        pytest.param([(404, NOT_FOUND_NOW)], 404, id="another-status"),
        pytest.param([(200, b"{}")], 200, id="at-once"),
    ],
)
def test_what_was_not_done_is_asked_again(answers: list[Answer], last: int) -> None:
    left = iter(answers)

    assert asked_again(lambda: next(left), pause=0.0)[0] == last
    assert next(left, None) is None
