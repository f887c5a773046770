"""Presets and single settings of an account, and that the reference describes them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ram_emulator.admin import AdminError
from ram_emulator.behaviours import BEHAVIOURS, PRESETS, preset
from ram_emulator.behaviours_of_lists import BEHAVIOURS_OF_LISTS
from ram_emulator.likely import LIKELY
from tests.emulator.conftest import Cloud

REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference/emulator.md"


def test_hostile_is_the_default_and_presets_set_everything(hostile: Cloud) -> None:
    found = hostile.admin.behaviours(hostile.id)
    assert found == {name: row.hostile for name, row in BEHAVIOURS.items()}
    friendly = {name: row.friendly for name, row in BEHAVIOURS.items()}
    assert hostile.admin.set_behaviours(hostile.id, "friendly") == friendly
    mixed = {"preset": "hostile", "attach_repeat": "success"}
    changed = hostile.admin.set_behaviours(hostile.id, mixed)
    assert changed == {**found, "attach_repeat": "success"}
    same = [name for name, row in BEHAVIOURS.items() if row.hostile == row.friendly]
    # The first is of use where reads are stale for others only; no list that is broken for good
    # teaches anybody anything.
    broken = [name for name in BEHAVIOURS_OF_LISTS if name.endswith(("moves", "repeat", "missing"))]
    assert sorted(same) == sorted(["own_writes_seen_at_once", *broken])


@pytest.mark.parametrize(
    "change",
    [
        "angry",
        {"no_such_switch": 1},
        {"stale_read_seconds": "long"},
        {"attach_repeat": "perhaps"},
        {"update_role_resets_session": 1},
        [1],
    ],
)
def test_wrong_settings_are_refused(cloud: Cloud, change: Any) -> None:
    with pytest.raises(AdminError) as caught:
        cloud.admin.set_behaviours(cloud.id, change)
    assert caught.value.status == 400


def test_what_is_likely_lies_between_hostile_and_friendly() -> None:
    likely = preset("likely")
    assert list(likely) == list(BEHAVIOURS)
    for name, row in BEHAVIOURS.items():
        known = LIKELY.get(name, (row.hostile,))
        assert likely[name] == known[0]
        assert (name in LIKELY) == (likely[name] != row.hostile), name
        alike = row.hostile == row.friendly
        assert alike or likely[name] in (row.hostile, row.friendly), name
    assert {name: preset(name)["empty_optional_fields"] for name in PRESETS} == {
        "hostile": "absent",
        "likely": "empty",
        "friendly": "empty",
    }


def test_the_reference_says_why_an_answer_is_likely() -> None:
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    for name, (value, why) in LIKELY.items():
        assert f"| `{name}` | `{json.dumps(value)}` | {why} |" in lines


def test_the_reference_has_every_switch_with_its_values() -> None:
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    for name, row in BEHAVIOURS.items():
        cells = f"| `{name}` | `{json.dumps(row.hostile)}` | `{json.dumps(row.friendly)}` |"
        assert any(line.startswith(cells) for line in lines), cells
