"""Short texts for values and changes."""

from __future__ import annotations

from typing import Any

import pytest

from ram_operator import documents
from ram_operator.kinds import comparison
from ram_operator.model import sentences
from ram_operator.model.changes import Change
from ram_operator.model.objects import Entry
from ram_operator.model.vocabulary import Direction
from tests.unit.core import ANN, ECS, FC, ROLE, policy, trust

LONG = "x" * 300
CASES: list[tuple[Any, str]] = [
    (None, "(none)"),
    ("text", "text"),
    ("", '""'),
    (3600, "3600"),
    (LONG, "x" * 255 + "…"),
    (Entry("System/ReadOnlyAccess"), "System/ReadOnlyAccess"),
    (Entry("team", "a"), "team=a"),
    (trust(FC), trust(FC).digest[:15]),
    (policy(), policy().digest[:15]),
]


@pytest.mark.parametrize(("item", "text"), CASES)
def test_a_value_reads(item: Any, text: str) -> None:
    assert sentences.value(item) == text


@pytest.mark.parametrize(("size", "kept"), [(255, 255), (256, 256), (257, 256)])
def test_clip_keeps_to_the_limit(size: int, kept: int) -> None:
    clipped = sentences.clip("x" * size)
    assert len(clipped) == kept
    assert clipped.endswith("…") == (size > kept)


def test_drift_of_a_plain_field_shows_what_was_asked_and_what_is() -> None:
    change = Change("description", "by hand", "asked", Direction.NEUTRAL)
    assert sentences.drift_values(change) == ("asked", "by hand")
    assert sentences.given_back(change) == "description: asked would be given back"


def test_drift_of_a_document_says_who_was_added_and_who_was_removed() -> None:
    (change,) = comparison.compare(ROLE.field("trustPolicy"), trust(FC, ANN), trust(FC, ECS))
    was, now = sentences.drift_values(change)
    assert was == sentences.APPLIED
    added, removed = now.split("; ")
    assert "user/ann can now assume" in added
    assert "ecs.aliyuncs.com can no longer assume" in removed


def test_drift_of_a_document_without_sentences_shows_its_digest() -> None:
    comparison = documents.compare_trust(trust(FC), trust(FC))
    change = Change("trustPolicy", trust(FC), trust(FC), Direction.UNKNOWN, comparison=comparison)
    assert sentences.drift_values(change)[1] == trust(FC).digest[:15]
