"""Presets and single settings of an account, and that the reference describes them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ram_emulator.admin import AdminError
from ram_emulator.behaviours import BEHAVIOURS
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
    assert all(row.hostile != row.friendly for row in BEHAVIOURS.values())


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


def test_the_reference_has_every_switch_with_its_values() -> None:
    lines = REFERENCE.read_text(encoding="utf-8").splitlines()
    for name, row in BEHAVIOURS.items():
        cells = f"| `{name}` | `{json.dumps(row.hostile)}` | `{json.dumps(row.friendly)}` |"
        assert any(line.startswith(cells) for line in lines), cells
