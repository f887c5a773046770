"""Names are interface: their form, and that the pages for users know each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ram_operator import constants
from ram_operator.constants import ConditionType, Reason

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"


def rows(page: str, heading: str = "") -> dict[str, list[str]]:
    """First column → other columns, of the tables under `heading`."""
    text = (DOCS / page).read_text()
    if heading:
        text = text.split(f"# {heading}\n")[1].split("\n## ")[0]
    found = {}
    for line in text.splitlines():
        if line.startswith("| `"):
            first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
            assert first.strip("`") not in found, f"{first} twice"
            found[first.strip("`")] = rest
    return found


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("reasons.md", {reason.value for reason in Reason}),
        ("conditions.md", {kind.value for kind in ConditionType}),
    ],
)
def test_the_page_explains_exactly_the_names_there_are(page: str, names: set[str]) -> None:
    found = rows(page, "Reasons" if page == "reasons.md" else "Types")
    assert set(found) == names
    assert all(all(cells) for cells in found.values())


def test_the_page_explains_every_event() -> None:
    assert set(rows("reasons.md", "Events")) == {reason.value for reason in constants.EventReason}


@pytest.mark.parametrize("reason", [*Reason, *constants.EventReason, *ConditionType])
def test_reasons_and_types_are_words_in_camel_case(reason: str) -> None:
    assert re.fullmatch(r"([A-Z][a-z]+)+", reason)


def named(prefix: str) -> list[str]:
    """Values of the constants whose names begin so."""
    return [value for name, value in vars(constants).items() if name.startswith(prefix)]


FINALIZERS = [constants.FINALIZER]
IN_THE_GROUP = re.compile(rf"{constants.GROUP}/(?!v\d)[a-z-]*[a-z]")


@pytest.mark.parametrize(
    ("heading", "names"),
    [
        ("", named("ANNOTATION_")),
        ("Finalizers", FINALIZERS),
        ("Tags in the cloud", sorted(named("OWNER_TAG_"))),
    ],
)
def test_the_page_explains_exactly_the_marks_there_are(heading: str, names: list[str]) -> None:
    found = rows("annotations.md", heading or "Annotations")
    assert set(found) == set(names)
    assert all(all(cells) for cells in found.values())


def test_nothing_shipped_names_a_mark_that_is_no_constant() -> None:
    root = DOCS.parents[1]
    shipped = [*root.glob("deploy/**/*.y*ml"), *root.glob("operator/ram_operator/**/*.py")]
    found = {mark for path in shipped for mark in IN_THE_GROUP.findall(path.read_text())}
    assert found <= {*named("ANNOTATION_"), *FINALIZERS}


def test_annotations_and_finalizers_are_in_the_group() -> None:
    names = [*FINALIZERS, *named("ANNOTATION_")]
    assert len(set(names)) == len(names)
    assert all(name.startswith(constants.GROUP + "/") for name in names)
