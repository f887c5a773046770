"""What `make manifests` hands out to whoever installs the operator, made in a folder of a test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

from lab.building import ROOT

SCRIPT: Final = ROOT / "scripts" / "install_manifests.py"


def making(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The script's own answer."""
    command = [sys.executable, str(SCRIPT), str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def handed_out(folder: Path, *words: str) -> Path:
    """The folder, once it is made."""
    made = making(folder, *words)
    assert made.returncode == 0, made.stderr
    return folder


def choose(folder: Path, component: str) -> None:
    """Takes the `#` from a line of the overlay, as its comment says."""
    overlay = folder / "kustomization.yaml"
    text = overlay.read_text()
    line = f"# - components/{component}\n"
    assert line in text
    overlay.write_text(text.replace(line, line.removeprefix("# ")))
