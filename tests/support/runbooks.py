"""The commands of the runbooks, typed as people type them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from lab.connection import KUBECTL
from lab.world import World
from tests.support import documented


def commands(alert: str, test: str) -> list[str]:
    """Those of its page that the table says that test to run."""
    page = f"docs/operations/runbooks/{alert}.md"
    ours = documented.assigned(test)
    return [
        command.text
        for command in documented.commands()
        if command.page == page and command.text in ours
    ]


def run(world: World, command: str, name: str, folder: Path) -> str:
    """What a person sees who wrote the names into it."""
    command = re.sub(r"\bNAMESPACE\b", world.namespace, command)
    command = re.sub(r"\bNAME\b(?=[ '\"]|$)", name, command).replace(" KIND ", " ramrole ")
    (folder / "kubectl").unlink(missing_ok=True)
    (folder / "kubectl").symlink_to(KUBECTL)
    path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    # What kubectl remembers of the cluster may be from before the kinds were there.
    remembered = {"KUBECACHEDIR": str(folder / "cache")}
    environment = {**world.cluster.environment(), "PATH": path, **remembered}
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=120,
    )
    assert result.returncode == 0, (command, result.stdout, result.stderr)
    return result.stdout
