"""The field reference says what the schemas say."""

from __future__ import annotations

import subprocess
import sys

from tests.manifests.support import ROOT


def test_the_field_reference_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "crd_reference.py"), "--check"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
