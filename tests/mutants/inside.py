"""A pytest plugin: ends the run unless the product that is tested is the copy it was started in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

import ram_operator

ELSEWHERE: Final = 70


def pytest_configure() -> None:
    found = Path(ram_operator.__file__).resolve()
    if not found.is_relative_to(Path.cwd().resolve()):
        pytest.exit(f"the product is imported from {found}", returncode=ELSEWHERE)
